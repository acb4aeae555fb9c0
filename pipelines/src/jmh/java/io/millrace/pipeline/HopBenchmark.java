/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

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
 * What does a node cost that does nothing, for each burst?
 *
 * <pre>
 *   loop.rx -&gt; [A] -&gt; [B] -&gt; ... [H] -&gt; loop.tx       nodes: 0, 1, 8, each of another class
 * </pre>
 *
 * <p>Hypothesis: a few nanoseconds for each burst and node, whatever the size of the burst, of which the call that the
 * compiler cannot resolve is 1.5; (8 nodes - 0 nodes) / 8. What 0 nodes cost is the ports' and the worker's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class HopBenchmark {
    private static final int BURSTS = 100_000;

    /** How many packets travel together. */
    @Param({"1", "4", "32", "256"})
    private int burst;
    /** How many nodes there are in a row. */
    @Param({"0", "1", "8"})
    private int nodes;
    private Treadmill treadmill;

    /** Starts a data plane. */
    @Setup
    public void start() {
        treadmill = new Treadmill(burst);
        final LoopPort loop = treadmill.add("loop", i -> Packets.ethernet(Packets.B, Packets.A, i));
        treadmill.start(Hops.chain(loop, Hops.first(nodes)));
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        treadmill.close();
    }

    /** One burst through all nodes. */
    @Benchmark
    @OperationsPerInvocation(BURSTS)
    public void pass() {
        treadmill.run(BURSTS);
    }
}
