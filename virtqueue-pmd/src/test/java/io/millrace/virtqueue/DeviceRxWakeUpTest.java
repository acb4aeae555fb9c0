/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** When a guest kicks the worker that polls its ring. */
class DeviceRxWakeUpTest {
    private static final int NO_NOTIFY = 1;
    private static final long EVENT_INDEX = RingFixture.MODERN | Features.VIRTIO_F_EVENT_IDX;

    private static void packet(final RingFixture ring) {
        ring.guest.packet(ring.guest.buffer(0), 12, 60, 0);
        ring.guest.desc(0, ring.guest.buffer(0), 72, 0, 0);
        ring.guest.avail(0);
        assertEquals(1, ring.rx.receive(ring.burst));
        ring.burst.freeAll();
    }

    /** Whether a driver that makes one more buffer available kicks (virtio 1.2, 2.7.10.1). */
    private static boolean kicks(final RingFixture ring, final int availIndex) {
        return SplitRing.passes(ring.guest.availEvent(), availIndex + 1, availIndex);
    }

    @Test
    void shouldBeKickedWhileArmedOnly() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            packet(ring);
            assertEquals(NO_NOTIFY, ring.guest.usedFlags());
            assertSame(ring.guest.kick.fd(), ring.rx.arm());
            assertEquals(0, ring.guest.usedFlags());
            packet(ring);
            assertEquals(0, ring.guest.usedFlags());
            assertEquals(2, ring.guest.usedIndex());
            ring.rx.disarm();
            assertEquals(NO_NOTIFY, ring.guest.usedFlags());
            assertEquals(2, ring.guest.usedIndex());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 65_534, 65_535})
    void shouldBeKickedForTheNextBufferWhileArmedOnly(final int start) {
        try (RingFixture ring = new RingFixture(16, EVENT_INDEX)) {
            ring.guest.usedIndex(start);
            packet(ring);
            assertTrue(!kicks(ring, start + 1));
            ring.rx.arm();
            assertTrue(kicks(ring, start + 1));
            ring.rx.disarm();
            assertTrue(!kicks(ring, start + 1));
        }
    }

    @Test
    void shouldNotWakeAnybodyBeforeItHasARing() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            assertNull(ring.rx.arm());
            ring.rx.disarm();
            packet(ring);
            assertTrue(!ring.slot.recall());
            assertNull(ring.rx.arm());
            ring.rx.disarm();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldGiveUpARingWhoseMemoryIsGone(final boolean whenArmed) {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN, false)) {
            packet(ring);
            if (whenArmed) {
                ring.rx.arm();
            }
            ring.guest.truncateAll();
            assertNull(whenArmed ? disarm(ring) : ring.rx.arm());
            assertEquals(RejectReason.MEMORY_FAULT, ring.broken.get(0));
            assertEquals(0, ring.rx.receive(ring.burst));
        }
    }

    private static Object disarm(final RingFixture ring) {
        ring.rx.disarm();
        return ring.rx.arm();
    }
}
