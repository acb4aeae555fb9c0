/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.sun.management.ThreadMXBean;
import io.millrace.Burst;
import io.millrace.Port;
import io.millrace.pipeline.traffic.Traffic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Swaps while packets flow: none may be lost, doubled or overtaken within a flow.
 *
 * <p>{@code -Dmillrace.swap.packets=100000000 -Dmillrace.swap.every-ms=100} for the long run; by default it is a short
 * one with many swaps.
 */
class SwapUnderTrafficTest {
    private static final long PACKETS = Long.getLong("millrace.swap.packets", 2_000_000);
    private static final long EVERY_MS = Long.getLong("millrace.swap.every-ms", 5);
    private static final String A = "02:00:00:00:00:0a";
    private static final String B = "02:00:00:00:00:0b";
    // Less than any queue on the way holds.
    private static final int WINDOW = 256;

    private final Dataplane dataplane = Dataplane.builder().frames(4096).jumboFrames(0).idle(Idle.BACKOFF)
        .maxWait(Duration.ofMillis(100)).build();
    private final Traffic a = Traffic.named("a").flows(16).source(A).destination(B).count(PACKETS / 2);
    private final Traffic b = Traffic.named("b").flows(16).source(B).destination(A).count(PACKETS / 2);
    private final LearningSwitch bridge = new LearningSwitch(2);
    private final TestNodes.Pass pass = new TestNodes.Pass();
    private final Worker edge = dataplane.worker("edge");
    private final Worker core = dataplane.worker("core");
    private final AtomicLong watched = new AtomicLong();
    private final Port portA;
    private final Port portB;

    SwapUnderTrafficTest() {
        a.window(WINDOW, b);
        b.window(WINDOW, a);
        portA = dataplane.open(a);
        portB = dataplane.open(b);
    }

    @AfterEach
    void close() {
        dataplane.close();
    }

    private Graph direct() {
        return new Graph().from(portA).to(bridge).from(portB).to(bridge)
            .from(bridge.port(0)).to(portA).from(bridge.port(1)).to(portB);
    }

    private Graph detour() {
        return new Graph().from(portA).to(pass).from(pass.out).to(bridge).from(portB).to(bridge)
            .from(bridge.port(0)).to(portA).from(bridge.port(1)).to(portB);
    }

    private Graph watched() {
        final Graph graph = direct().place(edge, portA, portB).place(core, bridge);
        return graph.watch(graph.wire("a-learning-switch"), worker -> (Burst burst) ->
            watched.lazySet(watched.getPlain() + burst.size()));
    }

    /** Another way, with another share of the work on each worker. */
    private Graph graph(final int number) {
        return switch (number % 6) {
            case 0 -> direct().place(edge, portA, portB).place(core, bridge);
            case 1 -> detour().place(edge, portA, portB).place(core, bridge, pass);
            case 2 -> watched();
            case 3 -> detour().place(edge, portA, pass).place(core, bridge, portB);
            case 4 -> direct().place(core, portA, portB, bridge);
            default -> detour().place(core, portA, portB).place(edge, pass, bridge);
        };
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void shouldLoseDoubleOrReorderNothing() {
        dataplane.start(graph(0));
        int swaps = 0;
        long nextNs = System.nanoTime();
        while (a.received() + b.received() < PACKETS) {
            nextNs += TimeUnit.MILLISECONDS.toNanos(EVERY_MS);
            final long before = a.received() + b.received();
            dataplane.apply(graph(++swaps));
            LockSupport.parkNanos(nextNs - System.nanoTime());
            if (System.nanoTime() - nextNs > 0) {
                nextNs = System.nanoTime();
            }
            // They may be slow here, but they come.
            Until.isTrue(() -> a.received() + b.received() > before || a.received() + b.received() >= PACKETS,
                () -> "no packet since the swap: " + dataplane.counters().snapshot());
        }
        assertTrue(a.verdict(b).isClean(), () -> a.verdict(b).toString());
        assertTrue(b.verdict(a).isClean(), () -> b.verdict(a).toString());
        final Map<String, Long> counters = dataplane.counters().snapshot();
        counters.forEach((name, value) -> assertTrue(value == 0 || !name.contains("/drop/"), name + " " + value));
        assertEquals(swaps, counters.get("dataplane/swaps"));
        assertEquals(2, counters.get("node/learning-switch/fdb-size"), "the switch has forgotten who is where");
        assertTrue(watched.get() > 0 || swaps < 3);
        System.out.printf("%d packets, %d swaps, %d microseconds each on average%n", PACKETS, swaps,
            counters.get("dataplane/paused-ns") / swaps / 1000);
    }

    @Test
    void shouldAllocateNothingForPackets() {
        final ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        dataplane.start(graph(0));
        dataplane.apply(graph(2));
        dataplane.apply(graph(1));
        Until.isTrue(() -> a.received() + b.received() > PACKETS / 4, () -> "too slow");
        final long[] workers = Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> List.of("edge", "core").contains(thread.getName())).mapToLong(Thread::getId).toArray();
        assertEquals(2, workers.length);
        long least = Long.MAX_VALUE;
        // What the compiler interrupts may still allocate once; a byte for a packet would be in each round.
        for (int round = 0; round < 10 && least > 0; round++) {
            final long packets = a.received() + b.received();
            final long before = allocated(bean, workers);
            final int step = round;
            Until.isTrue(() -> a.received() + b.received() > packets + PACKETS / 20, () -> "too slow in " + step);
            least = Math.min(least, allocated(bean, workers) - before);
        }
        assertEquals(0, least, "bytes allocated by both workers after swaps");
    }

    private static long allocated(final ThreadMXBean bean, final long[] threads) {
        long bytes = 0;
        for (final long thread : threads) {
            bytes += bean.getThreadAllocatedBytes(thread);
        }
        return bytes;
    }
}
