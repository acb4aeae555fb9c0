/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * How many packets, and how many bursts, come from one worker to another?
 *
 * <pre>
 *   thread 1: allocate, transmit --&gt; [ handoff ] --&gt; receive, free :thread 2
 *       ^                                              |
 *       +---------------- depot of the pool -----------+
 * </pre>
 *
 * <p>The sender waits when it is full, so nothing is dropped; frames go round by the pool's depot. {@code packets} and
 * {@code bursts} are those received; what JMH counts itself are polls, most of them for nothing. Hypothesis: a parcel
 * costs a few cache lines that change cores, some 100 ns, so bursts of 32 bring over far more packets than single ones,
 * until the copies of descriptors and the frames' way back are what it costs.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class HandoffBenchmark {
    private static final int MOST = 1024;

    /** What both threads have. */
    @State(Scope.Group)
    public static class Way {
        /** How many packets travel together. */
        @Param({"1", "4", "32", "256"})
        private int burst;
        /** Whether the receiver could be asleep, so that the sender has to look: then with a full fence a burst. */
        @Param({"false", "true"})
        private boolean wakes;
        private final Queue<End> ends = new ConcurrentLinkedQueue<>();
        private FramePool pool;
        private Handoff handoff;

        /** Makes it. */
        @Setup
        public void open() {
            pool = FramePool.create(8 * MOST, 0);
            handoff = new Handoff(burst, MOST, wakes, Counters.inMemory().scope("handoff", "bench"));
        }

        /** Finds out whether every frame is back, once both threads have stopped. */
        @TearDown
        public void close() {
            ends.forEach(end -> end.packets.freeAll());
            try (FrameCache frames = pool.cache("rest")) {
                handoff.drain(frames);
            }
            handoff.close();
            pool.close();
        }
    }

    /** What one thread has. */
    @State(Scope.Thread)
    public static class End {
        private FrameCache frames;
        private Burst packets;

        /** Makes it. */
        @Setup
        public void open(final Way way) {
            frames = way.pool.cache(Thread.currentThread().getName());
            packets = new Burst(frames, way.burst);
            way.ends.add(this);
        }
    }

    /** What came over. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Received {
        /** Packets. */
        public long packets;
        /** Polls that brought some. */
        public long bursts;
    }

    /** Sends what there is room for. */
    @Benchmark
    @Group("handoff")
    public int send(final Way way, final End end) {
        while (end.packets.remaining() > 0) {
            final int offset = end.frames.allocate();
            if (offset == FramePool.NONE) {
                break;
            }
            end.packets.add(offset, 64, 0);
        }
        return way.handoff.tx().transmit(end.packets);
    }

    /** Receives what is there. */
    @Benchmark
    @Group("handoff")
    public int receive(final Way way, final End end, final Received received) {
        final int n = way.handoff.rx().receive(end.packets);
        if (n > 0) {
            received.packets += end.packets.freeAll();
            received.bursts++;
        }
        return n;
    }
}
