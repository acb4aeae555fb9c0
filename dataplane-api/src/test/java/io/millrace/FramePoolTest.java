/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** How the region is cut, what it costs to ask for too much, and what is said at the end. */
class FramePoolTest {
    @Test
    void shouldHoldAllItsFramesWhenNew() {
        try (FramePool pool = FramePool.create(1000, 7)) {
            assertEquals(1000, pool.frames());
            assertEquals(7, pool.jumboFrames());
            assertEquals(1007, pool.free());
            assertTrue(pool.size() >= 1000L * FramePool.FRAME_SIZE + 7L * FramePool.JUMBO_CAPACITY);
        }
    }

    @Test
    void shouldShareItsMemoryThroughItsDescriptor() {
        try (FramePool pool = FramePool.create(8, 0)) {
            assertTrue(pool.fd().status().isMemory());
            assertTrue(pool.fd().status().isSealedAgainstShrinking());
            assertEquals(pool.size(), pool.fd().status().size());
        }
    }

    @Test
    void shouldGiveEachNormalFrameOnceWithRoomForItsCapacity() {
        try (FramePool pool = FramePool.create(300, 0); FrameCache cache = pool.cache("test")) {
            final Set<Integer> frames = new HashSet<>();
            final Set<Integer> colours = new HashSet<>();
            for (int i = 0; i < 300; i++) {
                final int offset = cache.allocate();
                assertEquals(0, offset % 64, "cache line");
                assertTrue(frames.add(offset / FramePool.FRAME_SIZE));
                colours.add(offset % FramePool.FRAME_SIZE);
                assertTrue(cache.headroom(offset) >= FramePool.HEADROOM);
                assertTrue(cache.tailroom(offset) >= FramePool.FRAME_CAPACITY);
                assertEquals(FramePool.FRAME_SIZE,
                    FramePool.RESERVED + cache.headroom(offset) + cache.tailroom(offset));
                assertTrue(offset + cache.tailroom(offset) <= pool.size());
            }
            assertEquals(4, colours.size());
            frames.forEach(frame -> cache.free(frame * FramePool.FRAME_SIZE));
        }
    }

    @Test
    void shouldGiveEachJumboFrameOnceWithRoomForItsCapacity() {
        try (FramePool pool = FramePool.create(3, 20); FrameCache cache = pool.cache("test")) {
            final int[] offsets = new int[20];
            int end = 3 * FramePool.FRAME_SIZE;
            for (int i = 0; i < 20; i++) {
                offsets[i] = cache.allocateJumbo();
                assertEquals(0, offsets[i] % 64, "cache line");
                assertTrue(cache.headroom(offsets[i]) >= FramePool.HEADROOM);
                assertTrue(cache.tailroom(offsets[i]) >= FramePool.JUMBO_CAPACITY);
            }
            assertEquals(FramePool.NONE, cache.allocateJumbo());
            Arrays.sort(offsets);
            for (final int offset : offsets) {
                assertEquals(end, offset - cache.headroom(offset) - FramePool.RESERVED);
                end = offset + cache.tailroom(offset);
                cache.free(offset + cache.tailroom(offset) - 1);
            }
            assertTrue(end <= pool.size());
        }
    }

    @Test
    void shouldReachEveryByteOfTheLastFrame() {
        try (FramePool pool = FramePool.create(1, 1); FrameCache cache = pool.cache("test")) {
            final int offset = cache.allocateJumbo();
            final long last = pool.baseAddress() + offset + cache.tailroom(offset) - 1;
            UnsafeApi.putByte(last, (byte) 7);
            assertEquals(7, UnsafeApi.getByte(last));
            cache.free(offset);
        }
    }

    @Test
    void shouldRefuseLessThanOneFrame() {
        assertThrows(ConfigurationException.class, () -> FramePool.create(0, 5));
        assertThrows(ConfigurationException.class, () -> FramePool.create(5, -1));
    }

    @Test
    void shouldRefuseMoreThanTwoGibibytes() {
        final int tooMany = Integer.MAX_VALUE / FramePool.FRAME_SIZE + 1;
        final ConfigurationException error =
            assertThrows(ConfigurationException.class, () -> FramePool.create(tooMany, 0));
        assertEquals("a frame pool of 1048576 normal and 0 jumbo frames cannot be: take 1 or more, 2 GiB "
            + "in all at most",
            error.getMessage());
        assertThrows(ConfigurationException.class, () -> FramePool.create(Integer.MAX_VALUE, Integer.MAX_VALUE));
        assertThrows(ConfigurationException.class, () -> FramePool.create(1, 32_000));
    }

    @Test
    void shouldNameWhoHoldsMissingFramesAtClose() {
        final FramePool pool = FramePool.create(10, 2);
        final FrameCache first = pool.cache("worker-0");
        final FrameCache second = pool.cache("worker-1");
        first.allocate();
        first.allocate();
        second.allocateJumbo();
        assertEquals("3 of 12 frames are missing: 2 taken by worker-0, 1 taken by worker-1",
            assertThrows(IllegalStateException.class, pool::close).getMessage());
        assertFalse(pool.fd().isOpen());
    }

    @Test
    void shouldCloseOnlyOnce() {
        final FramePool pool = FramePool.create(1, 0);
        pool.close();
        pool.close();
        assertFalse(pool.fd().isOpen());
    }

    @Test
    void shouldCountFreeFramesWithoutTakingThemFromCaches() {
        try (FramePool pool = FramePool.create(128, 0); FrameCache cache = pool.cache("test")) {
            final int offset = cache.allocate();
            final int resting = cache.size();
            assertEquals(127, pool.free());
            assertEquals(resting, cache.size());
            cache.free(offset);
            assertEquals(128, pool.free());
        }
    }

    @Test
    void shouldCatchAFrameThatIsFreedTwice() {
        try (FramePool pool = FramePool.create(4, 1); FrameCache cache = pool.cache("worker-0")) {
            final int offset = cache.allocate();
            cache.free(offset);
            final AssertionError error = assertThrows(AssertionError.class, () -> cache.free(offset));
            assertEquals("frame " + offset / FramePool.FRAME_SIZE + " was freed twice, now by worker-0",
                error.getMessage());
            final int jumbo = cache.allocateJumbo();
            cache.free(jumbo);
            assertThrows(AssertionError.class, () -> cache.free(jumbo));
        }
    }

    @Test
    void shouldCatchAFrameThatAnotherThreadsCacheFreesAgain() {
        try (FramePool pool = FramePool.create(4, 0)) {
            final FrameCache one = pool.cache("one");
            final FrameCache two = pool.cache("two");
            final int offset = one.allocate();
            two.free(offset);
            assertThrows(AssertionError.class, () -> one.free(offset));
        }
    }
}
