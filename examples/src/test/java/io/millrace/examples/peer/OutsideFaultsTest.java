/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an operator, or an accident, does to the device behind a port: the port says what it is, counts it, and comes
 * back where that is possible, and the ports beside it lose nothing.
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class OutsideFaultsTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void requirePeers() {
        Peer.require(Peer.LAB_TOOLS, Peer.BPFTOOL);
        Peer.requireNetAdmin();
    }

    @Test
    void shouldFollowATapThatIsSwitchedOffAndOn() {
        try (Outage outage = Outage.ofTap(folder, "")) {
            outage.behind().run("ip link set " + outage.victim() + " down");
            outage.awaitVictim("down", "the interface is down");
            outage.pingInVain();
            outage.behind().run("ip link set " + outage.victim() + " up");
            outage.awaitVictim("up", "the interface is up");
            outage.mustReach();
            final MillraceReport report = outage.finish();
            assertTrue(outage.counted(report, "tx0/drop/link-down") > 0, report::toString);
            // Up at the start, down, up, and down at the end.
            assertEquals(4, outage.counted(report, "link-changes"));
            assertEquals(0, outage.counted(report, "reopened"));
        }
    }

    @Test
    void shouldFollowAVethThatIsSwitchedOffAndOn() {
        try (Outage outage = Outage.ofVeth(folder, "")) {
            NetLab.run("ip", "link", "set", outage.victim(), "down");
            outage.awaitVictim("down", "the device is switched off \\(ip link set " + outage.victim() + " up\\)");
            outage.pingInVain();
            NetLab.run("ip", "link", "set", outage.victim(), "up");
            outage.awaitVictim("up", "the device is up");
            outage.mustReach();
            final MillraceReport report = outage.finish();
            assertTrue(outage.counted(report, "tx0/drop/link-down") > 0, report::toString);
            assertEquals(4, outage.counted(report, "link-changes"));
            assertEquals(0, outage.counted(report, "reopened"));
        }
    }

    @Test
    void shouldFollowAVethWhosePeerIsSwitchedOffAndOn() {
        try (Outage outage = Outage.ofVeth(folder, "")) {
            outage.behind().run("ip link set " + outage.inner() + " down");
            outage.awaitVictim("down", "the device has no carrier");
            outage.pingInVain();
            outage.behind().run("ip link set " + outage.inner() + " up");
            outage.awaitVictim("up", "the device is up");
            outage.mustReach();
            assertEquals(4, outage.counted(outage.finish(), "link-changes"));
        }
    }

    @Test
    void shouldMakeATapAgainThatIsDeletedUnderTraffic() {
        try (Outage outage = Outage.ofTap(folder, "")) {
            outage.flood();
            outage.behind().run("ip link delete " + outage.victim());
            outage.awaitVictim("gone", "the interface was deleted");
            outage.awaitVictim("up", "the interface is up");
            outage.addressVictim();
            outage.mustReach();
            assertEquals(1, outage.counted(outage.finish(), "reopened"));
        }
    }

    @Test
    void shouldLeaveATapGoneIfToldTo() {
        try (Outage outage = Outage.ofTap(folder, ",reopen=off")) {
            outage.flood();
            outage.behind().run("ip link delete " + outage.victim());
            outage.awaitVictim("gone", "the interface was deleted");
            outage.pingInVain();
            final MillraceReport report = outage.finish();
            assertTrue(outage.counted(report, "tx0/drop/link-down") > 0, report::toString);
            assertEquals(0, outage.counted(report, "reopened"));
        }
    }

    @Test
    void shouldFindAVethAgainWhosePeerIsDeletedUnderTraffic() {
        try (Outage outage = Outage.ofVeth(folder, "")) {
            outage.flood();
            // Both ends go when one does.
            outage.behind().run("ip link delete " + outage.inner());
            outage.awaitVictim("gone", "the device was deleted or moved away");
            outage.pingInVain();
            outage.connectVeth();
            outage.addressVictim();
            outage.awaitVictim("up", "the device is up");
            outage.mustReach();
            final MillraceReport report = outage.finish();
            assertEquals(1, outage.counted(report, "reopened"));
            assertTrue(outage.counted(report, "tx0/drop/link-down") > 0, report::toString);
        }
    }

    @Test
    void shouldFindAVethAgainThatIsDeletedAndMadeTwice() {
        try (Outage outage = Outage.ofVeth(folder, "")) {
            for (int times = 1; times <= 2; times++) {
                NetLab.run("ip", "link", "delete", outage.victim());
                outage.awaitVictim("gone", "the device was deleted or moved away");
                outage.connectVeth();
                outage.addressVictim();
                outage.awaitVictim("up", "the device is up");
                outage.mustReach();
            }
            assertEquals(2, outage.counted(outage.finish(), "reopened"));
        }
    }

    @Test
    void shouldKeepItsProgramWhenIpLinkWouldTakeItOff() {
        try (Outage outage = Outage.ofVeth(folder, "")) {
            // A program attached by a link of its own belongs to the process: the kernel refuses.
            final Station.Result off = NetLab.tryToRun("ip", "link", "set", "dev", outage.victim(), "xdp", "off");
            assertNotEquals(0, off.status(), off.output());
            outage.mustReach();
            assertEquals(0, outage.counted(outage.finish(), "reattached"));
        }
    }

    @Test
    void shouldAttachItsProgramAgainThatWasDetachedByForce() {
        try (Outage outage = Outage.ofVeth(folder, "")) {
            NetLab.run("bpftool", "link", "detach", "id", linkOn(outage.victim()));
            outage.millrace().awaitLine("somebody took the XDP program off " + outage.victim());
            outage.awaitVictim("up", "the device is up");
            outage.mustReach();
            assertEquals(1, outage.counted(outage.finish(), "reattached"));
        }
    }

    @Test
    void shouldSayThatADeviceHasMoreQueuesThanThePort() {
        try (Outage outage = Outage.ofVeth(folder, "")) {
            NetLab.run("ethtool", "-L", outage.victim(), "rx", "2", "tx", "2");
            outage.millrace().awaitLine(outage.victim() + ": the device has 2 queues now and the port serves 1");
            NetLab.run("ethtool", "-L", outage.victim(), "rx", "1", "tx", "1");
            outage.mustReach();
            outage.finish();
        }
    }

    @Test
    void shouldKeepQueuesThatEthtoolWouldTakeAway() {
        try (Outage outage = Outage.ofVeth(folder, ",queues=2")) {
            // The kernel refuses to take a queue away that has a socket.
            final Station.Result fewer = NetLab.tryToRun("ethtool", "-L", outage.victim(), "rx", "1");
            assertNotEquals(0, fewer.status(), fewer.output());
            outage.mustReach();
            outage.finish();
        }
    }

    @Test
    void shouldGiveBackTheQueuesThatItTook() {
        try (Outage outage = Outage.ofVeth(folder, ",queues=2")) {
            assertEquals(2, queues(outage));
            outage.finish();
            assertEquals(1, queues(outage));
            assertFalse(NetLab.run("ip", "link", "show", outage.victim()).contains("xdp"));
        }
    }

    @Test
    void shouldRefuseADeviceThatAnotherProcessHas() {
        try (Outage outage = Outage.ofVeth(folder, "");
            MillraceProcess second = MillraceProcess.start(folder, "echo", "afxdp:" + outage.victim())) {
            assertEquals(2, second.awaitEnd());
            assertTrue(second.output().contains("\nmillrace echo: " + outage.victim()
                + " has an XDP program of somebody else"), second.output());
            outage.mustReach();
            outage.finish();
        }
    }

    @Test
    void shouldRefuseATapThatAnotherProcessHas() {
        try (Outage outage = Outage.ofTap(folder, "");
            MillraceProcess second = MillraceProcess.start(folder, "echo", "tap:" + outage.victim() + ",netns="
                + outage.behind().name())) {
            assertEquals(2, second.awaitEnd());
            assertTrue(second.output().contains("EBUSY"), second.output());
            outage.mustReach();
            outage.finish();
        }
    }

    @Test
    void shouldDoWithoutIoUringWhereItIsSwitchedOff() throws Exception {
        try (Sysctl setting = Sysctl.set("kernel/io_uring_disabled", "2");
            Outage outage = Outage.ofTap(folder, "")) {
            assertEquals("2", setting.value());
            outage.mustReach();
            final MillraceReport report = outage.finish();
            assertTrue(outage.counted(report, "without-uring") > 0, report::toString);
            assertTrue(outage.millrace().output().contains("one system call for each packet"),
                outage.millrace().output());
        }
    }

    private static long queues(final Outage outage) {
        return NetLab.run("ls", "/sys/class/net/" + outage.victim() + "/queues").lines()
            .filter(line -> line.startsWith("rx-")).count();
    }

    /** The number of the kernel's link that keeps the program on a device. */
    private static String linkOn(final String device) {
        final String program = find("prog/xdp id (\\d+)", NetLab.run("ip", "link", "show", device));
        return find("\"id\":(\\d+),\"type\":\"xdp\",\"prog_id\":" + program + "\\b",
            NetLab.run("bpftool", "-j", "link", "show"));
    }

    private static String find(final String pattern, final String text) {
        final Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertTrue(matcher.find(), () -> "no " + pattern + " in " + text);
        return matcher.group(1);
    }
}
