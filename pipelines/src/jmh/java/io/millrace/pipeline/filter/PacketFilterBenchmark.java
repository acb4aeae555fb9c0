/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.pipeline.PacketBurst;
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
 * What does it cost to ask whether a packet passes a filter?
 *
 * <p>Hypothesis: a few nanoseconds for each condition that has to be looked at; UDP packets over IPv4 here.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class PacketFilterBenchmark {
    private static final int BURST = 32;

    /** From one look at the packet to several. */
    @Param({"ip6", "udp port 53", "host 10.0.0.1 and udp and not port 80"})
    private String expression;
    private PacketFilter filter;
    private PacketBurst burst;

    /** Compiles the filter. */
    @Setup
    public void open() {
        filter = PacketFilter.compile(expression);
        burst = PacketBurst.udp(BURST);
    }

    /** Frees the packets. */
    @TearDown
    public void close() {
        burst.close();
    }

    /** One packet of a burst. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int packet() {
        int passed = 0;
        for (int i = 0; i < BURST; i++) {
            passed += filter.matches(burst.burst(), i) ? 1 : 0;
        }
        return passed;
    }
}
