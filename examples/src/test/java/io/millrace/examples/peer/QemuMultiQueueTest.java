/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two guests with two queue pairs each ({@code mq=on}); QEMU makes the sockets and the switch is the client. */
@Tag("peer")
@ExtendWith(PeerLogs.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class QemuMultiQueueTest {
    private static final int QUEUES = 2;
    private static final int PINGS = 50;
    private static final Duration REACH_LIMIT = Duration.ofSeconds(20);

    @TempDir
    static Path folder;

    private static Guest first;
    private static Guest second;
    private static MillraceProcess millrace;

    @BeforeAll
    static void startGuests() {
        Peer.require(Peer.QEMU, Peer.GUEST_KERNEL, Peer.GUEST_TOOLS);
        millrace = startSwitch();
        first = startGuest(1);
        second = startGuest(2);
        first.awaitBoot(1);
        second.awaitBoot(1);
        assertBothReach();
    }

    @AfterAll
    static void stopGuests() {
        for (final AutoCloseable part : new AutoCloseable[] {first, second, millrace}) {
            if (part != null) {
                assertTrue(closes(part));
            }
        }
    }

    @Test
    @Order(1)
    void shouldLoseNoPing() {
        assertEquals(PINGS, first.ping(second, PINGS));
    }

    @Test
    @Order(2)
    void shouldCarryTcpBothWays() {
        assertTrue(first.tcp(second, false) > 1_000_000);
        assertTrue(first.tcp(second, true) > 1_000_000);
    }

    @Test
    @Order(3)
    void shouldCarryPacketsOnEachNumberOfQueues() {
        first.run("ethtool -L eth0 combined 1");
        assertEquals(PINGS, first.ping(second, PINGS));
        first.run("ethtool -L eth0 combined " + QUEUES);
        assertEquals(PINGS, first.ping(second, PINGS));
    }

    @Test
    @Order(4)
    void shouldServeAGuestThatReboots() {
        second.reboot();
        assertTrue(second.reaches(first, REACH_LIMIT));
        assertEquals(PINGS, second.ping(first, PINGS));
    }

    @Test
    @Order(5)
    void shouldFindTheNextQemuOnTheSameSocket() {
        second.kill();
        second = startGuest(2);
        second.awaitBoot(1);
        assertTrue(second.reaches(first, REACH_LIMIT));
    }

    @Test
    @Order(6)
    void shouldFindItsGuestsAgainAfterACrash() {
        millrace.kill();
        millrace = startSwitch();
        assertBothReach();
        assertEquals(PINGS, second.ping(first, PINGS));
    }

    @Test
    @Order(7)
    void shouldReceiveOnBothQueuesAndAccountForEveryPacket() {
        // Several connections, so that the guest's CPUs and thereby its send queues are all used.
        first.run("iperf3 -t 2 -P 4 -c " + second.address());
        final MillraceReport report = millrace.finish();
        millrace = startSwitch();
        report.mustBalance(2);
        for (int queue = 0; queue < QUEUES; queue++) {
            assertTrue(report.sum("port/vm1/rx" + queue + "/packets") > 0, "queue " + queue + " of " + report);
        }
        assertBothReach();
    }

    private static boolean closes(final AutoCloseable part) {
        try {
            part.close();
            return true;
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void assertBothReach() {
        assertTrue(first.reaches(second, REACH_LIMIT));
        assertTrue(second.reaches(first, REACH_LIMIT));
    }

    private static MillraceProcess startSwitch() {
        return MillraceProcess.start(folder, "switch",
            "vhost-user:" + socket(1) + ",client,queues=" + QUEUES,
            "vhost-user:" + socket(2) + ",client,queues=" + QUEUES);
    }

    private static Guest startGuest(final int id) {
        return Guest.start(id, folder, new Guest.Link(socket(id), true, QUEUES));
    }

    private static Path socket(final int id) {
        return folder.resolve("vm" + id + ".sock");
    }
}
