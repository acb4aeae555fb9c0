/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The three kinds of ports on one switch, set up as an operator would do it:
 *
 * <pre>
 *   guest 10.0.0.1 -- vhost-user --+
 *   namespace a 10.0.0.2 ---- tap -+- millrace switch
 *   namespace b 10.0.0.3 -- veth --+- AF_XDP on the veth's other end, which is outside of the namespaces
 * </pre>
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class OutsideSwitchTest {
    private static final int PORTS = 3;
    private static final int PINGS = 30;
    /** More than any frame of a wire here. */
    private static final int LARGE = 9_100;
    private static final int VLAN = 5;
    private static final long FEWEST_BYTES = 1_000_000;
    private static final Duration REACH_LIMIT = Duration.ofSeconds(20);
    private static final String JUMBO_PAYLOAD = "-s 8972";

    @TempDir
    static Path folder;

    private static NetLab lab;
    private static MillraceProcess millrace;
    private static Guest guest;
    private static NetLab.Namespace a;
    private static NetLab.Namespace b;
    private static String tap;
    private static String outer;
    private static String inner;

    @BeforeAll
    static void connect() {
        Peer.require(Peer.QEMU, Peer.GUEST_KERNEL, Peer.GUEST_TOOLS, Peer.LAB_TOOLS, Peer.TSHARK, Peer.TESTPMD);
        Peer.requireNetAdmin();
        lab = new NetLab(folder);
        tap = lab.name("t");
        outer = lab.name("o");
        inner = lab.name("i");
        a = lab.namespace("a");
        b = lab.namespace("b");
        lab.veth(null, outer, b, inner);
        // A veth leaves checksums to a receiver in the same machine; what is at its end here sends packets on.
        b.run("ethtool -K " + inner + " tx off");
        millrace = startSwitch();
        guest = Guest.start(1, folder, new Guest.Link(socket(), false, 1));
        a.live(tap, "10.0.0.2", 1500);
        b.live(inner, "10.0.0.3", 1500);
        guest.awaitBoot(1);
        assertAllReach();
    }

    @AfterAll
    static void disconnect() {
        try {
            if (guest != null) {
                guest.close();
            }
            if (millrace != null) {
                millrace.close();
            }
        } finally {
            if (lab != null) {
                lab.close();
            }
        }
    }

    @Test
    @Order(1)
    void shouldLoseNoPing() {
        assertLosesNoPing();
    }

    @Test
    @Order(2)
    void shouldCarryTcpBothWays() {
        for (final List<Station> pair : pairs()) {
            assertTrue(Iperf.tcp(pair.get(0), pair.get(1), false, 2) > FEWEST_BYTES, () -> "to " + pair);
            assertTrue(Iperf.tcp(pair.get(0), pair.get(1), true, 2) > FEWEST_BYTES, () -> "from " + pair);
        }
    }

    @Test
    @Order(3)
    void shouldCarryUdpBothWays() {
        for (final List<Station> pair : pairs()) {
            assertFewAreLost(Iperf.udp(pair.get(0), pair.get(1), false, "4M", 1));
            assertFewAreLost(Iperf.udp(pair.get(0), pair.get(1), true, "4M", 1));
        }
    }

    @Test
    @Order(4)
    void shouldCarryTaggedFramesBetweenAllPorts() {
        guest.run("ip link add link eth0 name eth0.5 type vlan id " + VLAN
            + " && ip address add 10.0.5.1/24 dev eth0.5 && ip link set eth0.5 up");
        for (final NetLab.Namespace sender : List.of(a, b)) {
            final String device = sender == a ? tap : inner;
            guest.run("arp -i eth0.5 -s 10.0.5.200 " + sender.mac(device));
            try (Capture capture = Capture.inbound(sender, device, folder.resolve(device + "-tagged.pcapng"))) {
                TaggedPing.send(sender, device, guest.mac(), VLAN, PINGS);
                guest.run("sleep 0.5");
                assertEquals(PINGS, tagged(capture.finish(), guest.mac(), "0"), "answers to " + device);
            }
        }
        try (Capture capture = Capture.inbound(b, inner, folder.resolve("tagged.pcapng"))) {
            TaggedPing.send(a, tap, b.mac(inner), VLAN, PINGS);
            b.run("sleep 0.5");
            assertEquals(PINGS, tagged(capture.finish(), a.mac(tap), "8"), "requests from tap to veth");
        }
        assertLosesNoPing();
    }

    @Test
    @Order(5)
    void shouldDeliverOnlyWhatWasSentWithGoodChecksums() {
        assertIsCleanIn(b, inner, 1500, List.of(a, guest), Set.of(a.mac(tap), guest.mac()));
        // Not the guest's: the kernel behind this tap takes checksums that are yet to be filled in, and shows them so.
        assertIsCleanIn(a, tap, 1500, List.of(b), Set.of(b.mac(inner), guest.mac()));
    }

    @Test
    @Order(6)
    void shouldCarryJumboPackets() {
        NetLab.run("ip", "link", "set", outer, "mtu", "9000");
        b.run("ip link set " + inner + " mtu 9000");
        a.run("ip link set " + tap + " mtu 9000");
        guest.run("ip link set eth0 mtu 9000");
        for (final List<Station> pair : pairs()) {
            for (int direction = 0; direction < 2; direction++) {
                final Station from = pair.get(direction);
                final Station to = pair.get(1 - direction);
                assertEquals(PINGS, from.ping(to, PINGS, JUMBO_PAYLOAD, "-M do"), from.address() + " " + to.address());
            }
            assertTrue(Iperf.tcp(pair.get(0), pair.get(1), false, 1) > FEWEST_BYTES, () -> "to " + pair);
            assertTrue(Iperf.tcp(pair.get(0), pair.get(1), true, 1) > FEWEST_BYTES, () -> "from " + pair);
        }
        assertIsCleanIn(b, inner, 9000, List.of(a, guest), Set.of(a.mac(tap), guest.mac()));
    }

    @Test
    @Order(7)
    void shouldAccountForEveryPacket() {
        final MillraceReport report = millrace.finish();
        report.mustBalance(PORTS);
        assertEquals(0, report.sum("port/.*/(violation|drop/bad-descriptor|kernel-invalid).*"), report::toString);
        for (final String port : List.of("vm", tap, outer)) {
            assertTrue(report.sum("port/" + port + "/rx0/packets") > 0, () -> port + " of " + report);
            assertTrue(report.sum("port/" + port + "/tx0/packets") > 0, () -> port + " of " + report);
        }
        // Guest and tap hand each other segments to be cut by nobody; for AF_XDP the switch cuts them.
        assertEquals(0, report.sum("port/(vm|" + tap + ")/.*segmented"), () -> report.counters().toString());
        assertTrue(report.sum("port/" + outer + "/.*segmented") > 0, () -> report.counters().toString());
        for (final String port : List.of("vm", tap)) {
            final long length = report.sum("port/" + port + "/rx0/bytes") / report.sum("port/" + port + "/rx0/packets");
            assertTrue(length > LARGE, port + " sent packets of " + length + " bytes");
        }
    }

    private static void assertIsCleanIn(final NetLab.Namespace receiver, final String device, final int mtu,
        final List<Station> senders, final Set<String> macs) {
        try (Capture capture = Capture.inbound(receiver, device, folder.resolve(device + ".pcapng"))) {
            for (final Station sender : senders) {
                sender.ping(receiver, PINGS);
                Iperf.tcp(sender, receiver, false, "-n 2M");
                Iperf.tcp(sender, receiver, true, "-n 2M");
                Iperf.udp(sender, receiver, false, "4M", 1);
            }
            Capture.mustBeClean(capture.finish(), macs, mtu, 100);
        }
    }

    private static long tagged(final List<Capture.Frame> frames, final String source, final String icmpType) {
        return frames.stream().filter(frame -> frame.vlan().equals(Integer.toString(VLAN))
            && frame.source().equals(source) && frame.icmpType().equals(icmpType))
            .map(Capture.Frame::icmpSequence).distinct().count();
    }

    private static void assertFewAreLost(final Iperf.Datagrams datagrams) {
        // At 4 Mbit/s nothing is busy; a guest without KVM may still overlook some.
        assertTrue(datagrams.sent() > 100 && datagrams.lost() < datagrams.sent() / 20, datagrams::toString);
    }

    private static void assertLosesNoPing() {
        for (final List<Station> pair : pairs()) {
            assertEquals(PINGS, pair.get(0).ping(pair.get(1), PINGS), () -> "to " + pair);
            assertEquals(PINGS, pair.get(1).ping(pair.get(0), PINGS), () -> "from " + pair);
        }
    }

    private static void assertAllReach() {
        for (final List<Station> pair : pairs()) {
            assertTrue(pair.get(0).reaches(pair.get(1), REACH_LIMIT), () -> "to " + pair);
        }
    }

    private static List<List<Station>> pairs() {
        return List.of(List.of(guest, a), List.of(guest, b), List.of(a, b));
    }

    private static MillraceProcess startSwitch() {
        return MillraceProcess.start(folder, "switch", "vhost-user:" + socket(),
            // What the kernel leaves unfinished behind the tap the switch has to finish for the others.
            "tap:" + tap + ",netns=" + a.name() + ",offloads=all", "afxdp:" + outer).awaitReady();
    }

    private static Path socket() {
        return folder.resolve("vm.sock");
    }
}
