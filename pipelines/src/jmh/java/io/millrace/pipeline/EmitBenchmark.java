/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What does each way out of a node cost?
 *
 * <pre>
 *                    +-- left ---+
 *   loop.rx --&gt; [node]           +--&gt; loop.tx
 *                    +-- right --+
 * </pre>
 *
 * <p>{@code emitAll}: all to the left at once. {@code emit}: all to the left, one by one. {@code split}: in turn.
 * {@code copy}: all to the left and a copy of each, of 64 bytes, to the right. Hypothesis: emitAll costs the same for
 * any burst, for it swaps two arrays where both inboxes are of one size, else copies one; emit and split cost about a
 * nanosecond a packet; a copy costs a frame taken and freed and two cache lines written.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class EmitBenchmark {
    private static final int BURSTS = 30_000;

    /** How many packets travel together. */
    @Param({"1", "4", "32", "256"})
    private int burst;
    /** Which way. */
    @Param({"emitAll", "emit", "split", "copy"})
    private String by;
    private Treadmill treadmill;

    /** Starts a data plane. */
    @Setup
    public void start() {
        treadmill = new Treadmill(burst);
        final LoopPort loop = treadmill.add("loop", i -> Packets.ethernet(Packets.B, Packets.A, i));
        final Exit exit = switch (by) {
            case "emitAll" -> new All();
            case "emit" -> new Each();
            case "split" -> new Split();
            default -> new Copy();
        };
        treadmill.start(new Graph().from(loop).to(exit).from(exit.left).to(loop).from(exit.right).to(loop));
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        treadmill.close();
    }

    /** One burst. */
    @Benchmark
    @OperationsPerInvocation(BURSTS)
    public void pass() {
        treadmill.run(BURSTS);
    }

    private abstract static class Exit extends Node {
        final Output left = output("left");
        final Output right = output("right");
    }

    private static final class All extends Exit {
        @Override
        protected void process(final Burst burst) {
            left.emitAll(burst);
        }
    }

    private static final class Each extends Exit {
        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                left.emit(burst, i);
            }
        }
    }

    private static final class Split extends Exit {
        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                (i % 2 == 0 ? left : right).emit(burst, i);
            }
        }
    }

    private static final class Copy extends Exit {
        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                right.emitCopy(burst, i);
                left.emit(burst, i);
            }
        }
    }
}
