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
 * What does it cost that every stage is timed in one of 64 passes?
 *
 * <pre>
 *   loop.rx -&gt; [A] -&gt; [B] -&gt; ... [H] -&gt; loop.tx       8 nodes that do nothing: the worst there is
 * </pre>
 *
 * <p>Hypothesis: eleven readings of the clock of some 25 ns in 64 passes, 4 ns a pass; nothing that shows with bursts.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(8)
public class SamplingBenchmark {
    private static final int BURSTS = 100_000;

    /** How many packets travel together. */
    @Param({"1", "32"})
    private int burst;
    /** Whether stages are timed. */
    @Param({"false", "true"})
    private boolean sampling;
    private Treadmill treadmill;

    /** Starts a data plane. */
    @Setup
    public void start() {
        treadmill = new Treadmill(burst, sampling);
        final LoopPort loop = treadmill.add("loop", i -> Packets.ethernet(Packets.B, Packets.A, i));
        treadmill.start(Hops.chain(loop, Hops.first(8)));
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
