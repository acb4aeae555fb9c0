/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import com.sun.management.ThreadMXBean;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Frames between a cache and the depot, on one thread and on several. */
class FrameCacheTest {
    private static final int FRAMES = 1000;
    private static final int JUMBO_FRAMES = 10;

    private final FramePool pool = FramePool.create(FRAMES, JUMBO_FRAMES);
    private final FrameCache cache = pool.cache("test");

    @AfterEach
    void everyFrameIsBack() {
        assertEquals(FRAMES + JUMBO_FRAMES, pool.free());
        pool.close();
    }

    private static void freeAll(final FrameCache to, final List<Integer> offsets) {
        offsets.forEach(to::free);
        offsets.clear();
    }

    @Test
    void shouldHandOutTheFrameFreedLast() {
        final int first = cache.allocate();
        final int second = cache.allocate();
        cache.free(second);
        cache.free(first);
        assertEquals(first, cache.allocate());
        assertEquals(second, cache.allocate());
        cache.free(first);
        cache.free(second);
    }

    @Test
    void shouldAnswerNoneWhenThePoolIsEmptyAndRecover() {
        final List<Integer> taken = new ArrayList<>();
        for (int offset = cache.allocate(); offset != FramePool.NONE; offset = cache.allocate()) {
            taken.add(offset);
        }
        assertEquals(FRAMES, taken.size());
        assertEquals(FramePool.NONE, cache.allocateFor(64));
        assertEquals(JUMBO_FRAMES, pool.free());
        freeAll(cache, taken);
        cache.free(cache.allocate());
    }

    @Test
    void shouldTakeManyAtOnce() {
        final int[] offsets = new int[130];
        assertEquals(128, cache.allocate(offsets, 2, 128));
        assertEquals(0, offsets[0]);
        assertEquals(0, offsets[1]);
        for (int i = 2; i < 130; i++) {
            cache.free(offsets[i]);
        }
    }

    @Test
    void shouldTakeTheLastFramesAtOnceAndThenNone() {
        final int[] offsets = new int[FRAMES + 128];
        int taken = 0;
        for (int got = 128; got == 128; taken += got) {
            got = cache.allocate(offsets, taken, 128);
        }
        assertEquals(FRAMES, taken);
        assertEquals(0, cache.allocate(offsets, taken, 128));
        for (int i = 0; i < taken; i++) {
            cache.free(offsets[i]);
        }
    }

    @Test
    void shouldTakeNothingWhenAskedForNothing() {
        assertEquals(0, cache.allocate(new int[0], 0, 0));
    }

    @Test
    void shouldChooseTheClassByLength() {
        final int normal = cache.allocateFor(FramePool.FRAME_CAPACITY);
        final int jumbo = cache.allocateFor(FramePool.FRAME_CAPACITY + 1);
        final int largest = cache.allocateFor(FramePool.JUMBO_CAPACITY);
        assertTrue(cache.tailroom(normal) < FramePool.FRAME_SIZE);
        assertTrue(cache.tailroom(jumbo) >= FramePool.JUMBO_CAPACITY);
        assertTrue(cache.tailroom(largest) >= FramePool.JUMBO_CAPACITY);
        assertEquals(FramePool.NONE, cache.allocateFor(FramePool.JUMBO_CAPACITY + 1));
        freeAll(cache, new ArrayList<>(List.of(normal, jumbo, largest)));
    }

    @Test
    void shouldGiveEverythingBackWhenClosedAndStayUsable() {
        cache.free(cache.allocate());
        cache.free(cache.allocateJumbo());
        cache.close();
        assertEquals(0, cache.size());
        assertEquals(FRAMES, pool.depot().size());
        assertEquals(JUMBO_FRAMES, pool.jumboDepot().size());
        cache.free(cache.allocate());
    }

    @Test
    void shouldKeepFramesApartThroughManyPartlyFullChunks() {
        // Each close leaves a chunk with one frame: more chunks than were made at the start.
        final List<Integer> taken = new ArrayList<>();
        for (int offset = cache.allocate(); offset != FramePool.NONE; offset = cache.allocate()) {
            taken.add(offset);
        }
        for (final int offset : taken) {
            cache.free(offset);
            cache.close();
        }
        assertEquals(FRAMES + JUMBO_FRAMES, pool.free());
    }

    @Test
    void shouldAllocateNothingOnTheHeap() {
        final int[] offsets = new int[128];
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long thread = Thread.currentThread().getId();
        long bytes = Long.MAX_VALUE;
        // The first rounds load classes and link call sites; the best of the later ones counts.
        for (int round = 0; round < 20; round++) {
            final long before = threads.getThreadAllocatedBytes(thread);
            for (int i = 0; i < 200; i++) {
                exchange(offsets);
            }
            bytes = Math.min(bytes, threads.getThreadAllocatedBytes(thread) - before);
        }
        assertEquals(0, bytes);
    }

    private void exchange(final int[] offsets) {
        final int n = cache.allocate(offsets, 0, 128);
        final int jumbo = cache.allocateJumbo();
        final int one = cache.allocateFor(100);
        for (int i = 0; i < n; i++) {
            cache.free(offsets[i]);
        }
        cache.free(jumbo);
        cache.free(one);
        cache.close();
    }

    @Test
    void shouldBringEveryFrameBackThatOneThreadTakesAndAnotherFrees() throws Exception {
        final BlockingQueue<Integer> edge = new ArrayBlockingQueue<>(300);
        final int packets = 200_000;
        final FrameCache taker = pool.cache("taker");
        final FrameCache giver = pool.cache("giver");
        final ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            final Future<?> takes = threads.submit(() -> {
                for (int sent = 0; sent < packets;) {
                    final int offset = taker.allocate();
                    if (offset == FramePool.NONE) {
                        Thread.onSpinWait();
                    } else {
                        edge.put(offset);
                        sent++;
                    }
                }
                return null;
            });
            final Future<?> gives = threads.submit(() -> {
                for (int received = 0; received < packets; received++) {
                    giver.free(edge.take());
                }
                return null;
            });
            takes.get(60, TimeUnit.SECONDS);
            gives.get(60, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void shouldNeverHandAFrameToTwoThreads() throws Exception {
        final ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            final List<Future<Integer>> results = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                results.add(threads.submit(scribbler(i)));
            }
            for (final Future<Integer> result : results) {
                assertEquals(0, result.get(60, TimeUnit.SECONDS), "frames that another thread wrote to");
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Takes frames, writes its mark into them, and looks before it frees them whether the mark is still there. */
    private Callable<Integer> scribbler(final int mark) {
        final FrameCache own = pool.cache("scribbler " + mark);
        return () -> {
            final Random random = new Random(mark);
            final List<Integer> held = new ArrayList<>();
            int spoiled = 0;
            for (int i = 0; i < 200_000; i++) {
                if (random.nextInt(400) > held.size()) {
                    final int offset = random.nextInt(50) == 0 ? own.allocateJumbo() : own.allocate();
                    if (offset != FramePool.NONE) {
                        UnsafeApi.putInt(pool.baseAddress() + offset, mark);
                        held.add(offset);
                    }
                } else if (!held.isEmpty()) {
                    final int offset = held.remove(held.size() - 1);
                    spoiled += UnsafeApi.getInt(pool.baseAddress() + offset) == mark ? 0 : 1;
                    own.free(offset);
                }
            }
            freeAll(own, held);
            return spoiled;
        };
    }
}
