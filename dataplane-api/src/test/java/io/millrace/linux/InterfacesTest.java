/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real interfaces, in a namespace of the test's own. */
class InterfacesTest {
    private TestNamespace network;
    private NetNamespace namespace;
    private Interfaces interfaces;

    @BeforeEach
    void open() {
        network = TestNamespace.create();
        namespace = network.open();
        interfaces = namespace.call(Interfaces::open);
    }

    @AfterEach
    void close() {
        if (network != null) {
            interfaces.close();
            namespace.close();
            network.close();
        }
    }

    private int veth() {
        network.ip("link add left address 02:11:22:33:44:55 mtu 1400 numrxqueues 3 numtxqueues 2 "
            + "type veth peer name right");
        return interfaces.find("left").index();
    }

    @Test
    void shouldReadWhatTheInterfaceIs() {
        final int index = veth();
        final NetInterface device = interfaces.find("left");
        assertEquals(new NetInterface(index, "left", "veth", device.flags(), 1400, 68, 65535, 0x0211_2233_4455L, 3, 2,
            NetInterface.XDP_NONE, 0), device);
        assertFalse(device.isUp());
        assertFalse(device.hasCarrier());
        assertFalse(device.isLoopback());
        assertEquals(device, interfaces.find(index));
    }

    @Test
    void shouldTellUpFromCarrier() {
        final int index = veth();
        interfaces.up(index);
        assertTrue(interfaces.find(index).isUp());
        assertFalse(interfaces.find(index).hasCarrier());
        network.ip("link set right up");
        assertTrue(interfaces.find(index).hasCarrier());
        interfaces.down(index);
        assertFalse(interfaces.find(index).isUp());
    }

    @Test
    void shouldChangeNothingButWhatWasAsked() {
        final int index = veth();
        network.ip("link set left up promisc on");
        final NetInterface before = interfaces.find(index);
        interfaces.mtu(index, 9000);
        interfaces.mac(index, 0x02ff_eedd_ccbbL);
        final NetInterface after = interfaces.find(index);
        assertEquals(9000, after.mtu());
        assertEquals(0x02ff_eedd_ccbbL, after.mac());
        assertEquals(before.flags(), after.flags());
        interfaces.down(index);
        assertEquals(after.flags() & 0x100, interfaces.find(index).flags() & 0x100, "IFF_PROMISC");
    }

    @Test
    void shouldListAllOfTheNamespaceAndNoOthers() {
        veth();
        assertEquals(List.of("lo", "right", "left"), interfaces.all().stream().map(NetInterface::name).toList());
        assertTrue(interfaces.find("lo").isLoopback());
    }

    @Test
    void shouldListMoreThanOneDatagramHolds() {
        for (int i = 0; i < 60; i++) {
            network.ip("link add d" + i + " type veth peer name e" + i);
        }
        assertEquals(121, interfaces.all().size());
        assertEquals("d17", interfaces.find("d17").name());
    }

    @Test
    void shouldFindNothingWhereThereIsNone() {
        assertNull(interfaces.find("nosuch"));
        assertNull(interfaces.find(""));
        assertNull(interfaces.find("n".repeat(16)));
        assertNull(interfaces.find("n".repeat(200)));
        assertNull(interfaces.find(4711));
        assertNull(interfaces.find(0));
        assertNull(interfaces.find(-1));
    }

    @Test
    void shouldFindByAnotherNameToo() {
        final int index = veth();
        network.ip("link property add dev left altname the-interface-with-a-long-name");
        assertEquals(index, interfaces.find("the-interface-with-a-long-name").index());
        assertEquals("left", interfaces.find("the-interface-with-a-long-name").name());
    }

    @Test
    void shouldSayWhatTheKernelSays() {
        final int index = veth();
        assertEquals("set the MTU of interface " + index + " to 70000: EINVAL - mtu greater than device maximum",
            assertThrows(LinuxException.class, () -> interfaces.mtu(index, 70_000)).getMessage());
        assertEquals("set the MAC address of interface " + index + ": EADDRNOTAVAIL - choose the address of one "
                + "station: not zero, no group",
            assertThrows(LinuxException.class, () -> interfaces.mac(index, 0x0100_0000_0000L)).getMessage());
        assertEquals("bring interface 4711 up: ENODEV - there is no such interface any more",
            assertThrows(LinuxException.class, () -> interfaces.up(4711)).getMessage());
    }

    @Test
    void shouldNameTheMissingRight() {
        final int index = veth();
        assertEquals("bring interface " + index + " up: EPERM - this needs CAP_NET_ADMIN; run with sudo",
            assertThrows(LinuxException.class, () -> TestCalls.withoutCapabilities(() -> {
                interfaces.up(index);
                return null;
            })).getMessage());
        assertFalse(interfaces.find(index).isUp());
    }

    @Test
    void shouldNeedNoRightToLook() throws Exception {
        final int index = veth();
        assertEquals("left", TestCalls.withoutCapabilities(() -> interfaces.find(index)).name());
        assertEquals(interfaces.all().size(), TestCalls.withoutCapabilities(() -> interfaces.all()).size());
    }

    @Test
    void shouldGoOnAfterARefusal() {
        final int index = veth();
        assertThrows(LinuxException.class, () -> interfaces.mtu(index, 70_000));
        assertEquals("left", interfaces.find(index).name());
    }

    @Test
    void shouldKnowATapByItsKind() {
        network.ip("tuntap add dev t0 mode tap multi_queue");
        assertEquals("tun", interfaces.find("t0").kind());
    }

    @Test
    void shouldStayInTheNamespaceItWasOpenedIn() {
        veth();
        try (Interfaces here = Interfaces.open()) {
            assertEquals("left", interfaces.find("left").name());
            assertNotEquals(interfaces.all(), here.all());
        }
    }
}
