/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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

/**
 * The kernel's vhost-net as back-end of two ports of one switch. All of it runs in a guest, whose kernel has vhost-net
 * whatever that of this machine has:
 *
 * <pre>
 *   guest's own namespace 10.0.0.1 -- tap0 (two queues) -- vhost-net --+
 *                                                                      +- millrace switch
 *   another namespace     10.0.0.2 -- tap1 -------------- vhost-net ---+
 * </pre>
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class KernelVhostTest {
    private static final Duration START_LIMIT = Duration.ofSeconds(120);
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final int PINGS = 20;
    private static final String INSIDE = "nsenter -t $(cat /tmp/inside) -n ";

    @TempDir
    static Path folder;

    private static Guest guest;

    @BeforeAll
    static void startSwitch() throws IOException {
        Peer.require(Peer.QEMU, Peer.GUEST_KERNEL, Peer.GUEST_TOOLS, Peer.VHOST_NET_MODULE);
        final Path image = JavaGuestImage.make(GuestKernel.newest().orElseThrow());
        guest = Guest.startAlone(1, folder, image, "-m", "1G", "-smp", "2").awaitBoot(1);
        guest.run("export XDG_RUNTIME_DIR=/tmp; /jdk/bin/java @/java.options io.millrace.examples.Main switch"
            + " vhost-net:tap0,queues=2 vhost-net:tap1,mtu=1400 --json > /tmp/report 2>&1 & echo $! > /tmp/switch");
        guest.run("unshare -n sleep 10000 > /dev/null 2>&1 & echo $! > /tmp/inside");
        await("grep -q '^ready: 2 ports' /tmp/report || ! kill -0 $(cat /tmp/switch)", START_LIMIT);
        final String report = guest.run("cat /tmp/report");
        assertTrue(report.contains("ready: 2 ports"), report);
    }

    @AfterAll
    static void stopGuest() {
        if (guest != null) {
            guest.close();
        }
    }

    /** Asks inside the guest, whose slow CPUs each command from here would take from the switch. */
    private static void await(final String condition, final Duration limit) {
        final Station.Result result = guest.shell("until " + condition + "; do sleep 0.3; done", limit);
        if (result.status() != 0) {
            throw new AssertionError("not within " + limit.toSeconds() + " s: " + condition + "\n"
                + guest.run("cat /tmp/report"));
        }
    }

    private static void awaitLine(final String line, final int times) {
        await("test $(grep -c '" + line + "' /tmp/report) -ge " + times, LIMIT);
    }

    private static void mustReach() {
        await(guest.pingProgram() + " -n -q -c 1 -W 1 10.0.0.2 > /dev/null", LIMIT);
    }

    private static void mustLoseNoPing(final String options) {
        final String output = guest.run(guest.pingProgram() + " -n -q -i 0.05 -W 5 -c " + PINGS + " " + options
            + " 10.0.0.2");
        assertTrue(output.contains(" " + PINGS + " received"), output);
    }

    @Test
    @Order(1)
    void shouldHaveAWorkerOfTheKernelForEachPairOfQueues() {
        assertEquals("3", guest.run("ps | grep -c '[[]vhost-'").trim());
        assertTrue(guest.run("ip link show tap1").contains("mtu 1400"));
    }

    @Test
    @Order(2)
    void shouldFollowADeviceToAnotherNamespace() {
        guest.run("ip link set tap1 netns $(cat /tmp/inside) && ip address add 10.0.0.1/24 dev tap0");
        awaitLine("tap1 is down", 1);
        guest.run(INSIDE + "ip address add 10.0.0.2/24 dev tap1 && " + INSIDE + "ip link set tap1 up");
        awaitLine("tap1 is up", 2);
        mustReach();
    }

    @Test
    @Order(3)
    void shouldLoseNoPingOfAnySize() {
        mustLoseNoPing("");
        mustLoseNoPing("-s 1372 -M do");
        // In fragments.
        mustLoseNoPing("-s 5000");
    }

    @Test
    @Order(4)
    void shouldCarryTcpBothWays() {
        final String output = guest.run(INSIDE + "iperf3 -c 10.0.0.1 -t 2 -P 4 && " + INSIDE
            + "iperf3 -R -c 10.0.0.1 -t 2 -P 4");
        assertEquals(2, output.split("iperf Done", -1).length - 1, output);
    }

    @Test
    @Order(5)
    void shouldCountWhatIsSentWhileTheInterfaceIsDown() {
        guest.run("ip link set tap0 down");
        awaitLine("tap0 is down", 1);
        // A neighbour that is known, so that there is something to be sent: the switch floods what it has forgotten.
        guest.run(INSIDE + "ping -c 3 -W 1 10.0.0.1; true");
        guest.run("ip link set tap0 up");
        awaitLine("tap0 is up", 2);
        mustReach();
        mustLoseNoPing("");
    }

    @Test
    @Order(6)
    void shouldComeBackWhenTheDeviceIsDeletedUnderTraffic() {
        guest.run(INSIDE + guest.pingProgram() + " -n -q -f 10.0.0.1 > /tmp/flood 2>&1 & echo $! > /tmp/flooder");
        guest.run("sleep 0.5; ip link del tap0");
        awaitLine("tap0 is gone: the tap device was deleted", 1);
        awaitLine("tap0 is up", 3);
        guest.run("kill -INT $(cat /tmp/flooder); ip address add 10.0.0.1/24 dev tap0");
        mustReach();
        mustLoseNoPing("");
    }

    @Test
    @Order(7)
    void shouldAccountForEveryPacketAndLeaveNothingBehind() {
        guest.run("kill $(cat /tmp/switch)");
        await("! kill -0 $(cat /tmp/switch)", LIMIT);
        final MillraceReport report = MillraceReport.of(guest.run("cat /tmp/report"));
        report.mustBalance(2);
        assertEquals(1, report.sum("port/tap0/session/device-gone"));
        assertEquals(1, report.sum("port/tap0/session/interface-down"));
        assertTrue(report.sum("port/tap0/tx\\d/drop/link-down") > 0, report.toString());
        for (int queue = 0; queue < 2; queue++) {
            assertTrue(report.sum("port/tap0/rx" + queue + "/packets") > 0, "queue " + queue + " of " + report);
        }
        // Packets of TCP that nobody cut: the tap left that to be done, and so did the other one.
        assertTrue(report.sum("port/tap\\d/rx\\d/merged") > 0, report.toString());
        assertEquals(0, report.sum("port/tap\\d/.*/drop/(bad-)?offload"), report.toString());
        assertEquals("0", guest.run("ps | grep -c '[[]vhost-'; true").trim());
        assertEquals("", guest.run("ls /sys/class/net | grep tap; true"));
    }
}
