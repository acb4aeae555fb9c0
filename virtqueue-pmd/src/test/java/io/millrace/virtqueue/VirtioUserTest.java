/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FramePool;
import io.millrace.PortContext;
import io.millrace.PortType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

/** What can be asked of a virtio-user port, in Java and on a command line, and how the rest is refused. */
class VirtioUserTest {
    private static VirtioUser parse(final String text) {
        return (VirtioUser) PortType.parse(text);
    }

    private static String refusal(final String text) {
        return assertThrows(ConfigurationException.class, () -> PortType.parse(text)).getMessage();
    }

    @Test
    void shouldReadEveryOptionOfTheCommandLine() {
        final VirtioUser driver = parse("virtio-user:/x.sock,server,queues=4,size=1024,name=a,mrg=off,in-order=off");
        assertTrue(driver.isServer());
        assertEquals(Path.of("/x.sock"), driver.path());
        assertEquals(4, driver.queues());
        assertEquals(1024, driver.ringSize());
        assertEquals("a", driver.name());
        assertEquals(0, driver.features(-1)
            & (Features.VIRTIO_NET_F_MRG_RXBUF | Features.VIRTIO_F_IN_ORDER));
        assertTrue(Features.has(driver.features(-1), Features.VIRTIO_F_EVENT_IDX
            | Features.VIRTIO_F_INDIRECT_DESC | Features.VIRTIO_NET_F_MQ));
    }

    @Test
    void shouldConnectWithOneQueueUnlessToldOtherwise() {
        final VirtioUser driver = parse("virtio-user:/run/x.sock");
        assertFalse(driver.isServer());
        assertEquals(1, driver.queues());
        assertEquals(256, driver.ringSize());
        assertEquals("x", driver.name());
    }

    @Test
    void shouldReadThePortOfATapDevice() {
        final VirtioUser driver = parse("vhost-net:tap0,queues=2,mtu=9000,mrg=off");
        assertEquals(new VirtioUser.Tap("tap0", 9000), driver.tap());
        assertEquals(2, driver.queues());
        assertEquals("tap0", driver.name());
        assertEquals("vhost-net:tap0", driver.toString());
        assertFalse(Features.has(driver.features(-1), Features.VIRTIO_NET_F_MRG_RXBUF));
    }

    @Test
    void shouldSetTheMtuOfATapDeviceOnly() {
        assertThrows(ConfigurationException.class, () -> VirtioUser.connect("/run/x.sock").mtu(1500));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 17, 100, 32767, 65536, -16})
    void shouldRefuseARingSizeThatIsNoPowerOfTwoInRange(final int size) {
        assertThrows(ConfigurationException.class, () -> VirtioUser.connect("/run/x.sock").ringSize(size));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 129, -1})
    void shouldRefuseAnImpossibleNumberOfQueues(final int queues) {
        assertThrows(ConfigurationException.class, () -> VirtioUser.connect("/run/x.sock").queues(queues));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "virtio-user:/run/x.sock,size=100|power of two",
        "virtio-user:/run/x.sock,size=many|whole number",
        "virtio-user:/run/x.sock,queues=0|1 to 128",
        "virtio-user:/run/x.sock,mrg=maybe|on or off",
        "virtio-user:/run/x.sock,client|no option client",
        "virtio-user:/run/x.sock,mtu=1500|no option mtu",
        "virtio-user:|needs a path",
        "vhost-net:tap0,server|no option server",
        "vhost-net:tap0,mtu=67|68 to 65521",
        "vhost-net:a/b|cannot be the name of a tap device",
        "vhost-net:abcdefghijklmnop|1 to 15 characters"})
    void shouldSayWhatIsWrongOnTheCommandLine(final String text, final String part) {
        final String refusal = refusal(text);
        assertTrue(refusal.contains(part), refusal);
    }

    @Test
    void shouldRefuseToListenWhereItCannot(@TempDir final Path folder) {
        assertOpenFails("does not exist; create it",
            VirtioUser.listen(folder.resolve("missing/x.sock").toString()));
    }

    @Test
    void shouldRefuseToOpenWithoutTheModuleOfTheKernel() {
        assumeFalse(Files.exists(Path.of("/dev/vhost-net")), "/dev/vhost-net is there");
        assertOpenFails("vhost-net:mrtest0: open the kernel's vhost-net: ENOENT - it is missing at /dev/vhost-net; "
            + "load it (modprobe vhost_net)", VirtioUser.vhostNet("mrtest0"));
        assertFalse(Files.exists(Path.of("/sys/class/net/mrtest0")), "no device is left behind");
    }

    private static void assertOpenFails(final String part, final VirtioUser driver) {
        try (FramePool pool = FramePool.create(64, 0); Counters counters = Counters.inMemory();
             ControlLoop control = ControlLoop.start("control")) {
            final PortContext context = new PortContext(0, pool, counters, control, (port, state, reason) -> {
            });
            final String refusal =
                assertThrows(ConfigurationException.class, () -> driver.open(context)).getMessage();
            assertTrue(refusal.contains(part), refusal);
        }
    }
}
