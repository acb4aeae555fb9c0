/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How long does it take to change a graph under traffic?
 *
 * <pre>
 *   loop.rx --&gt; [A] --&gt; ... [H] --&gt; loop.tx     and the same with one node less, in turn
 * </pre>
 *
 * <p>The time is that of {@link Dataplane#apply} for who calls it; the worker itself stands still for less, see the
 * counters. Hypothesis: tens of microseconds, most of which goes to check and to link the new graph, while packets
 * flow.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class SwapBenchmark {
    /** How many nodes there are. */
    @Param({"1", "8"})
    private int nodes;
    private Treadmill treadmill;
    private Graph current;
    private Graph next;

    /** Starts a data plane and its traffic. */
    @Setup
    public void start() {
        treadmill = new Treadmill(Burst.DEFAULT_CAPACITY);
        final LoopPort loop = treadmill.add("loop", i -> Packets.ethernet(Packets.B, Packets.A, i));
        final List<Hops.Hop> hops = Hops.first(nodes);
        current = Hops.chain(loop, hops);
        next = Hops.chain(loop, hops.subList(0, nodes - 1));
        treadmill.start(current);
        treadmill.spin();
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        treadmill.close();
    }

    /** To the other graph. */
    @Benchmark
    public Object apply() {
        final Graph applied = next;
        next = current;
        current = applied;
        return treadmill.dataplane().apply(applied);
    }
}
