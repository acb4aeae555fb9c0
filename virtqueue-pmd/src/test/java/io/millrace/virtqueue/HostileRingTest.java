/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.function.Consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a guest can write into its ring to harm the device; each must end in a broken ring and nothing else. */
class HostileRingTest {
    private static final int NEXT = DeviceRing.NEXT;
    private static final int WRITE = DeviceRing.WRITE;
    private static final int INDIRECT = DeviceRing.INDIRECT;
    private static final long FEATURES = RingFixture.MODERN | Features.VIRTIO_F_INDIRECT_DESC;

    private static void assertBreaks(final RejectReason reason, final Consumer<SplitGuest> attack) {
        assertBreaksRx(reason, FEATURES, attack);
    }

    private static void assertBreaksRx(final RejectReason reason, final long features,
        final Consumer<SplitGuest> attack) {
        try (RingFixture ring = new RingFixture(16, features)) {
            attack.accept(ring.guest);
            ring.rx.receive(ring.burst);
            assertEquals(List.of(reason), ring.broken);
            ring.burst.freeAll();
            // The ring is dead: nothing more is read or returned, whatever the guest does.
            final int used = ring.guest.usedIndex();
            ring.guest.desc(0, ring.guest.buffer(0), 72, 0, 0);
            ring.guest.avail(0);
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(used, ring.guest.usedIndex());
            assertEquals(List.of(reason), ring.broken);
            assertTrue(ring.slot.recall());
        }
    }

    private static void assertBreaksTx(final RejectReason reason, final Consumer<SplitGuest> attack) {
        try (RingFixture ring = new RingFixture(16, FEATURES | Features.VIRTIO_NET_F_MRG_RXBUF)) {
            attack.accept(ring.guest);
            ring.add(64, 0);
            ring.tx.transmit(ring.burst);
            assertEquals(List.of(reason), ring.broken);
            assertEquals(0, ring.guest.usedIndex());
            ring.tx.transmit(ring.burst);
            assertEquals(1, ring.count("tx/drop/link-down"));
            assertEquals(0, ring.count("tx/packets"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 0x7fff, 0x8000, 0xffff})
    void shouldRejectAvailIndexAhead(final int index) {
        assertBreaks(RejectReason.AVAIL_AHEAD, guest -> guest.availIndex(index));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 17, 0x8000, 0xffff})
    void shouldRejectHeadBeyondTable(final int head) {
        assertBreaks(RejectReason.DESCRIPTOR_INDEX, guest -> guest.avail(head));
        assertBreaksTx(RejectReason.DESCRIPTOR_INDEX, guest -> guest.avail(head));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 0x8000, 0xffff})
    void shouldRejectNextBeyondTable(final int next) {
        assertBreaks(RejectReason.DESCRIPTOR_INDEX, guest -> {
            guest.desc(0, guest.buffer(0), 12, NEXT, next);
            guest.avail(0);
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 12, 0xffff_ffffL})
    void shouldRejectLoops(final long length) {
        assertBreaks(length > 0x10_0000 ? RejectReason.BUFFER_ADDRESS : RejectReason.CHAIN_LOOP, guest -> {
            guest.desc(0, guest.buffer(0), length, NEXT, 1);
            guest.desc(1, guest.buffer(0), length, NEXT, 0);
            guest.avail(0);
        });
        assertBreaks(length > 0x10_0000 ? RejectReason.BUFFER_ADDRESS : RejectReason.CHAIN_LOOP, guest -> {
            guest.desc(0, guest.buffer(0), length, NEXT, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldRejectLoopOnReceiveRing() {
        // Each hop adds too little to ever hold the packet.
        assertBreaksTx(RejectReason.CHAIN_LOOP, guest -> {
            guest.desc(0, guest.buffer(0), 0, NEXT | WRITE, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldRejectBuffersOutsideMemory() {
        final long end = SplitGuest.BASE + 2L * SplitGuest.REGION;
        final long[] addresses = {0, 1, SplitGuest.BASE - 1, SplitGuest.BASE - 100, end - 71, end, -8, -100,
            Long.MIN_VALUE, Long.MAX_VALUE - 10};
        for (final long address : addresses) {
            assertBreaks(RejectReason.BUFFER_ADDRESS, guest -> {
                guest.desc(0, address, 72, 0, 0);
                guest.avail(0);
            });
            assertBreaksTx(RejectReason.BUFFER_ADDRESS, guest -> {
                guest.desc(0, address, 76, WRITE, 0);
                guest.avail(0);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL})
    void shouldRejectLengthsBeyondMemory(final long length) {
        assertBreaks(RejectReason.BUFFER_ADDRESS, guest -> {
            guest.desc(0, guest.buffer(0), length, 0, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldRejectWrongDirection() {
        assertBreaks(RejectReason.BUFFER_DIRECTION, guest -> {
            guest.desc(0, guest.buffer(0), 72, WRITE, 0);
            guest.avail(0);
        });
        assertBreaks(RejectReason.BUFFER_DIRECTION, guest -> {
            guest.desc(0, guest.buffer(0), 12, NEXT, 1);
            guest.desc(1, guest.buffer(1), 60, WRITE, 0);
            guest.avail(0);
        });
        assertBreaksTx(RejectReason.BUFFER_DIRECTION, guest -> {
            guest.desc(0, guest.buffer(0), 1526, 0, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldRejectIndirectThatWasNotNegotiated() {
        assertBreaksRx(RejectReason.INDIRECT_TABLE, RingFixture.MODERN, guest -> {
            guest.desc(0, guest.buffer(0), 16, INDIRECT, 0);
            guest.avail(0);
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 17, 16 * 17, 0xffff_fff0L, 0xffff_ffffL})
    void shouldRejectIndirectTableOfBadLength(final long length) {
        assertBreaks(RejectReason.INDIRECT_TABLE, guest -> {
            guest.desc(0, guest.buffer(0), length, INDIRECT, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldRejectNestedAndChainedIndirect() {
        assertBreaks(RejectReason.INDIRECT_TABLE, guest -> {
            guest.tableEntry(guest.buffer(0), 0, guest.buffer(1), 16, INDIRECT, 0);
            guest.desc(0, guest.buffer(0), 16, INDIRECT, 0);
            guest.avail(0);
        });
        assertBreaks(RejectReason.INDIRECT_TABLE, guest -> {
            guest.desc(0, guest.buffer(0), 16, INDIRECT | NEXT, 1);
            guest.avail(0);
        });
        assertBreaks(RejectReason.INDIRECT_TABLE, guest -> {
            guest.desc(0, guest.buffer(0), 12, NEXT, 1);
            guest.desc(1, guest.buffer(1), 16, INDIRECT, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldRejectIndirectTableAcrossRegions() {
        assertBreaks(RejectReason.INDIRECT_TABLE, guest -> {
            guest.desc(0, SplitGuest.BASE + SplitGuest.REGION - 16, 32, INDIRECT, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldRejectIndirectTableThatLoops() {
        assertBreaks(RejectReason.CHAIN_LOOP, guest -> {
            guest.tableEntry(guest.buffer(0), 0, guest.buffer(1), 0, NEXT, 1);
            guest.tableEntry(guest.buffer(0), 1, guest.buffer(1), 0, NEXT, 0);
            guest.desc(0, guest.buffer(0), 32, INDIRECT, 0);
            guest.avail(0);
        });
    }

    @Test
    void shouldNotFollowUsedIndexThatGuestRewrites() {
        try (RingFixture ring = new RingFixture(16, FEATURES)) {
            ring.guest.desc(0, ring.guest.buffer(0), 72, 0, 0);
            ring.guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            UnsafeApi.putShort(ring.guest.local(SplitGuest.BASE + SplitGuest.USED + 2), (short) 0x1234);
            ring.guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertEquals(2, ring.guest.usedIndex());
        }
    }

    @Test
    void shouldSurviveTruncatedMemory() {
        for (int round = 0; round < 20; round++) {
            try (RingFixture ring = new RingFixture(16, FEATURES, false)) {
                ring.guest.desc(0, ring.guest.buffer(40), 1500, 0, 0);
                ring.guest.avail(0, 0, 0, 0);
                assertEquals(4, ring.rx.receive(ring.burst));
                ring.burst.freeAll();
                ring.guest.avail(0, 0, 0, 0);
                ring.guest.truncate();
                ring.rx.receive(ring.burst);
                assertEquals(List.of(RejectReason.MEMORY_FAULT), ring.broken);
                assertEquals(0, ring.burst.size());
            }
        }
    }
}
