/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DeviceRxQueueTest {
    private static final int NEXT = DeviceRing.NEXT;
    private static final int INDIRECT = DeviceRing.INDIRECT;

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 60, 64, 65, 127, 128, 255, 256, 257, 1514, 1728})
    void shouldTakePacketInOneBuffer(final int length) {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.guest.packet(ring.guest.buffer(0), 12, length, 3);
            ring.guest.desc(5, ring.guest.buffer(0), 12 + length, 0, 0);
            ring.guest.avail(5);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertEquals(length, ring.burst.length(0));
            assertEquals(7, ring.burst.port(0));
            assertContent(ring, 0, length, 3);
            assertEquals(1, ring.guest.usedIndex());
            assertEquals(5, ring.guest.usedId(0));
            assertEquals(0, ring.guest.usedLength(0));
            assertEquals(length, ring.count("rx/bytes"));
        }
    }

    @Test
    void shouldTakeMoreThanRingSizeOverTime() {
        try (RingFixture ring = new RingFixture(8, RingFixture.MODERN)) {
            for (int i = 0; i < 100_000; i++) {
                ring.guest.packet(ring.guest.buffer(i % 8), 12, 14, i);
                ring.guest.desc(i % 8, ring.guest.buffer(i % 8), 26, 0, 0);
                ring.guest.avail(i % 8);
                assertEquals(1, ring.rx.receive(ring.burst));
                assertEquals((byte) i, ring.received(0, 0));
                assertEquals(i % 8, ring.guest.usedId(i));
                ring.burst.freeAll();
            }
            assertEquals(100_000 & 0xffff, ring.guest.usedIndex());
        }
    }

    @Test
    void shouldGatherHeaderAndFragments() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            final SplitGuest guest = ring.guest;
            guest.packet(guest.buffer(0), 12, 0, 0);
            guest.packet(guest.buffer(1), 0, 100, 0);
            guest.packet(guest.buffer(2), 0, 1900, 100);
            guest.desc(0, guest.buffer(0), 12, NEXT, 9);
            guest.desc(9, guest.buffer(1), 100, NEXT, 3);
            guest.desc(3, guest.buffer(2), 1900, 0, 0);
            guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertEquals(2000, ring.burst.length(0));
            assertContent(ring, 0, 2000, 0);
        }
    }

    @Test
    void shouldGatherHeaderSpreadOverBytes() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            for (int i = 0; i < 12; i++) {
                ring.guest.desc(i, ring.guest.buffer(0) + i, 1, NEXT, i + 1);
            }
            ring.guest.packet(ring.guest.buffer(1), 0, 60, 9);
            ring.guest.desc(12, ring.guest.buffer(1), 60, 0, 0);
            ring.guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertContent(ring, 0, 60, 9);
        }
    }

    @Test
    void shouldTakeIndirectTable() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN | Features.VIRTIO_F_INDIRECT_DESC)) {
            final SplitGuest guest = ring.guest;
            // 2.7.5.3: the table itself need not be aligned.
            final long table = guest.buffer(3) + 7;
            guest.tableEntry(table, 0, guest.buffer(0), 12, NEXT, 2);
            guest.tableEntry(table, 2, guest.buffer(1), 64, 0, 0);
            guest.packet(guest.buffer(1), 0, 64, 5);
            guest.desc(4, table, 48, INDIRECT, 0);
            guest.avail(4);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertContent(ring, 0, 64, 5);
            assertEquals(4, ring.guest.usedId(0));
        }
    }

    @Test
    void shouldFollowBufferOverRegions() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            final long across = SplitGuest.BASE + SplitGuest.REGION - 40;
            ring.guest.packet(across, 12, 100, 1);
            ring.guest.desc(0, across, 112, 0, 0);
            ring.guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertContent(ring, 0, 100, 1);
        }
    }

    @Test
    void shouldTakeLegacyHeader() {
        try (RingFixture ring = new RingFixture(16, 0)) {
            ring.guest.packet(ring.guest.buffer(0), 10, 60, 1);
            ring.guest.desc(0, ring.guest.buffer(0), 70, 0, 0);
            ring.guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertEquals(60, ring.burst.length(0));
            assertContent(ring, 0, 60, 1);
        }
    }

    @Test
    void shouldReturnBatchByOneElementInOrder() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN | Features.VIRTIO_F_IN_ORDER)) {
            for (int i = 0; i < 5; i++) {
                ring.guest.desc(i, ring.guest.buffer(i), 72, 0, 0);
            }
            ring.guest.avail(0, 1, 2, 3, 4);
            assertEquals(5, ring.rx.receive(ring.burst));
            assertEquals(5, ring.guest.usedIndex());
            assertEquals(4, ring.guest.usedId(0));
        }
    }

    @Test
    void shouldTakeNoMoreThanBurstHolds() {
        try (RingFixture ring = new RingFixture(128, RingFixture.MODERN)) {
            for (int i = 0; i < 100; i++) {
                ring.guest.desc(i, ring.guest.buffer(i), 72, 0, 0);
                ring.guest.avail(i);
            }
            assertEquals(64, ring.rx.receive(ring.burst));
            assertEquals(0, ring.rx.receive(ring.burst));
            ring.burst.freeAll();
            assertEquals(36, ring.rx.receive(ring.burst));
        }
    }

    @Test
    void shouldLeavePacketsInRingWhilePoolIsEmpty() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            final int[] all = new int[512];
            int n = 0;
            for (int got = ring.frames.allocate(all, 0, 128); got > 0; got = ring.frames.allocate(all, n, 128)) {
                n += got;
                if (n == 512) {
                    break;
                }
            }
            ring.guest.desc(0, ring.guest.buffer(0), 72, 0, 0);
            ring.guest.avail(0);
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(0, ring.guest.usedIndex());
            for (int i = 0; i < n; i++) {
                ring.frames.free(all[i]);
            }
            assertEquals(1, ring.rx.receive(ring.burst));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 11, 12, 13, 25})
    void shouldDropAndReturnRunt(final int length) {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.guest.desc(0, ring.guest.buffer(0), length, 0, 0);
            ring.guest.avail(0);
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(1, ring.count("rx/drop/runt"));
            assertEquals(1, ring.guest.usedIndex());
        }
    }

    @Test
    void shouldDropAndReturnGiant() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.guest.desc(0, ring.guest.buffer(0), 80_000, NEXT, 1);
            ring.guest.desc(1, ring.guest.buffer(0), 80_000, 0, 0);
            ring.guest.avail(0);
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(1, ring.count("rx/drop/giant"));
            assertEquals(1, ring.guest.usedIndex());
        }
    }

    @Test
    void shouldDiscardWhileDisabled() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.slot.enabled(false);
            ring.guest.desc(0, ring.guest.buffer(0), 72, 0, 0);
            ring.guest.avail(0, 0, 0);
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(3, ring.count("rx/drop/disabled"));
            assertEquals(3, ring.guest.usedIndex());
        }
    }

    @Test
    void shouldGoOnFromUsedIndexAfterRestart() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.guest.desc(0, ring.guest.buffer(0), 72, 0, 0);
            ring.guest.avail(0, 0, 0);
            assertEquals(3, ring.rx.receive(ring.burst));
            assertTrue(!ring.slot.recall());
            ring.rx.receive(ring.burst);
            assertTrue(ring.slot.recall());
            assertEquals(3, ring.slot.base());
            ring.slot.offer(ring.guest.setup(RingFixture.MODERN));
            ring.guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertEquals(4, ring.guest.usedIndex());
        }
    }

    private static void assertContent(final RingFixture ring, final int packet, final int length, final int first) {
        for (int i = 0; i < length; i++) {
            assertEquals((byte) (first + i), ring.received(packet, i), "byte " + i);
        }
    }
}
