/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;

/**
 * A switch with three ports, two of which must not notice what happens to the third:
 *
 * <pre>
 *   namespace a 10.0.0.1 -- tap --+
 *   namespace b 10.0.0.2 -- tap --+- millrace switch
 *   namespace c 10.0.0.3 ---------+- the victim: a tap, or AF_XDP on the other end of a veth
 * </pre>
 *
 * <p>Namespace a pings b all along.
 */
final class Outage implements AutoCloseable {
    private static final int PORTS = 3;
    private static final Duration REACH_LIMIT = Duration.ofSeconds(15);
    private static final int FEWEST_PINGS = 25;
    private static final int FLOOD_SECONDS = 30;

    private final NetLab lab;
    private final NetLab.Namespace a;
    private final NetLab.Namespace b;
    private final NetLab.Namespace c;
    private final String victim;
    private final boolean isVeth;
    private MillraceProcess millrace;

    private Outage(final Path folder, final boolean isVeth) {
        this.isVeth = isVeth;
        lab = new NetLab(folder);
        a = lab.namespace("a");
        b = lab.namespace("b");
        c = lab.namespace("c");
        victim = lab.name("v");
    }

    /** The victim is a tap. */
    static Outage ofTap(final Path folder, final String options) {
        return new Outage(folder, false).start("tap:%s,netns=%s" + options);
    }

    /** The victim is one end of a veth, outside of the namespaces; c has the other one, {@link #inner()}. */
    static Outage ofVeth(final Path folder, final String options) {
        final Outage outage = new Outage(folder, true);
        try {
            outage.connectVeth();
        } catch (final AssertionError e) {
            outage.close();
            throw e;
        }
        return outage.start("afxdp:%s" + options);
    }

    /** Makes the veth, at first and after it was deleted. */
    void connectVeth() {
        c.run("ip link add " + inner() + " numtxqueues 2 numrxqueues 2 type veth peer name " + victim
            + " numtxqueues 2 numrxqueues 2 && ethtool -L " + inner() + " rx 1 tx 1 && ethtool -L " + victim
            + " rx 1 tx 1 && ethtool -K " + inner() + " tx off");
        lab.adopt(c, victim);
        NetLab.run("ip", "link", "set", victim, "up");
        c.run("ip link set " + inner() + " up");
    }

    private Outage start(final String port) {
        try {
            final String ta = lab.name("ta");
            final String tb = lab.name("tb");
            millrace = MillraceProcess.start(Path.of(a.scratch()), "switch", "tap:" + ta + ",netns=" + a.name(),
                "tap:" + tb + ",netns=" + b.name(), String.format(port, victim, c.name())).awaitReady();
            a.address(ta, "10.0.0.1", 1500);
            b.address(tb, "10.0.0.2", 1500);
            addressVictim();
            assertTrue(a.reaches(b, REACH_LIMIT));
            mustReach();
            a.startPinging(b);
            return this;
        } catch (final AssertionError e) {
            close();
            throw e;
        }
    }

    /** Gives c its address, at first and when its device was made anew. */
    void addressVictim() {
        c.address(isVeth ? inner() : victim, "10.0.0.3", 1500);
    }

    MillraceProcess millrace() {
        return millrace;
    }

    /** The device of the third port, and the port's name. */
    String victim() {
        return victim;
    }

    /** The end of the veth that c has. */
    String inner() {
        return lab.name("i");
    }

    /** The namespace behind the third port. */
    NetLab.Namespace behind() {
        return c;
    }

    /** Waits until the switch says that the victim is {@code state}: {@code reason}. */
    void awaitVictim(final String state, final String reason) {
        millrace.awaitLine(victim + " is " + state + ": " + reason);
    }

    /** Sends to the victim as fast as may be, and from it, until {@link #close()} or the end of its device. */
    void flood() {
        a.run("ping -f -q -w " + FLOOD_SECONDS + " 10.0.0.3 > /dev/null 2>&1 &");
        c.run("ping -f -q -w " + FLOOD_SECONDS + " 10.0.0.1 > /dev/null 2>&1 &");
        // Both have begun when the device has carried more than the pings before.
        Until.holds("traffic", REACH_LIMIT, () -> Long.parseLong(
            c.run("cat /sys/class/net/" + (isVeth ? inner() : victim) + "/statistics/rx_packets").trim()) > 500);
    }

    /** Sends pings to the victim that nobody can answer. */
    void pingInVain() {
        assertEquals(0, a.ping(c, 10, "-W 0.2"));
    }

    /** Both directions between the victim and another port work. */
    void mustReach() {
        assertTrue(c.reaches(a, REACH_LIMIT), "c does not reach a");
        assertTrue(a.reaches(c, REACH_LIMIT), "a does not reach c");
    }

    /** Ends the switch; the other ports have lost nothing and every packet is accounted for. */
    MillraceReport finish() {
        Until.holds("enough pings", REACH_LIMIT,
            () -> a.run("cat " + a.scratch() + "/pings").contains("icmp_seq=" + FEWEST_PINGS + " ttl"));
        assertEquals(0, a.stopPinging(), "pings between the other ports were lost");
        final MillraceReport report = millrace.finish();
        report.mustBalance(PORTS);
        assertEquals(0, report.sum("port/" + lab.name("t[ab]") + "/.*/drop/.*"), report::toString);
        return report;
    }

    /** The sum of the victim's counters whose names end like this. */
    long counted(final MillraceReport report, final String pattern) {
        return report.sum("port/" + victim + "/" + pattern);
    }

    @Override
    public void close() {
        try {
            if (millrace != null) {
                millrace.close();
            }
        } finally {
            lab.close();
        }
    }
}
