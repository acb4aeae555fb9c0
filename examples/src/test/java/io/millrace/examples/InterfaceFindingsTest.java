/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.examples.peer.Peer;
import io.millrace.linux.Bpf;
import io.millrace.linux.BpfLinkInfo;
import io.millrace.linux.Channels;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.XdpFeatures;
import io.millrace.linux.XdpHolder;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What the doctor says of network interfaces: of made-up ones, and of real ones in a namespace of the test's own. */
class InterfaceFindingsTest {
    private static final int UP = 0x10001;
    private static final Channels FOUR = new Channels(0, 0, 8, 0, 0, 4);
    private static final XdpFeatures NOTHING = new XdpFeatures(false, false, false, false, false, false, 1);
    private static final XdpFeatures COPY = new XdpFeatures(true, true, true, false, false, false, 1);
    private static final XdpFeatures COPY_PARTS = new XdpFeatures(true, true, true, false, true, true, 1);
    private static final XdpFeatures ZERO_COPY = new XdpFeatures(true, true, true, true, false, false, 1);
    private static final XdpFeatures ZERO_COPY_ONE = new XdpFeatures(true, true, true, true, true, true, 1);
    private static final XdpFeatures ZERO_COPY_PARTS = new XdpFeatures(true, true, true, true, true, true, 8);

    private static final InterfaceFindings.Program NONE = InterfaceFindings.Program.NOBODY_KNOWS;

    private static NetInterface device(final int flags, final int mtu, final int xdpMode) {
        return new NetInterface(7, "eth7", "", flags, mtu, 68, 9000, 0x0200_0000_0007L, 16, 16, xdpMode,
            xdpMode == NetInterface.XDP_NONE ? 0 : 42);
    }

    private static List<String> lines(final NetInterface device, final Channels channels, final XdpFeatures features,
        final List<XdpHolder> holders, final InterfaceFindings.Program program) {
        return InterfaceFindings
            .findings(new InterfaceFindings.Facts(device, "ice", channels, features, holders, program)).stream()
            .flatMap(finding -> finding.text().lines()).map(line -> line.replaceAll("\\s+", " ")).toList();
    }

    private static String xdp(final int mtu, final XdpFeatures features) {
        final List<String> lines = lines(device(UP, mtu, NetInterface.XDP_NONE), FOUR, features, List.of(), NONE);
        return String.join("", lines.subList(1, lines.size()));
    }

    @Test
    void shouldSayHowTheInterfaceIs() {
        assertEquals("ok eth7 driver ice, up, MTU 1500, 4 queues of at most 8",
            lines(device(UP, 1500, NetInterface.XDP_NONE), FOUR, COPY, List.of(), NONE).get(0));
        assertEquals("ok eth7 driver ice, up without carrier, MTU 1500, 16 queues at most",
            lines(device(1, 1500, NetInterface.XDP_NONE), null, COPY, List.of(), NONE).get(0));
        final Channels uneven = new Channels(3, 4, 0, 1, 2, 0);
        assertEquals("ok eth7 driver ice, down, MTU 1500, 1 queue to receive and 2 to transmit of at most 3",
            lines(device(0, 1500, NetInterface.XDP_NONE), uneven, COPY, List.of(), NONE).get(0));
    }

    @Test
    void shouldSayHowFastAfXdpCanBeAndHowLargeAPacket() {
        final String fit = "packets up to MTU 1774 fit one frame, ";
        assertEquals("ok eth7 AF_XDP the driver offers zero copy; " + fit + "larger ones take several",
            xdp(9000, ZERO_COPY_PARTS));
        assertEquals("ok eth7 AF_XDP the driver offers zero copy; " + fit + "larger ones take several and are copied",
            xdp(9000, ZERO_COPY_ONE));
        assertEquals("ok eth7 AF_XDP the driver offers zero copy; " + fit + "no larger ones", xdp(1774, ZERO_COPY));
        assertEquals("ok eth7 AF_XDP driver mode, the kernel copies; " + fit + "larger ones take several",
            xdp(9000, COPY_PARTS));
        assertEquals("-- eth7 AF_XDP driver mode, the kernel copies; " + fit + "larger ones are dropped"
            + " -> sudo ip link set dev eth7 mtu 1774", xdp(1775, COPY));
        assertEquals("-- eth7 AF_XDP the driver offers zero copy; " + fit + "larger ones are dropped"
            + " -> sudo ip link set dev eth7 mtu 1774", xdp(9000, ZERO_COPY));
        assertEquals("ok eth7 AF_XDP generic mode only, the slowest; " + fit + "larger ones take several with Linux "
            + "6.9", xdp(9000, NOTHING));
        assertEquals("ok eth7 AF_XDP the kernel does not say what the driver can do (Linux 6.3 does); " + fit
            + "no larger ones", xdp(1500, null));
    }

    @Test
    void shouldNameTheProgramInTheWay() {
        final NetInterface inDriver = device(UP, 1500, NetInterface.XDP_DRIVER);
        final NetInterface generic = device(UP, 1500, NetInterface.XDP_GENERIC);
        assertEquals(List.of("-- eth7 XDP the program filter (id 42) is attached in driver mode: no room for another",
            " -> sudo ip link set dev eth7 xdp off"),
            lines(inDriver, FOUR, COPY, List.of(), new InterfaceFindings.Program("filter", 0)).subList(2, 4));
        assertEquals(" -> sudo bpftool link detach id 9",
            lines(inDriver, FOUR, COPY, List.of(), new InterfaceFindings.Program("filter", 9)).get(3));
        assertEquals(List.of("-- eth7 XDP the program (id 42) is attached in generic mode: no room for another",
            " -> sudo ip link set dev eth7 xdpgeneric off, unless a process holds its link: sudo bpftool link"),
            lines(generic, FOUR, COPY, List.of(), NONE).subList(2, 4));
    }

    @Test
    void shouldNameWhoHoldsWhichQueue() {
        final XdpHolder known = new XdpHolder(7, 0, 4711, "java");
        final XdpHolder alike = new XdpHolder(7, 1, 4711, "java");
        final XdpHolder unknown = new XdpHolder(7, 2, 0, "");
        assertEquals(List.of("-- eth7 queues held by AF_XDP sockets: queue 0: java (pid 4711), queue 1: java (pid "
            + "4711), queue 2: an unknown process", " -> sudo kill 4711"),
            lines(device(UP, 1500, NetInterface.XDP_NONE), FOUR, COPY, List.of(known, alike, unknown), NONE)
                .subList(2, 4));
        assertEquals(" -> sudo lsof | grep 'protocol: XDP' names the processes that can be meant",
            lines(device(UP, 1500, NetInterface.XDP_NONE), FOUR, COPY, List.of(unknown), NONE).get(3));
    }

    @Test
    void shouldLookAtRealInterfaces() throws Exception {
        Peer.require(Peer.IP);
        Peer.requireNetAdmin();
        final String name = "mr" + ProcessHandle.current().pid() + "doc";
        ip("netns", "add", name);
        try (NetNamespace namespace = NetNamespace.open(name)) {
            ip("-n", name, "link", "add", "left", "mtu", "1450", "type", "veth", "peer", "name", "right");
            ip("-n", name, "tuntap", "add", "dev", "tap7", "mode", "tap");
            final List<Finding> all = namespace.call(InterfaceFindings::all);
            assertEquals(List.of("right", "right AF_XDP", "left", "left AF_XDP", "tap7", "tap7 AF_XDP"),
                all.stream().map(Finding::subject).toList());
            assertTrue(all.get(2).detail().startsWith("driver veth, down, MTU 1450, "), all.get(2).detail());
            assertTrue(all.get(4).detail().startsWith("driver tun, down, MTU 1500, "), all.get(4).detail());
            assertEquals(all.subList(2, 4), namespace.call(() -> InterfaceFindings.of(List.of("left", "left"))));
            assertEquals(List.of("lo", "lo AF_XDP"), namespace.call(() -> InterfaceFindings.of(List.of("lo"))).stream()
                .map(Finding::subject).toList());
            try (Fd program = Bpf.load(Bpf.PROGRAM_XDP, "in_the_way", 0, new long[] {0xb7 | 2L << 32, 0x95})) {
                final Fd link = namespace.call(() -> Bpf.attachXdp(program, left(), Bpf.XDP_GENERIC));
                final Finding finding = namespace.call(() -> InterfaceFindings.of(List.of("left"))).get(2);
                assertTrue(finding.detail().startsWith("the program in_the_way (id "), finding.text());
                assertEquals("sudo bpftool link detach id " + BpfLinkInfo.of(link).id(), finding.mend());
                link.close();
            }
            assertEquals("there is no interface nosuch: there are lo, right, left, tap7",
                assertThrows(ConfigurationException.class,
                    () -> namespace.call(() -> InterfaceFindings.of(List.of("left", "nosuch")))).getMessage());
        } finally {
            ip("netns", "del", name);
        }
    }

    private static int left() {
        try (Interfaces interfaces = Interfaces.open()) {
            return interfaces.find("left").index();
        }
    }

    private static void ip(final String... arguments) throws IOException, InterruptedException {
        final String[] command = new String[arguments.length + 1];
        command[0] = "ip";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), () -> String.join(" ", command));
    }
}
