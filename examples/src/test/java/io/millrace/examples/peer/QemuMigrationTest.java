/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest that is moved from one QEMU to another and back while it sends TCP and answers pings, over two ports of one
 * switch:
 *
 * <pre>
 *   QEMU 0, 2, ...  -- a.sock --+
 *        | migrate               +- millrace switch - tap - namespace 10.0.0.2
 *   QEMU 1, 3, ...  -- b.sock --+
 * </pre>
 *
 * <p>{@code -Dmillrace.migrations=N} moves it N times; twice if not said. Prints the longest gap between pings. With
 * {@code -Dmillrace.migrations.reference=ovs} it is also moved through Open vSwitch with DPDK, to compare.
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class QemuMigrationTest {
    private static final int MIGRATIONS = Integer.getInteger("millrace.migrations", 2);
    private static final Pattern ANSWER = Pattern.compile("icmp_seq=(\\d+) ttl");
    private static final int PING_MS = 50;

    @TempDir
    private Path folder;

    @BeforeAll
    static void needs() {
        Peer.require(Peer.QEMU, Peer.GUEST_KERNEL, Peer.GUEST_TOOLS, Peer.LAB_TOOLS);
        Peer.requireNetAdmin();
    }

    @Test
    void shouldMoveAGuestThatIsTalking() throws IOException {
        try (NetLab lab = new NetLab(folder)) {
            final NetLab.Namespace peer = lab.namespace("p");
            final String tap = lab.name("t");
            try (MillraceProcess millrace = MillraceProcess.start(folder, "switch", "vhost-user:" + socket(0),
                "vhost-user:" + socket(1), "tap:" + tap + ",netns=" + peer.name()).awaitReady()) {
                peer.live(tap, "10.0.0.2", 1500);
                move(peer, tap, "Millrace");
                millrace.finish();
            }
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "millrace.migrations.reference", matches = "ovs")
    void shouldMoveItThroughOpenVSwitchToCompare() throws IOException {
        assumeTrue(OvsSwitch.isInstalled(), "apt-get install openvswitch-switch-dpdk");
        try (NetLab lab = new NetLab(folder)) {
            final NetLab.Namespace peer = lab.namespace("p");
            final String bridge = lab.name("t");
            OvsSwitch.start(peer, folder, bridge, List.of("a.sock", "b.sock"));
            peer.live(bridge, "10.0.0.2", 1500);
            move(peer, bridge, "Open vSwitch");
        }
    }

    private void move(final NetLab.Namespace peer, final String tap, final String through) throws IOException {
        Guest guest = Guest.start(1, folder, new Guest.Link(socket(0), false, 1)).awaitBoot(1);
        try {
            assertTrue(peer.reaches(guest, Duration.ofSeconds(20)));
            // From here on the guest is asked over the network: a console may miss an interrupt when it is moved.
            guest.run("dd if=/dev/urandom of=/tmp/blob bs=1M count=8 2> /dev/null");
            guest.run("(while true; do nc -l -p 7000 -e sha256sum /tmp/blob; done) > /dev/null 2>&1 &");
            final String hash = hash(peer);
            peer.startPinging(guest);
            guest.run("iperf3 -c 10.0.0.2 -b 20M -t 600 > /dev/null 2>&1 &");
            awaitStream(peer, tap);
            for (int n = 1; n <= MIGRATIONS; n++) {
                final Guest successor = guest.successor(new Guest.Link(socket(n % 2), false, 1));
                try {
                    guest.migrateTo(successor);
                } finally {
                    guest.close();
                    guest = successor;
                }
                awaitStream(peer, tap);
                assertEquals(hash, hash(peer), "the guest's memory after migration " + n);
            }
            peer.stopPinging();
            System.out.printf("%d migrations through %s: the longest gap between pings was %d ms%n", MIGRATIONS,
                through, longestGapMs(Files.readString(Path.of(peer.scratch(), "pings"))));
        } finally {
            guest.close();
        }
    }

    /** Waits for half a megabyte from the guest: only its one TCP stream brings so much. */
    private static void awaitStream(final NetLab.Namespace peer, final String tap) {
        final long before = received(peer, tap);
        Until.holds("the guest's TCP stream goes on", Duration.ofSeconds(30),
            () -> received(peer, tap) > before + 500_000);
    }

    private static long received(final NetLab.Namespace peer, final String tap) {
        return Long.parseLong(peer.run("cat /sys/class/net/" + tap + "/statistics/rx_bytes").trim());
    }

    /** What the guest makes of eight megabytes of its memory. */
    private static String hash(final NetLab.Namespace peer) {
        final String[] answer = {""};
        Until.holds("the guest tells its hash", Duration.ofSeconds(30), () -> {
            answer[0] = peer.shell("timeout 5 bash -c 'cat < /dev/tcp/10.0.0.1/7000'", Duration.ofSeconds(8)).output();
            return answer[0].matches("[0-9a-f]{64} +/tmp/blob\\s*");
        });
        return answer[0];
    }

    private static int longestGapMs(final String pings) {
        final List<Integer> answered = ANSWER.matcher(pings).results()
            .map(found -> Integer.parseInt(found.group(1))).sorted().distinct().toList();
        int longest = 0;
        for (int i = 1; i < answered.size(); i++) {
            longest = Math.max(longest, answered.get(i) - answered.get(i - 1) - 1);
        }
        return longest * PING_MS;
    }

    private Path socket(final int n) {
        return folder.resolve((n == 0 ? "a" : "b") + ".sock");
    }
}
