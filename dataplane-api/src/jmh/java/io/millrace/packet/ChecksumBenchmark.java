/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import org.agrona.UnsafeApi;
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

import java.util.concurrent.TimeUnit;

/**
 * What does the Internet checksum cost, of a range in the first-level cache?
 *
 * <p>Hypothesis: 16 bytes in less than a nanosecond, so a packet of 1500 bytes takes about 60 ns; to change one word of
 * a range costs a nanosecond, however long it is.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class ChecksumBenchmark {
    /** An IPv4 header, a short packet, an Ethernet packet, a jumbo packet. */
    @Param({"20", "64", "1500", "9000"})
    private int bytes;
    private long address;
    private int word;

    /** Takes memory. */
    @Setup
    public void open() {
        address = UnsafeApi.allocateMemory(bytes);
        for (int i = 0; i < bytes; i++) {
            UnsafeApi.putByte(address + i, (byte) (i * 31));
        }
    }

    /** Gives it back. */
    @TearDown
    public void close() {
        UnsafeApi.freeMemory(address);
    }

    /** Of the whole range. */
    @Benchmark
    public int whole() {
        return Checksum.of(address, bytes);
    }

    /** After one word has changed. */
    @Benchmark
    public int update() {
        word++;
        return Checksum.update(0x1234, word & 0xffff, word + 1 & 0xffff);
    }
}
