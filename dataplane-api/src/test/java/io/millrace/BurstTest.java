/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Packets enter, move and leave; each test has to bring every frame back. */
class BurstTest {
    private static final int FRAMES = 64;

    private final FramePool pool = FramePool.create(FRAMES, 2);
    private final FrameCache frames = pool.cache("test");
    private final Burst burst = new Burst(frames, 4);
    private final Burst target = new Burst(frames, 4);

    @AfterEach
    void everyFrameIsBack() {
        burst.freeAll();
        target.freeAll();
        pool.close();
    }

    /** Adds packets whose lengths say who they are. */
    private void add(final int... lengths) {
        for (final int length : lengths) {
            burst.add(frames.allocate(), length, length % 256);
        }
    }

    private static void assertLengths(final Burst actual, final int... lengths) {
        assertEquals(lengths.length, actual.size());
        for (int i = 0; i < lengths.length; i++) {
            assertEquals(lengths[i], actual.length(i));
        }
    }

    @Test
    void shouldStartEmpty() {
        assertTrue(burst.isEmpty());
        assertEquals(0, burst.size());
        assertEquals(4, burst.capacity());
        assertEquals(4, burst.remaining());
        assertEquals(frames, burst.frames());
    }

    @Test
    void shouldGiveBackWhatWasAdded() {
        final int offset = frames.allocate();
        burst.add(offset, 60, 255);
        assertFalse(burst.isEmpty());
        assertEquals(3, burst.remaining());
        assertEquals(offset, burst.offset(0));
        assertEquals(pool.baseAddress() + offset, burst.address(0));
        assertEquals(60, burst.length(0));
        assertEquals(255, burst.port(0));
        assertEquals(0, burst.flags(0));
    }

    @Test
    void shouldForgetPacketsAtTheFront() {
        add(61, 62, 63);
        frames.free(burst.offset(0));
        frames.free(burst.offset(1));
        burst.takeFront(2);
        assertLengths(burst, 63);
        assertEquals(3, burst.remaining());
    }

    @Test
    void shouldUseTheRoomThatTakeFrontLeft() {
        add(61, 62, 63, 64);
        frames.free(burst.offset(0));
        burst.takeFront(1);
        add(65);
        assertLengths(burst, 62, 63, 64, 65);
        assertEquals(0, burst.remaining());
    }

    @Test
    void shouldMovePacketsOneByOne() {
        add(61, 62);
        burst.move(1, target);
        burst.move(0, target);
        burst.settle("node");
        assertTrue(burst.isEmpty());
        assertLengths(target, 62, 61);
    }

    @Test
    void shouldMoveIntoTheRoomThatTakeFrontLeft() {
        for (int i = 0; i < 4; i++) {
            target.add(frames.allocate(), 70 + i, 0);
        }
        frames.free(target.offset(0));
        target.takeFront(1);
        add(61);
        burst.move(0, target);
        burst.settle("node");
        assertLengths(target, 71, 72, 73, 61);
    }

    @Test
    void shouldMoveAllIntoAnEmptyBurstOfTheSameCapacity() {
        add(61, 62, 63);
        frames.free(burst.offset(0));
        burst.takeFront(1);
        burst.moveAll(target);
        assertTrue(burst.isEmpty());
        assertEquals(4, burst.remaining());
        assertLengths(target, 62, 63);
    }

    @Test
    void shouldBeUsableOnBothSidesAfterArraysWereSwapped() {
        add(61, 62);
        burst.moveAll(target);
        add(63);
        assertLengths(burst, 63);
        assertLengths(target, 61, 62);
    }

    @Test
    void shouldMoveAllBehindWhatTheTargetHolds() {
        target.add(frames.allocate(), 70, 0);
        add(61, 62, 63);
        burst.moveAll(target);
        assertTrue(burst.isEmpty());
        assertLengths(target, 70, 61, 62, 63);
    }

    @Test
    void shouldMoveAllIntoTheRoomThatTakeFrontLeft() {
        for (int i = 0; i < 4; i++) {
            target.add(frames.allocate(), 70 + i, 0);
        }
        frames.free(target.offset(0));
        frames.free(target.offset(1));
        target.takeFront(2);
        add(61, 62);
        burst.moveAll(target);
        assertLengths(target, 72, 73, 61, 62);
    }

    @Test
    void shouldMoveAllIntoABurstOfAnotherCapacity() {
        final Burst larger = new Burst(frames, 8);
        add(61, 62, 63, 64);
        burst.moveAll(larger);
        assertLengths(larger, 61, 62, 63, 64);
        assertEquals(4, larger.remaining());
        larger.freeAll();
    }

    @Test
    void shouldMoveAllOfNothing() {
        burst.moveAll(target);
        assertTrue(target.isEmpty());
    }

    @Test
    void shouldCopyBytesIntoAFrameOfItsOwn() {
        add(100);
        UnsafeApi.setMemory(burst.address(0), 100, (byte) 0x5A);
        assertTrue(burst.copy(0, target));
        assertNotEquals(burst.offset(0), target.offset(0));
        assertEquals(burst.port(0), target.port(0));
        assertLengths(target, 100);
        UnsafeApi.setMemory(burst.address(0), 100, (byte) 0);
        assertEquals(0x5A, UnsafeApi.getByte(target.address(0)));
        assertEquals(0x5A, UnsafeApi.getByte(target.address(0) + 99));
    }

    @Test
    void shouldCopyALongPacketIntoAJumboFrame() {
        burst.add(frames.allocateJumbo(), 65_000, 3);
        assertTrue(burst.copy(0, target));
        assertLengths(target, 65_000);
    }

    @Test
    void shouldCopyNothingWhenThePoolIsEmpty() {
        add(61);
        final int[] taken = new int[128];
        final int n = frames.allocate(taken, 0, 128);
        assertFalse(burst.copy(0, target));
        assertTrue(target.isEmpty());
        assertLengths(burst, 61);
        for (int i = 0; i < n; i++) {
            frames.free(taken[i]);
        }
    }

    @Test
    void shouldFreeOnePacket() {
        add(61, 62);
        burst.free(0);
        assertEquals(62, burst.length(1));
        assertEquals(1, burst.freeAll());
    }

    @Test
    void shouldFreeAllThatHaveNotLeft() {
        add(61, 62, 63);
        burst.move(1, target);
        assertEquals(2, burst.freeAll());
        assertTrue(burst.isEmpty());
        assertEquals(FRAMES + 2 - 1, pool.free());
    }

    @Test
    void shouldTrimTheFront() {
        add(100);
        final int offset = burst.offset(0);
        burst.trimFront(0, 14);
        assertEquals(offset + 14, burst.offset(0));
        assertEquals(86, burst.length(0));
        assertEquals(100, burst.port(0));
    }

    @Test
    void shouldNotTrimTheLastByte() {
        add(20);
        assertThrows(IllegalArgumentException.class, () -> burst.trimFront(0, 20));
        assertThrows(IllegalArgumentException.class, () -> burst.trimFront(0, -1));
        burst.trimFront(0, 19);
        assertEquals(1, burst.length(0));
    }

    @Test
    void shouldGrowIntoTheWholeHeadroomAndNoFurther() {
        add(60);
        final int room = burst.headroom(0);
        assertTrue(room >= FramePool.HEADROOM);
        assertThrows(IllegalArgumentException.class, () -> burst.pushFront(0, room + 1));
        assertThrows(IllegalArgumentException.class, () -> burst.pushFront(0, -1));
        burst.pushFront(0, room);
        assertEquals(0, burst.headroom(0));
        assertEquals(FramePool.RESERVED, burst.offset(0) % FramePool.FRAME_SIZE);
        assertEquals(60 + room, burst.length(0));
    }

    @Test
    void shouldGrowIntoTheWholeTailroomAndNoFurther() {
        add(60);
        final int room = burst.tailroom(0);
        assertTrue(room >= FramePool.FRAME_CAPACITY - 60);
        assertThrows(IllegalArgumentException.class, () -> burst.resize(0, 60 + room + 1));
        assertThrows(IllegalArgumentException.class, () -> burst.resize(0, 0));
        burst.resize(0, 60 + room);
        assertEquals(0, burst.tailroom(0));
        assertEquals(0, (burst.offset(0) + burst.length(0)) % FramePool.FRAME_SIZE);
    }

    @Test
    void shouldFreeTheRightFrameWhereverThePacketStarts() {
        add(60, 60);
        burst.pushFront(0, burst.headroom(0));
        burst.resize(1, 60 + burst.tailroom(1));
        burst.trimFront(1, burst.length(1) - 1);
        assertEquals(2, burst.freeAll());
        assertEquals(FRAMES + 2, pool.free());
    }

    @Test
    void shouldSayWhoLostPacketsAndHowMany() {
        add(61, 62, 63);
        burst.move(1, target);
        final AssertionError error = assertThrows(AssertionError.class, () -> burst.settle("bridge"));
        assertEquals("bridge lost 2 of 3 packets", error.getMessage());
    }

    @Test
    void shouldCatchAPacketThatLeavesTwice() {
        add(61, 62);
        burst.move(0, target);
        assertEquals("packet 0 of 2 has already left this burst",
            assertThrows(AssertionError.class, () -> burst.move(0, target)).getMessage());
        assertThrows(AssertionError.class, () -> burst.free(0));
        assertThrows(AssertionError.class, () -> burst.copy(0, target));
        assertThrows(AssertionError.class, () -> burst.moveAll(target));
        assertEquals(1, target.size());
    }

    @Test
    void shouldCatchAccessToAPacketThatHasLeft() {
        add(61);
        burst.free(0);
        assertThrows(AssertionError.class, () -> burst.address(0));
        assertThrows(AssertionError.class, () -> burst.length(0));
        assertThrows(AssertionError.class, () -> burst.trimFront(0, 1));
    }

    @Test
    void shouldCatchIndexesOutside() {
        add(61);
        assertThrows(AssertionError.class, () -> burst.move(1, target));
        assertThrows(AssertionError.class, () -> burst.free(-1));
        assertThrows(AssertionError.class, () -> burst.takeFront(2));
    }

    @Test
    void shouldNotLoseThePacketThatATargetHasNoRoomFor() {
        final Burst small = new Burst(frames, 1);
        add(61, 62);
        burst.move(0, small);
        assertThrows(IndexOutOfBoundsException.class, () -> burst.move(1, small));
        assertEquals(62, burst.length(1));
        small.freeAll();
    }

    @Test
    void shouldKeepAMarkOnAPacketAndItsCopies() {
        add(61, 62);
        burst.mark(0, 65_535);
        assertEquals(65_535, burst.mark(0));
        assertEquals(0, burst.mark(1));
        assertEquals(Burst.MARKED, burst.flags(0));
        assertTrue(burst.copy(0, target));
        burst.mark(0, 7);
        burst.trimFront(0, 10);
        burst.move(0, target);
        assertEquals(65_535, target.mark(0));
        assertEquals(7, target.mark(1));
    }

    @Test
    void shouldKeepAMarkAndAnOffloadApart() {
        add(100, 101);
        burst.mark(0, 9);
        assertTrue(burst.offload(0, 34, 16, Offload.GSO_NONE, 0, 0));
        assertTrue(burst.offload(1, 34, 16, Offload.GSO_NONE, 0, 0));
        burst.mark(1, 10);
        for (int i = 0; i < 2; i++) {
            assertEquals(9 + i, burst.mark(i));
            assertEquals(34, burst.checksumStart(i));
            assertTrue(burst.copy(i, target));
            assertEquals(9 + i, target.mark(i));
            assertEquals(16, target.checksumOffset(i));
        }
        assertTrue(burst.offload(0, -1, 0, Offload.GSO_NONE, 0, 0));
        assertFalse(burst.hasOffload(0));
        assertEquals(9, burst.mark(0));
    }
}
