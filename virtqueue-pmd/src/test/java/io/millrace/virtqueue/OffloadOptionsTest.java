/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FramePool;
import io.millrace.Offload;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.PortType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which offloads a port has: all, but for what is switched off, by bits of {@link Offload} or by name. */
class OffloadOptionsTest {
    @TempDir
    private Path folder;

    private int rxOffloads(final PollModeDriver driver, final int jumboFrames) {
        try (FramePool pool = FramePool.create(64, jumboFrames); Counters counters = Counters.inMemory();
             ControlLoop control = ControlLoop.start("control");
             Port port = driver.open(new PortContext(0, pool, counters, control, (which, state, reason) -> {
             }))) {
            assertEquals(0, port.txOffloads(), "without a peer");
            return port.rxOffloads();
        }
    }

    @ParameterizedTest
    @CsvSource({"'', csum+tso4+tso6+ecn+uso", "',tso4=off', csum+tso6+ecn+uso", "',tso6=off,uso=off', csum+tso4+ecn",
        "',ecn=off,csum=on', csum+tso4+tso6+uso", "',tso4=off,tso6=off', csum+uso", "',csum=off', none",
        "',offloads=all', csum+tso4+tso6+ecn+uso", "',offloads=none', none", "',offloads=csum+tso4', csum+tso4",
        "',offloads=csum+tso4,tso6=on,tso4=off', csum+tso6", "',offloads=all,csum=off', none"})
    void shouldHaveAllThatIsNotSwitchedOff(final String options, final String offloads) {
        final String path = folder.resolve("s.sock") + options;
        assertEquals(offloads, Offload.text(rxOffloads(PortType.parse("vhost-user:" + path), 4)));
        assertEquals(offloads, Offload.text(rxOffloads(PortType.parse("virtio-user:" + path + ",server"), 4)));
    }

    @Test
    void shouldTakeLargePacketsOnlyWithFramesForThem() {
        final String path = folder.resolve("s.sock").toString();
        assertEquals(Offload.CSUM, rxOffloads(VhostUser.listen(path), 0));
        assertEquals(Offload.CSUM, rxOffloads(VirtioUser.listen(path), 0));
        assertEquals(Offload.CSUM, rxOffloads(VirtioUser.listen(path).mergeable(false), 4));
    }

    @Test
    void shouldNotOfferMergeableBuffersWhereTheyAreOff() {
        assertEquals(0, ((VhostUser) PortType.parse("vhost-user:/x.sock,mrg=off")).offer().features()
            & Features.VIRTIO_NET_F_MRG_RXBUF);
    }

    @ParameterizedTest
    @ValueSource(ints = {Offload.TSO4, 32, -1})
    void shouldRefuseWhatCannotBe(final int bits) {
        assertThrows(ConfigurationException.class, () -> VhostUser.listen("/x.sock").offloads(bits));
        final String said = assertThrows(ConfigurationException.class,
            () -> VirtioUser.listen("/x.sock").offloads(bits)).getMessage();
        assertTrue(said.contains("all others need csum"), said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vhost-user:/x.sock", "virtio-user:/x.sock"})
    void shouldSayWhatIsWrongOnTheCommandLine(final String port) {
        final String said = assertThrows(ConfigurationException.class,
            () -> PortType.parse(port + ",tso4=maybe")).getMessage();
        assertTrue(said.endsWith("is on or off, not maybe"), said);
        final String listed = assertThrows(ConfigurationException.class,
            () -> PortType.parse(port + ",offloads=csum+lro")).getMessage();
        assertTrue(listed.endsWith("is all, none, or some of csum, tso4, tso6, ecn and uso with + between them, not"
            + " csum+lro"), listed);
        final String alone = assertThrows(ConfigurationException.class,
            () -> PortType.parse(port + ",offloads=tso4")).getMessage();
        assertTrue(alone.contains("all others need csum"), alone);
    }
}
