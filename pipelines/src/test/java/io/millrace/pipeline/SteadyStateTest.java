/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.sun.management.ThreadMXBean;
import io.millrace.Port;
import io.millrace.pipeline.traffic.Traffic;
import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What has to hold over millions of packets. */
class SteadyStateTest {
    private static final String A = "02:00:00:00:00:0a";
    private static final String B = "02:00:00:00:00:0b";

    private final Traffic a = Traffic.named("a").flows(8).source(A);
    private final Traffic b = Traffic.named("b").flows(8).sizes("imix").source(B);
    private final LearningSwitch bridge = new LearningSwitch(3);

    private static Dataplane dataplane() {
        return Dataplane.builder().frames(2048).jumboFrames(0).build();
    }

    /** Two stations that send to each other through a switch, and a third one behind an echo. */
    private void start(final Dataplane dataplane) {
        a.destination(B);
        b.destination(A);
        final Port c = dataplane.open(Traffic.named("c").flows(3).source("02:00:00:00:00:0c").destination(A));
        final MacSwap swap = new MacSwap();
        final Graph graph = new Graph().from(c).to(swap).from(swap.out()).to(bridge)
            .from(bridge.port(c.id())).to(c);
        for (final Port port : new Port[] {dataplane.open(a), dataplane.open(b)}) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
    }

    private static long threadId(final String name) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().equals(name))
            .findFirst().orElseThrow().getId();
    }

    @Test
    void shouldAllocateNothing() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Dataplane dataplane = dataplane()) {
            start(dataplane);
            final long worker = threadId("worker-0");
            // Until the compiler is through: what it interrupts may still allocate once.
            Until.isTrue(() -> a.received() + b.received() > 2_000_000, () -> "too slow");
            long least = Long.MAX_VALUE;
            // A byte for a packet would be in each round.
            for (int round = 0; round < 10 && least > 0; round++) {
                final long packets = a.received() + b.received();
                final long before = threads.getThreadAllocatedBytes(worker);
                Until.isTrue(() -> a.received() + b.received() > packets + 1_000_000, () -> "too slow");
                least = Math.min(least, threads.getThreadAllocatedBytes(worker) - before);
            }
            assertEquals(0, least, "bytes allocated by the worker");
        }
    }

    @Test
    void shouldCloseInTimeUnderLoadWithEveryFrame() {
        final Dataplane dataplane = dataplane();
        start(dataplane);
        Until.isTrue(() -> a.received() > 100_000, () -> "too slow");
        final long startNs = System.nanoTime();
        dataplane.close();
        assertTrue(System.nanoTime() - startNs < TimeUnit.SECONDS.toNanos(2), "it took 2 seconds or more");
    }

    @Test
    void shouldAccountForEveryPacket() {
        try (Dataplane dataplane = dataplane()) {
            final Traffic sender = Traffic.named("sender").count(200_000).flows(64).sizes("imix");
            final Port from = dataplane.open(sender);
            final Port to = dataplane.open(Traffic.named("sink").sinkOnly());
            final MemoryPort slow = (MemoryPort) dataplane.open(MemoryPort.driver("slow", 2));
            slow.line(0).room.set(500);
            slow.line(1).room.set(700);
            final Graph graph = new Graph();
            for (final Port port : new Port[] {from, to, slow}) {
                graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
            }
            dataplane.start(graph);
            Until.isTrue(() -> sender.isFinished() && balance(dataplane, "sink", 200_000) == 0
                && balance(dataplane, "slow", 200_000) == 1200,
                () -> dataplane.counters().snapshot().toString());
            assertEquals(1200, slow.taken().size());
        }
    }

    /** Packets that the sender sent and that are neither taken by, nor dropped on the way to, that port. */
    private static long balance(final Dataplane dataplane, final String port, final long sent) {
        final Map<String, Long> counters = dataplane.counters().snapshot();
        final int id = port.equals("sink") ? 1 : 2;
        long left = sent;
        for (final Map.Entry<String, Long> counter : counters.entrySet()) {
            final String name = counter.getKey();
            final boolean isTaken = name.startsWith("port/" + port + "/tx")
                && (name.endsWith("/packets") || name.contains("/drop/"));
            if (isTaken || name.startsWith("node/learning-switch/out/port" + id + "/drop/")) {
                left -= counter.getValue();
            }
        }
        return left;
    }
}
