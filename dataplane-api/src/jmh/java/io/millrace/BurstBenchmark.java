/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

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
 * What do the movements of packets between bursts cost, for a whole burst?
 *
 * <pre>
 *   [ one ] -- move, each | moveAll | parcel --&gt; [ other ] --&gt; and back the same way
 * </pre>
 *
 * <p>Hypothesis: {@code moveAll} is a swap of two arrays, the same for any size; a parcel is two array copies; {@code
 * move} is a load and two stores a packet; header changes are one load and one store a packet.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class BurstBenchmark {
    private static final int LENGTH = 64;
    private static final int HEADER = 14;

    /** How many packets travel together. */
    @Param({"1", "4", "32", "256"})
    private int burst;
    private FramePool pool;
    private Burst one;
    private Burst other;
    private Parcel parcel;

    /** Fills a burst. */
    @Setup
    public void fill() {
        pool = FramePool.create(burst, 0);
        final FrameCache frames = pool.cache("bench");
        one = new Burst(frames, burst);
        other = new Burst(frames, burst);
        parcel = new Parcel(burst);
        while (one.remaining() > 0) {
            one.add(frames.allocate(), LENGTH, 0);
        }
    }

    /** Fails if a packet is missing. */
    @TearDown
    public void close() {
        one.freeAll();
        other.freeAll();
        pool.close();
    }

    private void turn() {
        final Burst turned = one;
        one = other;
        other = turned;
    }

    /** One by one. */
    @Benchmark
    public void move() {
        for (int i = 0; i < one.size(); i++) {
            one.move(i, other);
        }
        one.settle("bench");
        turn();
    }

    /** All at once. */
    @Benchmark
    public void moveAll() {
        one.moveAll(other);
        turn();
    }

    /** By a parcel, as between two workers. */
    @Benchmark
    public void parcel() {
        parcel.load(one, burst);
        parcel.unload(other);
        turn();
    }

    /** A header off and on again. */
    @Benchmark
    public void trimAndPush() {
        for (int i = 0; i < one.size(); i++) {
            one.trimFront(i, HEADER);
            one.pushFront(i, HEADER);
        }
    }
}
