/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Drivers, queues, promiscuity and XDP of real devices, in a namespace of the test's own. */
class NetworkDeviceTest {
    private TestNamespace network;
    private NetNamespace namespace;

    @BeforeEach
    void open() {
        network = TestNamespace.create();
        namespace = network.open();
        network.ip("link add left numrxqueues 4 numtxqueues 4 type veth peer name right");
        network.ip("tuntap add dev tap0 mode tap");
    }

    @AfterEach
    void close() {
        if (network != null) {
            namespace.close();
            network.close();
        }
    }

    private <T> T inside(final Callable<T> task) {
        return namespace.call(task);
    }

    private int index(final String name) {
        return inside(() -> {
            try (Interfaces interfaces = Interfaces.open()) {
                return interfaces.find(name).index();
            }
        });
    }

    private static Object set(final String name, final Channels wanted) {
        Ethtool.channels(name, wanted);
        return null;
    }

    @Test
    void shouldNameTheDriver() {
        assertEquals("veth", inside(() -> Ethtool.driver("left")));
        assertEquals("tun", inside(() -> Ethtool.driver("tap0")));
        assertEquals("", inside(() -> Ethtool.driver("lo")));
    }

    @Test
    void shouldCountQueues() {
        final Channels channels = inside(() -> Ethtool.channels("left"));
        assertEquals(4, channels.maxRx());
        assertEquals(4, channels.maxTx());
        assertEquals(4, channels.mostQueues());
        assertNull(inside(() -> Ethtool.channels("lo")));
    }

    @Test
    void shouldChangeHowManyQueuesThereAre() {
        final Channels channels = inside(() -> Ethtool.channels("left"));
        for (final int queues : new int[] {3, 3, 1, 4}) {
            inside(() -> set("left", channels.withQueues(queues)));
            assertEquals(queues, inside(() -> Ethtool.channels("left")).rxQueues());
            assertEquals(queues, inside(() -> Ethtool.channels("left")).txQueues());
        }
    }

    @Test
    void shouldSayHowManyQueuesThereCanBe() {
        final Channels channels = inside(() -> Ethtool.channels("left"));
        assertEquals("change left to 5 receive and 5 transmit queues: EINVAL - there are at most 4 to receive, 4 to "
                + "transmit and 0 for both, and queues that AF_XDP sockets or an XDP program use cannot go",
            assertThrows(LinuxException.class, () -> inside(() -> set("left", channels.withQueues(5)))).getMessage());
    }

    @Test
    void shouldSayThatThereIsNoSuchInterface() {
        for (final String name : new String[] {"nosuch", "n".repeat(16)}) {
            assertEquals("ask for the driver of " + name + ": ENODEV - there is no such interface; ip link lists them",
                assertThrows(LinuxException.class, () -> inside(() -> Ethtool.driver(name))).getMessage());
        }
    }

    @Test
    void shouldCountPairsBeforeSingles() {
        final Channels pairs = new Channels(8, 8, 8, 2, 0, 4);
        assertEquals(6, pairs.rxQueues());
        assertEquals(4, pairs.txQueues());
        assertEquals(8, pairs.mostQueues());
        assertEquals(new Channels(8, 8, 8, 0, 0, 5), pairs.withQueues(5));
        assertEquals(3, new Channels(4, 3, 0, 1, 1, 0).mostQueues());
        assertEquals(new Channels(4, 3, 0, 2, 2, 0), new Channels(4, 3, 0, 1, 1, 0).withQueues(2));
    }

    private boolean isPromiscuous() {
        return network.ip("-d link show left").contains("promiscuity 1");
    }

    @Test
    void shouldBePromiscuousWhileItLasts() {
        final int index = index("left");
        final Promiscuity promiscuity = inside(() -> Promiscuity.of(index));
        assertTrue(isPromiscuous());
        promiscuity.close();
        assertFalse(isPromiscuous());
        assertEquals("make interface 4711 promiscuous: ENODEV - there is no such interface; ip link lists them",
            assertThrows(LinuxException.class, () -> inside(() -> Promiscuity.of(4711))).getMessage());
    }

    @Test
    void shouldNameTheMissingRight() {
        final Channels channels = inside(() -> Ethtool.channels("left")).withQueues(1);
        final int index = index("left");
        assertEquals("make interface " + index + " promiscuous: EPERM - this needs CAP_NET_RAW; run with sudo",
            assertThrows(LinuxException.class,
                () -> inside(() -> TestCalls.withoutCapabilities(() -> Promiscuity.of(index)))).getMessage());
        assertEquals("change left to 1 receive and 1 transmit queues: EPERM - this needs CAP_NET_ADMIN; run with sudo",
            assertThrows(LinuxException.class,
                () -> inside(() -> TestCalls.withoutCapabilities(() -> set("left", channels)))).getMessage());
    }

    @Test
    void shouldKnowWhatTheDriverCanDoWithXdp() {
        final XdpFeatures features = inside(() -> XdpFeatures.of(index("left")));
        Needs.that(features != null, "Linux 6.3 for the XDP features of a device");
        assertTrue(features.basic() && features.redirect() && features.multiBufferRx(), features.toString());
        assertFalse(features.zeroCopy(), features.toString());
        assertEquals(1, features.zeroCopyParts());
        assertFalse(inside(() -> XdpFeatures.of(index("lo"))).basic());
        assertEquals(Errno.ENODEV,
            assertThrows(LinuxException.class, () -> inside(() -> XdpFeatures.of(4711))).errno());
    }
}
