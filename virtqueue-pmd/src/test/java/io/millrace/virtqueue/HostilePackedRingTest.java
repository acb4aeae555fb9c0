/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a guest can write into a packed ring to harm the device; each must end in a broken ring and nothing else. */
class HostilePackedRingTest {
    private static final int NEXT = DeviceRing.NEXT;
    private static final int WRITE = DeviceRing.WRITE;
    private static final int INDIRECT = DeviceRing.INDIRECT;
    private static final int AVAIL = PackedRing.AVAIL;

    private static void assertBreaks(final RejectReason reason, final Consumer<PackedGuest> attack) {
        try (PackedFixture ring = new PackedFixture(16, 0)) {
            attack.accept(ring.guest);
            ring.rx.receive(ring.burst);
            assertEquals(List.of(reason), ring.broken);
            ring.burst.freeAll();
            // The ring is dead: nothing more is read or returned, whatever the guest does.
            ring.guest.desc(0, ring.guest.buffer(0), 72, 0, AVAIL);
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(List.of(reason), ring.broken);
            assertTrue(ring.slot.recall());
        }
    }

    private static void assertBreaksTx(final RejectReason reason, final Consumer<PackedGuest> attack) {
        try (PackedFixture ring = new PackedFixture(16, Features.VIRTIO_NET_F_MRG_RXBUF)) {
            attack.accept(ring.guest);
            ring.add(64, 0);
            ring.tx.transmit(ring.burst);
            assertEquals(List.of(reason), ring.broken);
            ring.tx.transmit(ring.burst);
            assertEquals(1, ring.count("tx/drop/link-down"));
            assertEquals(0, ring.count("tx/packets"));
        }
    }

    @Test
    void shouldRejectAChainWithoutAnEnd() {
        for (final int length : new int[] {0, 12}) {
            assertBreaks(RejectReason.CHAIN_LOOP, guest -> {
                for (int i = 0; i < 16; i++) {
                    guest.desc(i, guest.buffer(0), length, i, AVAIL | NEXT);
                }
            });
        }
        assertBreaksTx(RejectReason.CHAIN_LOOP, guest -> {
            for (int i = 0; i < 16; i++) {
                guest.desc(i, guest.buffer(0), 0, i, AVAIL | NEXT | WRITE);
            }
        });
    }

    @Test
    void shouldRejectBuffersOutsideMemory() {
        final long end = GuestPages.BASE + 2L * GuestPages.REGION;
        final long[] addresses = {0, 1, GuestPages.BASE - 1, GuestPages.BASE - 100, end - 71, end, -8, -100,
            Long.MIN_VALUE, Long.MAX_VALUE - 10};
        for (final long address : addresses) {
            assertBreaks(RejectReason.BUFFER_ADDRESS, guest -> guest.desc(0, address, 72, 0, AVAIL));
            assertBreaksTx(RejectReason.BUFFER_ADDRESS, guest -> guest.desc(0, address, 76, 0, AVAIL | WRITE));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL})
    void shouldRejectLengthsBeyondMemory(final long length) {
        assertBreaks(RejectReason.BUFFER_ADDRESS, guest -> guest.desc(0, guest.buffer(0), length, 0, AVAIL));
    }

    @Test
    void shouldRejectWrongDirection() {
        assertBreaks(RejectReason.BUFFER_DIRECTION, guest -> guest.desc(0, guest.buffer(0), 72, 0, AVAIL | WRITE));
        assertBreaks(RejectReason.BUFFER_DIRECTION, guest -> {
            guest.desc(0, guest.buffer(0), 12, 0, AVAIL | NEXT);
            guest.desc(1, guest.buffer(1), 60, 0, AVAIL | WRITE);
        });
        assertBreaksTx(RejectReason.BUFFER_DIRECTION, guest -> guest.desc(0, guest.buffer(0), 1526, 0, AVAIL));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 17, 16 * 17, 0xffff_fff0L, 0xffff_ffffL})
    void shouldRejectIndirectTableOfBadLength(final long length) {
        assertBreaks(RejectReason.INDIRECT_TABLE,
            guest -> guest.desc(0, guest.buffer(0), length, 0, AVAIL | INDIRECT));
    }

    @Test
    void shouldRejectNestedAndChainedIndirect() {
        assertBreaks(RejectReason.INDIRECT_TABLE, guest -> {
            guest.tableEntry(guest.buffer(0), 0, guest.buffer(1), 16, 0, INDIRECT);
            guest.desc(0, guest.buffer(0), 16, 0, AVAIL | INDIRECT);
        });
        assertBreaks(RejectReason.INDIRECT_TABLE,
            guest -> guest.desc(0, guest.buffer(0), 16, 0, AVAIL | INDIRECT | NEXT));
        assertBreaks(RejectReason.INDIRECT_TABLE, guest -> {
            guest.desc(0, guest.buffer(0), 12, 0, AVAIL | NEXT);
            guest.desc(1, guest.buffer(1), 16, 0, AVAIL | INDIRECT);
        });
        assertBreaks(RejectReason.INDIRECT_TABLE, guest ->
            guest.desc(0, GuestPages.BASE + GuestPages.REGION - 16, 32, 0, AVAIL | INDIRECT));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 17, 0x7fff, 0xffff})
    void shouldRejectABaseBeyondTheRing(final int base) {
        final PackedGuest guest = new PackedGuest(16);
        guest.add(guest.buffer(0), 72, 1, 0);
        try (PackedFixture ring = new PackedFixture(guest, 0, true)) {
            assertTrue(ring.slot.recall());
            ring.slot.offer(guest.setup(PackedFixture.FEATURES, true, base));
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(List.of(RejectReason.RING_BASE), ring.broken);
        }
    }

    @Test
    void shouldTakeAnyIdAndNeverLookItUp() {
        try (PackedFixture ring = new PackedFixture(16, 0)) {
            for (int i = 0; i < 16; i++) {
                ring.guest.add(ring.guest.buffer(0), 72, 0xffff, 0);
            }
            assertEquals(16, ring.rx.receive(ring.burst));
            assertEquals(0xffff, ring.guest.used());
        }
    }

    @Test
    void shouldSurviveTruncatedMemory() {
        for (int round = 0; round < 20; round++) {
            try (PackedFixture ring = new PackedFixture(new PackedGuest(16), 0, false)) {
                for (int i = 0; i < 4; i++) {
                    ring.guest.add(ring.guest.buffer(40), 1500, i, 0);
                }
                assertEquals(4, ring.rx.receive(ring.burst));
                ring.burst.freeAll();
                ring.guest.add(ring.guest.buffer(40), 1500, 5, 0);
                ring.guest.truncateAll();
                ring.rx.receive(ring.burst);
                assertEquals(List.of(RejectReason.MEMORY_FAULT), ring.broken);
                assertEquals(0, ring.burst.size());
            }
        }
    }

    /** Whatever stands in ring, tables and buffers: no exception, no access outside, no frame lost. */
    @Test
    void shouldSurviveAnything() {
        final Random random = new Random(28);
        for (int round = 0; round < 300; round++) {
            final int size = 1 + random.nextInt(40);
            final long features = random.nextInt(2) * Features.VIRTIO_F_IN_ORDER
                | random.nextInt(2) * Features.VIRTIO_F_EVENT_IDX | random.nextInt(2) * Features.VIRTIO_NET_F_MRG_RXBUF;
            try (PackedFixture ring = new PackedFixture(size, features)) {
                for (int step = 0; step < 10; step++) {
                    scribble(ring.guest, random);
                    ring.add(14 + random.nextInt(3000), 0);
                    ring.tx.transmit(ring.burst);
                    ring.burst.freeAll();
                    scribble(ring.guest, random);
                    ring.rx.receive(ring.burst);
                    ring.burst.freeAll();
                }
            }
        }
    }

    private static void scribble(final PackedGuest guest, final Random random) {
        for (int i = 0; i < guest.size; i++) {
            final boolean isTable = random.nextInt(8) == 0;
            final long address = random.nextInt(16) == 0 ? random.nextLong() : guest.buffer(random.nextInt(224));
            final int flags = random.nextInt(8) == 0 ? random.nextInt(1 << 16)
                : (random.nextBoolean() ? PackedRing.AVAIL : PackedRing.USED) | random.nextInt(4);
            guest.desc(i, address, isTable ? 16L * random.nextInt(20) : random.nextInt(4000), random.nextInt(1 << 16),
                isTable ? flags | INDIRECT : flags);
            UnsafeApi.putLong(guest.local(guest.buffer(random.nextInt(224))), random.nextLong());
        }
        guest.driverEvent(random.nextInt(4), random.nextInt(1 << 15), random.nextBoolean());
    }
}
