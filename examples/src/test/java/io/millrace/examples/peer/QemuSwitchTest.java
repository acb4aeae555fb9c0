/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
 * Three guests with QEMU's default device on a switch that listens; QEMU connects, and connects again when cut off. The
 * tests share the guests and leave them as they found them: up, and able to reach each other.
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class QemuSwitchTest {
    private static final int GUESTS = 3;
    private static final int PINGS = 50;
    private static final int LARGE = 10_000;
    private static final Duration REACH_LIMIT = Duration.ofSeconds(20);

    @TempDir
    static Path folder;

    private static final List<Guest> GUEST = new ArrayList<>();
    private static MillraceProcess millrace;

    @BeforeAll
    static void startGuests() {
        Peer.require(Peer.QEMU, Peer.GUEST_KERNEL, Peer.GUEST_TOOLS);
        millrace = startSwitch();
        for (int id = 1; id <= GUESTS; id++) {
            GUEST.add(startGuest(id));
        }
        GUEST.forEach(guest -> guest.awaitBoot(1));
        assertAllReach();
    }

    @AfterAll
    static void stopGuests() {
        GUEST.forEach(Guest::close);
        GUEST.clear();
        if (millrace != null) {
            millrace.close();
            millrace = null;
        }
    }

    @Test
    @Order(1)
    void shouldLoseNoPing() {
        assertEquals(PINGS, GUEST.get(0).ping(GUEST.get(1), PINGS));
        assertEquals(PINGS, GUEST.get(2).ping(GUEST.get(1), PINGS));
    }

    @Test
    @Order(2)
    void shouldCarryTcpBothWays() {
        assertTrue(GUEST.get(0).tcp(GUEST.get(1), false) > 1_000_000);
        assertTrue(GUEST.get(0).tcp(GUEST.get(1), true) > 1_000_000);
    }

    @Test
    @Order(3)
    void shouldLeaveOthersAloneWhileAGuestReboots() {
        GUEST.get(0).startPinging(GUEST.get(2));
        GUEST.get(1).reboot();
        assertTrue(GUEST.get(1).reaches(GUEST.get(0), REACH_LIMIT));
        assertEquals(0, GUEST.get(0).stopPinging());
    }

    @Test
    @Order(4)
    void shouldLeaveOthersAloneWhileQemuIsKilled() {
        GUEST.get(0).startPinging(GUEST.get(2));
        GUEST.get(1).kill();
        GUEST.set(1, startGuest(2));
        GUEST.get(1).awaitBoot(1);
        assertTrue(GUEST.get(1).reaches(GUEST.get(0), REACH_LIMIT));
        assertEquals(0, GUEST.get(0).stopPinging());
    }

    @Test
    @Order(5)
    void shouldAccountForEveryPacket() {
        final MillraceReport report = millrace.finish();
        millrace = startSwitch();
        report.mustBalance(GUESTS);
        // Guests leave TCP to be cut by whoever has to, and here nobody has: with ACKs and pings, packets are large.
        final long length = report.sum("port/vm[12]/rx0/bytes") / report.sum("port/vm[12]/rx0/packets");
        assertTrue(length > LARGE, "packets of " + length + " bytes");
        assertEquals(0, report.sum("port/.*(segmented|offload)"), () -> report.counters().toString());
        // Most pings find the switch asleep, and it is their guests' kicks that wake it, for both directions.
        final long woken = report.sum("worker/[^/]+/woken");
        assertTrue(woken > PINGS, "guests woke the switch " + woken + " times");
        assertAllReach();
    }

    @Test
    @Order(6)
    void shouldServeTheSameGuestsAfterACrash() {
        millrace.kill();
        millrace = startSwitch();
        assertAllReach();
        assertEquals(PINGS, GUEST.get(0).ping(GUEST.get(1), PINGS));
    }

    private static void assertAllReach() {
        for (int i = 0; i < GUESTS; i++) {
            assertTrue(GUEST.get(i).reaches(GUEST.get((i + 1) % GUESTS), REACH_LIMIT), "guest " + (i + 1));
        }
    }

    private static MillraceProcess startSwitch() {
        return MillraceProcess.start(folder, "switch", "vhost-user:" + socket(1), "vhost-user:" + socket(2),
            "vhost-user:" + socket(3)).awaitReady();
    }

    private static Guest startGuest(final int id) {
        return Guest.start(id, folder, new Guest.Link(socket(id), false, 1));
    }

    private static Path socket(final int id) {
        return folder.resolve("vm" + id + ".sock");
    }
}
