/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.Port;
import io.millrace.packet.Checksum;
import io.millrace.packet.Ethernet;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Udp;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.MacSwap;
import io.millrace.pipeline.Node;
import io.millrace.pipeline.Output;
import io.millrace.pipeline.Until;
import org.HdrHistogram.Histogram;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TrafficTest {
    private static final String A = "02:00:00:00:00:0a";
    private static final String B = "02:00:00:00:00:0b";

    private final Dataplane dataplane = Dataplane.builder().frames(2048).jumboFrames(64).build();

    @AfterEach
    void close() {
        dataplane.close();
    }

    /** Does something to the packet with the given number in the stream, and passes the others on. */
    private static final class Trouble extends Node {
        private final Output out = output("out");
        private final Output copies = output("copies");
        private final Deed deed;
        private long number;

        private Trouble(final Deed deed) {
            this.deed = deed;
        }

        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                if (deed.handle(burst, i, number++, this)) {
                    out.emit(burst, i);
                }
            }
        }
    }

    /** What happens to packet {@code number}; true if it is to go on. */
    @FunctionalInterface
    private interface Deed {
        boolean handle(Burst burst, int i, long number, Trouble node);
    }

    /** Sends 1000 packets of 3 flows through a node and waits for {@code arriving} of them. */
    private Verdict through(final long arriving, final Deed deed) {
        final Traffic sender = Traffic.named("sender").flows(3).sizes(60, 61, 300, 1514).count(1000);
        final Traffic sink = Traffic.named("sink").sinkOnly();
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final Trouble trouble = new Trouble(deed);
        dataplane.start(new Graph().from(from).to(trouble).from(trouble.out).to(to)
            .from(trouble.copies).to(to));
        final String all = "port/sink/tx0/packets";
        Until.isTrue(() -> sender.isFinished() && dataplane.counters().snapshot().get(all) == arriving,
            () -> sink.verdict(sender).toString());
        return sink.verdict(sender);
    }

    @ParameterizedTest
    @ValueSource(strings = {"60", "64", "67", "1514", "60,61,62,63,64,65,66,67,68", "imix", "9000", "65549"})
    void shouldRecogniseItsOwnPackets(final String sizes) {
        final Traffic echo = Traffic.named("echo").flows(7).sizes(sizes).count(5000).source(A);
        final Port port = dataplane.open(echo);
        final MacSwap swap = new MacSwap();
        dataplane.start(new Graph().from(port).to(swap).from(swap.out()).to(port));
        Until.isTrue(() -> echo.received() == 5000, () -> echo.verdict().toString());
        assertTrue(echo.verdict().isClean(), () -> echo.verdict().toString());
        assertEquals(new Verdict(5000, 5000, 0, 0, 0, 0, 0), echo.verdict());
    }

    @Test
    void shouldMakePacketsWithProperLengthsAndChecksums() {
        final Ethernet ethernet = new Ethernet();
        final Ipv4 ip = new Ipv4();
        final Udp udp = new Udp();
        final Verdict verdict = through(1000, (burst, i, number, node) -> {
            assertTrue(ethernet.wrap(burst, i));
            assertTrue(ip.wrap(burst, i, ethernet.end()) && ip.isValid());
            assertEquals(burst.length(i) - 14, ip.packetLength());
            assertTrue(Checksum.isIntact(ip.address(), 20));
            assertTrue(udp.wrap(burst, i, ip.end()) && udp.isValid());
            assertEquals(burst.length(i) - 34, udp.length());
            assertTrue(udp.checksum() != 0 && udp.isChecksumValid(ip));
            return true;
        });
        assertTrue(verdict.isClean(), verdict::toString);
    }

    @Test
    void shouldFindLostPackets() {
        final Verdict verdict = through(998, (burst, i, number, node) -> {
            final boolean isLost = number == 100 || number == 999;
            if (isLost) {
                burst.free(i);
            }
            return !isLost;
        });
        assertEquals(new Verdict(1000, 998, 2, 0, 0, 0, 0), verdict);
        assertFalse(verdict.isClean());
    }

    @Test
    void shouldFindDuplicates() {
        final Verdict verdict = through(1001, (burst, i, number, node) -> {
            if (number == 100) {
                node.copies.emitCopy(burst, i);
            }
            return true;
        });
        assertEquals(new Verdict(1000, 1001, 0, 1, 0, 0, 0), verdict);
    }

    @Test
    void shouldFindPacketsOutOfOrder() {
        final long[] gone = {-1};
        final long[] swaps = {0};
        final Verdict verdict = through(1000, (burst, i, number, node) -> {
            // The next packet of the same flow goes first.
            if (number % 100 == 0 && i + 3 < burst.size()) {
                node.out.emit(burst, i + 3);
                gone[0] = number + 3;
                swaps[0]++;
            }
            return number != gone[0];
        });
        assertTrue(swaps[0] > 0);
        assertEquals(new Verdict(1000, 1000, 0, 0, swaps[0], 0, 0), verdict);
    }

    @Test
    void shouldFindEveryChangedByteBehindTheMacAddresses() {
        final long[] changed = {0};
        final Verdict verdict = through(1000, (burst, i, number, node) -> {
            // Every place in turn, but for the ports and the checksum of UDP, which may be rewritten on the way.
            final int at = 14 + (int) (number % (burst.length(i) - 14));
            final boolean isFree = at >= 34 && at < 38 || at >= 40 && at < 42;
            if (number < 300 && !isFree) {
                UnsafeApi.putByte(burst.address(i) + at, (byte) (UnsafeApi.getByte(burst.address(i) + at) ^ 0x10));
                changed[0]++;
            }
            return true;
        });
        assertTrue(changed[0] > 250);
        assertEquals(changed[0], verdict.corrupt() + verdict.foreign(), verdict::toString);
    }

    @Test
    void shouldLeaveOutWhatIsForOthers() {
        final Traffic sender = Traffic.named("sender").count(100).source(A).destination(B);
        final Traffic other = Traffic.named("other").sinkOnly().source("02:00:00:00:00:0c");
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(other);
        dataplane.start(new Graph().from(from).to(to));
        Until.isTrue(() -> other.verdict().foreign() == 100, () -> other.verdict().toString());
        assertEquals(0, other.received());
    }

    @Test
    void shouldSendBothWaysThroughASwitch() {
        final Traffic a = Traffic.named("a").flows(16).sizes("imix").source(A).count(50_000).paused();
        final Traffic b = Traffic.named("b").flows(16).source(B).destination(a).count(50_000).paused();
        a.destination(b);
        final LearningSwitch bridge = new LearningSwitch(3);
        final Graph graph = new Graph();
        for (final Port port : new Port[] {dataplane.open(a), dataplane.open(b),
            dataplane.open(Traffic.named("c").sinkOnly().source("02:00:00:00:00:0c"))}) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
        assertEquals(0, a.sent() + b.sent());
        a.start();
        b.start();
        Until.isTrue(() -> a.received() == 50_000 && b.received() == 50_000,
            () -> a.verdict(b).plus(b.verdict(a)).toString());
        assertTrue(a.verdict(b).plus(b.verdict(a)).isClean());
        assertEquals("100000 packets sent, 100000 received: each once, in order, unchanged",
            a.verdict(b).plus(b.verdict(a)).toString());
    }

    @Test
    void shouldStopAndGoOn() {
        final Traffic traffic = Traffic.named("t").source(A);
        final Port port = dataplane.open(traffic);
        final MacSwap swap = new MacSwap();
        dataplane.start(new Graph().from(port).to(swap).from(swap.out()).to(port));
        Until.isTrue(() -> traffic.sent() > 1000, () -> "nothing sent");
        traffic.stop();
        final long[] before = {-1};
        Until.isTrue(() -> before[0] == (before[0] = traffic.sent()) && traffic.received() == traffic.sent(),
            () -> "it goes on");
        assertTrue(traffic.verdict().isClean());
        traffic.start();
        Until.isTrue(() -> traffic.sent() > before[0], () -> "it does not go on");
    }

    @Test
    void shouldMeasureHowLongPacketsWereOnTheWay() {
        final Traffic sender = Traffic.named("sender").sizes(60, 1514).count(1000);
        final Traffic sink = Traffic.named("sink").sinkOnly();
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final Trouble slow = new Trouble((burst, i, number, node) -> {
            if (i == 0) {
                LockSupport.parkNanos(2_000_000);
            }
            return true;
        });
        dataplane.start(new Graph().from(from).to(slow).from(slow.out).to(to));
        Until.isTrue(() -> sink.latency().getTotalCount() == 1000, () -> sink.verdict(sender).toString());
        assertTrue(sink.latency().getMinValue() >= 2_000_000, () -> "least " + sink.latency().getMinValue());
        assertEquals(0, sink.untimed() + sender.skipped());
    }

    @Test
    void shouldCountTheTimeForWhichAStallHeldUpTheSender() {
        final Traffic sender = Traffic.named("sender").rate(10_000).count(2000);
        final Traffic sink = Traffic.named("sink").sinkOnly();
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final Trouble stalls = new Trouble((burst, i, number, node) -> {
            if (number == 500) {
                LockSupport.parkNanos(50_000_000);
            }
            return true;
        });
        dataplane.start(new Graph().from(from).to(stalls).from(stalls.out).to(to));
        Until.isTrue(() -> sender.isFinished() && sink.latency().getTotalCount() == 2000, () -> "too slow");
        // At 10 packets a millisecond: what was due in the last 10 ms of it was late by 0 to 10 ms, evenly; what was
        // due before that was skipped. By the time of making them, a burst at most would be late.
        final Histogram latency = sink.latency();
        assertTrue(latency.getCountBetweenValues(5_000_000, Latency.HIGHEST_NS) >= 40, () -> "late: "
            + latency.getCountBetweenValues(5_000_000, Latency.HIGHEST_NS));
        assertTrue(sender.skipped() >= 300, () -> "skipped: " + sender.skipped());
    }

    @Test
    void shouldCountPacketsThatCarryNoTimeOfThisMachine() {
        final Numbered numbered = new Numbered();
        final Udp udp = new Udp();
        final Traffic sender = Traffic.named("sender").count(100);
        final Traffic sink = Traffic.named("sink").sinkOnly();
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final Trouble elsewhere = new Trouble((burst, i, number, node) -> {
            assertTrue(udp.wrap(burst, i, 34) && numbered.wrap(burst, i, Numbered.OFFSET));
            final long sentNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(number % 2 == 0 ? 1000 : -1000);
            numbered.write(numbered.stream(), numbered.flow(), numbered.sequence(), sentNs);
            return true;
        });
        dataplane.start(new Graph().from(from).to(elsewhere).from(elsewhere.out).to(to));
        Until.isTrue(() -> sink.untimed() == 100, () -> sink.verdict(sender).toString());
        assertEquals(0, sink.latency().getTotalCount());
        assertTrue(sink.verdict(sender).isClean(), () -> sink.verdict(sender).toString());
    }

    @Test
    void shouldOpenOnce() {
        final Traffic traffic = Traffic.named("t");
        assertThrows(IllegalStateException.class, traffic::verdict);
        final Port port = dataplane.open(traffic);
        assertEquals("traffic t is open already: make a second one",
            assertThrows(ConfigurationException.class, () -> dataplane.open(traffic)).getMessage());
        assertEquals(1, port.queues());
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        final Traffic t = Traffic.named("t");
        assertThrows(ConfigurationException.class, () -> Traffic.named("a/b"));
        assertThrows(ConfigurationException.class, () -> t.flows(0));
        assertThrows(ConfigurationException.class, () -> t.flows(Traffic.MAX_FLOWS + 1));
        assertThrows(ConfigurationException.class, () -> t.sizes(59));
        assertThrows(ConfigurationException.class, () -> t.sizes(65_550));
        assertThrows(ConfigurationException.class, () -> t.sizes(new int[0]));
        assertThrows(ConfigurationException.class, () -> t.rate(-1));
        assertThrows(ConfigurationException.class, () -> t.count(0));
        assertThrows(ConfigurationException.class, () -> t.source("01:00:00:00:00:01"));
        assertThrows(ConfigurationException.class, () -> t.destination("nobody"));
        assertThrows(ConfigurationException.class, () -> t.destination(Traffic.named("u")));
        assertThrows(ConfigurationException.class, () -> t.tracked(0));
        assertEquals("sizes of \"6x\" cannot be: write 64, or 64,590,1514, or imix",
            assertThrows(ConfigurationException.class, () -> t.sizes("6x")).getMessage());
    }
}
