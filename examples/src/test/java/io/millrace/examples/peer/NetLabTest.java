/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The lab of the other tests, with nothing between two namespaces but a wire. */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class NetLabTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void requirePeers() {
        Peer.require(Peer.LAB_TOOLS, Peer.TSHARK);
        Peer.requireNetAdmin();
    }

    @Test
    void shouldCarryAndRecordWhatStationsSend() {
        try (NetLab lab = new NetLab(folder)) {
            final NetLab.Namespace a = lab.namespace("a");
            final NetLab.Namespace b = lab.namespace("b");
            lab.veth(a, lab.name("va"), b, lab.name("vb"));
            a.live(lab.name("va"), "10.0.0.1", 1500).run("ethtool -K " + lab.name("va") + " tx off");
            b.live(lab.name("vb"), "10.0.0.2", 1500);
            try (Capture capture = Capture.inbound(b, lab.name("vb"), folder.resolve("b.pcapng"))) {
                assertEquals(20, a.ping(b, 20));
                // Small windows: what the last of them holds iperf3 may not count.
                assertTrue(Iperf.tcp(a, b, false, "-n 1M -w 64K") > 500_000);
                assertTrue(Iperf.udp(a, b, false, "2M", 1).sent() > 100);
                Capture.mustBeClean(capture.finish(), Set.of(a.mac(lab.name("va"))), 1500, 100);
            }
        }
    }

    @Test
    void shouldSendAndRecordTaggedPings() {
        Peer.require(Peer.TESTPMD);
        try (NetLab lab = new NetLab(folder)) {
            final NetLab.Namespace a = lab.namespace("a");
            final NetLab.Namespace b = lab.namespace("b");
            lab.veth(a, lab.name("va"), b, lab.name("vb"));
            try (Capture capture = Capture.inbound(b, lab.name("vb"), folder.resolve("tagged.pcapng"))) {
                TaggedPing.send(a, lab.name("va"), b.mac(lab.name("vb")), 5, 10);
                final List<Capture.Frame> frames = capture.finish();
                assertEquals(10, frames.stream().filter(frame -> frame.vlan().equals("5")).count());
            }
        }
    }

    @Test
    void shouldCountPingsThatAreLost() {
        try (NetLab lab = new NetLab(folder)) {
            final NetLab.Namespace a = lab.namespace("a");
            final NetLab.Namespace b = lab.namespace("b");
            lab.veth(a, lab.name("va"), b, lab.name("vb"));
            a.address(lab.name("va"), "10.0.0.1", 1500);
            b.address(lab.name("vb"), "10.0.0.2", 1500);
            a.startPinging(b);
            awaitPing(a, 12);
            b.run("ip address delete 10.0.0.2/24 dev " + lab.name("vb"));
            b.run("sleep 0.3; ip address add 10.0.0.2/24 dev " + lab.name("vb"));
            awaitPing(a, 40);
            final int lost = a.stopPinging();
            assertTrue(lost >= 3, "lost " + lost);
        }
    }

    private static void awaitPing(final NetLab.Namespace station, final int number) {
        Until.holds("ping " + number, Duration.ofSeconds(10), () -> station.run("cat " + station.scratch() + "/pings")
            .contains("icmp_seq=" + number + " ttl"));
    }

    @Test
    void shouldLeaveNothingBehind() {
        final String name;
        final String device;
        try (NetLab lab = new NetLab(folder)) {
            final NetLab.Namespace namespace = lab.namespace("a");
            name = namespace.name();
            device = lab.name("h");
            lab.veth(null, device, namespace, "inner");
            namespace.run("sleep 1000 > /dev/null 2>&1 &");
            assertTrue(NetLab.run("ip", "netns", "list").contains(name));
            assertTrue(NetLab.run("ip", "link").contains(device));
        }
        assertFalse(NetLab.run("ip", "netns", "list").contains(name));
        assertFalse(NetLab.run("ip", "link").contains(device));
        assertEquals(List.of(), ProcessHandle.allProcesses()
            .filter(process -> process.info().commandLine().orElse("").equals("/usr/bin/sleep 1000")).toList());
    }
}
