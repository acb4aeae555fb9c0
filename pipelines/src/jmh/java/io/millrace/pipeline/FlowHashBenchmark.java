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
 * What does it cost to find out which flow a packet is of, as where flows are spread over queues?
 *
 * <p>Hypothesis: some 5 ns a packet, most of it for the checks that a header is there and whole.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class FlowHashBenchmark {
    private static final int BURST = 32;

    /** UDP over IPv4, and what has no more than MAC addresses. */
    @Param({"udp", "ethernet"})
    private String packets;
    private final FlowHash hash = new FlowHash();
    private PacketBurst burst;

    /** Makes packets. */
    @Setup
    public void open() {
        burst = packets.equals("udp") ? PacketBurst.udp(BURST)
            : new PacketBurst(BURST, i -> Packets.ethernet(Packets.A, Packets.B, i));
    }

    /** Frees them. */
    @TearDown
    public void close() {
        burst.close();
    }

    /** One packet of a burst. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int packet() {
        int sum = 0;
        for (int i = 0; i < BURST; i++) {
            sum += hash.of(burst.burst(), i);
        }
        return sum;
    }
}
