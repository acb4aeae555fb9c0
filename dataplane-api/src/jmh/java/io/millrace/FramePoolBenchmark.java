/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.GroupThreads;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What does it cost to take a frame and to give it back?
 *
 * <pre>
 *   cacheHit      cache: allocate, free             the same frame again and again
 *   throughDepot  cache: allocate {@value #RUN}, free {@value #RUN}   more than a cache holds, so chunks come and go
 *   contended     the same on two threads, each with a cache of its own, on one depot
 * </pre>
 *
 * <p>Hypothesis: a hit is a few nanoseconds, for the frame is on top of an array; a chunk of 64 frames costs two
 * queue operations each way, so a frame that goes through the depot costs about the same, contended or not.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class FramePoolBenchmark {
    private static final int RUN = 1024;

    /** The pool that all threads share. */
    @State(Scope.Benchmark)
    public static class Pool {
        private FramePool pool;

        /** Makes it. */
        @Setup(Level.Trial)
        public void open() {
            pool = FramePool.create(8 * RUN, 0);
        }

        /** Finds out whether every frame is back. */
        @TearDown(Level.Trial)
        public void close() {
            pool.close();
        }
    }

    /** What one thread has of it. */
    @State(Scope.Thread)
    public static class Cache {
        private FrameCache frames;
        private final int[] taken = new int[RUN];

        /** Makes it. */
        @Setup(Level.Trial)
        public void open(final Pool pool) {
            frames = pool.pool.cache(Thread.currentThread().getName());
        }

        private void cycle() {
            for (int i = 0; i < RUN; i++) {
                taken[i] = frames.allocate();
            }
            for (int i = 0; i < RUN; i++) {
                frames.free(taken[i]);
            }
        }
    }

    /** One frame. */
    @Benchmark
    public int cacheHit(final Cache cache) {
        final int offset = cache.frames.allocate();
        cache.frames.free(offset);
        return offset;
    }

    /** One frame of many. */
    @Benchmark
    @OperationsPerInvocation(RUN)
    public void throughDepot(final Cache cache) {
        cache.cycle();
    }

    /** One frame of many, while another thread does the same. */
    @Benchmark
    @Group("contended")
    @GroupThreads(2)
    @OperationsPerInvocation(RUN)
    public void contended(final Cache cache) {
        cache.cycle();
    }
}
