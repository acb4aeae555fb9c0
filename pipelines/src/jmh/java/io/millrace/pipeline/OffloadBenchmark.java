/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Offload;
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
 * What does it cost to do for a port what it does not do itself: 64 KiB of TCP, as 45 packets whose checksums are
 * missing, or as one that is to be cut into as many?
 *
 * <p>The packets are copied into frames before, as a driver does; {@code port} says what that and all else costs, for
 * there the port takes them as they are. Hypothesis: a checksum costs less than the copy, for it only reads; cutting
 * costs a second copy and the checksums. It does not hold: copies are of whole cache lines, sums of 8 bytes a step, and
 * cost three times as much.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class OffloadBenchmark {
    private static final int SEGMENT = 1448;
    private static final int SEGMENTS = 45;
    private static final int ETHERNET = 14;
    private static final int TCP = 34;
    private static final int CHECKSUM = 16;
    private static final int HEADERS = 54;
    private static final int ALL = Offload.CSUM | Offload.TSO4;

    /** What is left to be done. */
    @Param({"checksums", "segmentation"})
    private String work;
    /** Who does it. */
    @Param({"port", "software"})
    private String by;
    private final FramePool pool = FramePool.create(256, 4);
    private final FrameCache frames = pool.cache("bench");
    private final Counters counters = Counters.inMemory();
    private final Burst inbox = new Burst(frames, 64);
    private long packet;
    private int length;
    private int packets;
    private OffloadStage stage;

    /** Makes a packet. */
    @Setup
    public void open() {
        final boolean isLarge = work.equals("segmentation");
        packets = isLarge ? 1 : SEGMENTS;
        length = HEADERS + (isLarge ? SEGMENTS * SEGMENT : SEGMENT);
        packet = UnsafeApi.allocateMemory(length);
        UnsafeApi.setMemory(packet, length, (byte) 7);
        UnsafeApi.putShort(packet + 12, (short) 0x0008);
        UnsafeApi.putByte(packet + ETHERNET, (byte) 0x45);
        UnsafeApi.putShort(packet + ETHERNET + 2, Short.reverseBytes((short) (length - ETHERNET)));
        UnsafeApi.putShort(packet + ETHERNET + 6, (short) 0);
        UnsafeApi.putByte(packet + ETHERNET + 9, (byte) 6);
        UnsafeApi.putByte(packet + TCP + 12, (byte) 0x50);
        final int taken = by.equals("port") ? ALL : 0;
        stage = new OffloadStage(frames, inbox, () -> taken, inbox::freeAll, "bench", "a benchmark",
            counters.scope("bench"));
    }

    /** Frees what there is. */
    @TearDown
    public void close() {
        UnsafeApi.freeMemory(packet);
        frames.close();
        pool.close();
        counters.close();
    }

    /** All 64 KiB. */
    @Benchmark
    public int bytes64k() {
        for (int i = 0; i < packets; i++) {
            final int offset = frames.allocateFor(length);
            UnsafeApi.copyMemory(packet, pool.baseAddress() + offset, length);
            inbox.add(offset, length, 0);
            final boolean isSet = packets == 1
                ? inbox.offload(i, TCP, CHECKSUM, Offload.GSO_TCPV4, SEGMENT, HEADERS)
                : inbox.offload(i, TCP, CHECKSUM, Offload.GSO_NONE, 0, 0);
            if (!isSet) {
                throw new IllegalStateException("no headroom");
            }
        }
        stage.run();
        final int n = inbox.freeAll();
        if (by.equals("port") ? n != packets : n != SEGMENTS) {
            throw new IllegalStateException(n + " packets came out");
        }
        return n;
    }
}
