/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DeviceTxQueueTest {
    private static final int NEXT = DeviceRing.NEXT;
    private static final int WRITE = DeviceRing.WRITE;
    private static final long MERGEABLE = RingFixture.MODERN | Features.VIRTIO_NET_F_MRG_RXBUF;

    @ParameterizedTest
    @ValueSource(ints = {14, 31, 32, 60, 63, 64, 100, 256, 1514})
    void shouldPutPacketInOneBufferAndNotTouchWhatFollows(final int length) {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.guest.packet(ring.guest.buffer(0), 0, 2048, 77);
            ring.guest.desc(2, ring.guest.buffer(0), 2048, WRITE, 0);
            ring.guest.avail(2);
            ring.add(length, 5);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertTrue(ring.burst.isEmpty());
            assertEquals(2, ring.guest.usedId(0));
            assertEquals(12 + length, ring.guest.usedLength(0));
            assertHeader(ring, ring.guest.buffer(0), 1);
            assertContent(ring, ring.guest.buffer(0) + 12, length, 5);
            // Not one byte more: it would be some other guest's.
            assertContent(ring, ring.guest.buffer(0) + 12 + length, 2048 - 12 - length, 77 + 12 + length);
        }
    }

    @Test
    void shouldWriteLegacyHeader() {
        try (RingFixture ring = new RingFixture(16, 0)) {
            ring.guest.packet(ring.guest.buffer(0), 0, 200, 1);
            ring.guest.desc(0, ring.guest.buffer(0), 200, WRITE, 0);
            ring.guest.avail(0);
            ring.add(60, 5);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertContent(ring, ring.guest.buffer(0) + 10, 60, 5);
            for (int i = 0; i < 10; i++) {
                assertEquals(0, ring.guest.at(ring.guest.buffer(0) + i));
            }
        }
    }

    @Test
    void shouldScatterOverChain() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.guest.desc(0, ring.guest.buffer(0), 12, WRITE | NEXT, 4);
            ring.guest.desc(4, ring.guest.buffer(1), 100, WRITE | NEXT, 2);
            ring.guest.desc(2, ring.guest.buffer(2), 1000, WRITE, 0);
            ring.guest.avail(0);
            ring.add(700, 5);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertHeader(ring, ring.guest.buffer(0), 1);
            assertContent(ring, ring.guest.buffer(1), 100, 5);
            assertContent(ring, ring.guest.buffer(2), 600, 105);
            assertEquals(712, ring.guest.usedLength(0));
        }
    }

    @Test
    void shouldMergeBuffers() {
        try (RingFixture ring = new RingFixture(64, MERGEABLE)) {
            for (int i = 0; i < 40; i++) {
                ring.guest.desc(i, ring.guest.buffer(i), 1536, WRITE, 0);
                ring.guest.avail(i);
            }
            ring.add(9014, 5);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertEquals(6, ring.guest.usedIndex());
            assertHeader(ring, ring.guest.buffer(0), 6);
            assertContent(ring, ring.guest.buffer(0) + 12, 1524, 5);
            assertContent(ring, ring.guest.buffer(1), 1536, 5 + 1524);
            assertEquals(1536, ring.guest.usedLength(4));
            assertEquals(9026 - 5 * 1536, ring.guest.usedLength(5));
        }
    }

    @Test
    void shouldWaitUntilEnoughBuffersAreThereToMerge() {
        try (RingFixture ring = new RingFixture(64, MERGEABLE)) {
            ring.guest.desc(0, ring.guest.buffer(0), 1536, WRITE, 0);
            ring.guest.desc(1, ring.guest.buffer(1), 1536, WRITE, 0);
            ring.guest.avail(0);
            ring.add(2000, 5);
            assertEquals(0, ring.tx.transmit(ring.burst));
            assertEquals(1, ring.burst.size());
            assertEquals(0, ring.guest.usedIndex());
            ring.guest.avail(1);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertEquals(2, ring.guest.usedIndex());
        }
    }

    @Test
    void shouldDropPacketThatNoBufferHolds() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            ring.guest.desc(0, ring.guest.buffer(0), 100, WRITE, 0);
            ring.guest.avail(0);
            ring.add(1514, 5);
            ring.add(60, 9);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertTrue(ring.burst.isEmpty());
            assertEquals(1, ring.count("tx/drop/buffer-too-small"));
            assertContent(ring, ring.guest.buffer(0) + 12, 60, 9);
        }
    }

    @Test
    void shouldLeaveWhatDoesNotFit() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            for (int i = 0; i < 3; i++) {
                ring.guest.desc(i, ring.guest.buffer(i), 200, WRITE, 0);
                ring.guest.avail(i);
            }
            for (int i = 0; i < 5; i++) {
                ring.add(60, i);
            }
            assertEquals(3, ring.tx.transmit(ring.burst));
            assertEquals(2, ring.burst.size());
            assertEquals(3, ring.count("tx/packets"));
            assertEquals(180, ring.count("tx/bytes"));
        }
    }

    @Test
    void shouldSignalUnlessDriverSuppressesIt() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            send(ring);
            assertTrue(ring.call.drain() > 0);
            send(ring);
            assertEquals(1, ring.call.drain());
            ring.guest.availFlags(1);
            send(ring);
            assertEquals(0, ring.call.drain());
            assertTrue((ring.guest.usedFlags() & 1) != 0, "kicks are not wanted");
        }
    }

    @Test
    void shouldSignalWhenIndexPassesEvent() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN | Features.VIRTIO_F_EVENT_IDX)) {
            send(ring);
            assertTrue(ring.call.drain() > 0);
            ring.guest.usedEvent(3);
            send(ring);
            send(ring);
            assertEquals(0, ring.call.drain());
            send(ring);
            assertEquals(1, ring.call.drain());
            send(ring);
            assertEquals(0, ring.call.drain());
        }
    }

    @Test
    void shouldAgreeWithSpecOnEveryEventDistance() {
        for (int to = 0; to <= 0xffff; to += 257) {
            for (int moved = 0; moved < 300; moved++) {
                final int from = to - moved & 0xffff;
                for (int back = 0; back < 320; back++) {
                    // The event is passed if it is one of the indexes from .. to - 1.
                    final boolean isPassed = back >= 1 && back <= moved;
                    assertEquals(isPassed, SplitRing.passes(to - back & 0xffff, to, from));
                }
            }
        }
    }

    @Test
    void shouldDropWhileDisabledOrAbsent() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            assertTrue(ring.tx.isReady());
            ring.slot.enabled(false);
            assertFalse(ring.tx.isReady());
            ring.add(60, 1);
            assertEquals(0, ring.tx.transmit(ring.burst));
            assertTrue(ring.burst.isEmpty());
            assertEquals(1, ring.count("tx/drop/link-down"));
        }
    }

    private static void send(final RingFixture ring) {
        ring.guest.desc(0, ring.guest.buffer(0), 200, WRITE, 0);
        ring.guest.avail(0);
        ring.add(60, 1);
        assertEquals(1, ring.tx.transmit(ring.burst));
    }

    private static void assertHeader(final RingFixture ring, final long guestAddress, final int buffers) {
        for (int i = 0; i < 10; i++) {
            assertEquals(0, ring.guest.at(guestAddress + i));
        }
        assertEquals(buffers, ring.guest.at(guestAddress + 10));
        assertEquals(0, ring.guest.at(guestAddress + 11));
    }

    private static void assertContent(final RingFixture ring, final long guestAddress, final int length,
        final int first) {
        for (int i = 0; i < length; i++) {
            assertEquals((byte) (first + i), ring.guest.at(guestAddress + i), "byte " + i);
        }
    }
}
