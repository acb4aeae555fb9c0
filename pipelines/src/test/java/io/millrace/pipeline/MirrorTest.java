/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Offload;
import io.millrace.Port;
import io.millrace.pipeline.multicast.Mirror;
import io.millrace.pipeline.multicast.Multicast;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A mirror on a worker of its own, fed by what passes another one. */
class MirrorTest {
    private static final int SNAP = 1000;
    private static final int CHECKSUM_START = 34;
    private static final int CHECKSUM_OFFSET = 6;

    private final Dataplane dataplane = Dataplane.builder().frames(2048).jumboFrames(4).build();
    private final Multicast multicast = Multicast.create("m", dataplane.counters(), 1024, SNAP);
    private final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
    private final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));
    private final MemoryPort tap = (MemoryPort) dataplane.open(MemoryPort.driver("tap"));
    private final Port mirror = dataplane.open(Mirror.of(multicast));

    @AfterEach
    void close() {
        // Every frame is back in the pool, or this throws.
        dataplane.close();
    }

    /** Shows what passes to a probe, as a wire that is watched does. */
    private static final class Watched extends Node {
        private final Output out = output("out");
        private final Multicast multicast;
        private Probe probe;

        Watched(final Multicast multicast) {
            this.multicast = multicast;
        }

        @Override
        protected void onStart(final Worker worker) {
            probe = multicast.probe(worker, "a-b");
        }

        @Override
        protected void process(final Burst burst) {
            probe.observe(burst);
            out.emitAll(burst);
        }
    }

    private void start() {
        final Watched watched = new Watched(multicast);
        dataplane.start(new Graph().from(a).to(watched).from(watched.out).to(b).from(mirror).to(tap)
            .place(dataplane.worker("edge"), a, b, watched).place(dataplane.worker("mirror"), mirror, tap));
    }

    private long count(final String counter) {
        return dataplane.counters().snapshot().get(counter);
    }

    @Test
    void shouldSendCopiesToAnotherPort() {
        start();
        for (int i = 0; i < 100; i++) {
            a.inject(Packets.ethernet(Packets.B, Packets.A, i));
        }
        final List<byte[]> sent = b.await(100);
        final List<byte[]> copies = tap.await(100);
        for (int i = 0; i < 100; i++) {
            assertArrayEquals(sent.get(i), copies.get(i));
        }
        assertEquals(100, count("port/mirror/rx0/packets"));
        assertEquals(6400, count("port/mirror/rx0/bytes"));
    }

    @Test
    void shouldDropCopiesThatAreNotWhole() {
        start();
        a.inject(new byte[SNAP + 1]);
        a.inject(new byte[SNAP]);
        assertEquals(2, b.await(2).size());
        assertEquals(SNAP, tap.await(1).get(0).length);
        assertEquals(1, count("port/mirror/rx0/drop/truncated"));
    }

    @Test
    void shouldFinishChecksumsAndDropWhatIsToBeCut() {
        a.offloads = Offload.CSUM | Offload.TSO4;
        b.offloads = Offload.CSUM | Offload.TSO4;
        start();
        a.line(0).request = new int[] {CHECKSUM_START, CHECKSUM_OFFSET, Offload.GSO_NONE, 0, 0};
        final byte[] packet = Packets.udp(7, 0);
        a.inject(packet);
        assertArrayEquals(packet, b.await(1).get(0));
        final byte[] copy = tap.await(1).get(0);
        assertTrue(copy[CHECKSUM_START + CHECKSUM_OFFSET] != 0 || copy[CHECKSUM_START + CHECKSUM_OFFSET + 1] != 0);

        a.line(0).request = new int[] {CHECKSUM_START, 16, Offload.GSO_TCPV4, 10, 54};
        a.inject(new byte[200]);
        assertEquals(1, b.await(1).size());
        Until.isTrue(() -> count("port/mirror/rx0/drop/unfinished") == 1, () -> dataplane.counters().snapshot() + "");
        assertEquals(0, tap.taken().size());
    }

    @Test
    void shouldDropWhatIsSentToIt() {
        dataplane.start(new Graph().from(a).to(mirror).from(b).to(tap));
        a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
        Until.isTrue(() -> count("port/mirror/tx0/drop/receive-only") == 1,
            () -> dataplane.counters().snapshot() + "");
    }
}
