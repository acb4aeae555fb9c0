/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a device does with a packed ring whose driver keeps the rules. */
class PackedRingTest {
    private static final int NEXT = DeviceRing.NEXT;
    private static final int WRITE = DeviceRing.WRITE;
    private static final int INDIRECT = DeviceRing.INDIRECT;

    private static void assertContent(final PackedFixture ring, final int packet, final int length, final int first) {
        assertEquals(length, ring.burst.length(packet));
        for (int i = 0; i < length; i++) {
            assertEquals((byte) (first + i), ring.received(packet, i), "byte " + i);
        }
    }

    private static void assertUsed(final PackedGuest guest, final int id, final int written) {
        assertEquals(id, guest.used());
        assertEquals(written != 0, guest.isWritten());
        assertEquals(written, guest.written());
        guest.takeUsed(id);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 255, 256, 1000, 1024, 32767, 32768})
    void shouldTakePacketsRoundAndRound(final int size) {
        try (PackedFixture ring = new PackedFixture(size, 0)) {
            final PackedGuest guest = ring.guest;
            final Random random = new Random(size);
            final int all = 3 * size + 100;
            int sent = 0;
            int received = 0;
            int back = 0;
            while (back < all) {
                final int some = random.nextInt(100);
                for (int i = 0; i < some && sent < all && sent - back < Math.min(size, 200); i++) {
                    guest.packet(guest.buffer(sent), 12, 14 + sent % 50, sent);
                    guest.add(guest.buffer(sent), 26 + sent % 50, sent & 0xffff, 0);
                    sent++;
                }
                while (ring.rx.receive(ring.burst) > 0) {
                    for (int i = 0; i < ring.burst.size(); i++) {
                        assertContent(ring, i, 14 + received % 50, received);
                        received++;
                    }
                    ring.burst.freeAll();
                }
                assertEquals(sent, received);
                for (; back < received; back++) {
                    assertUsed(guest, back & 0xffff, 0);
                }
                assertEquals(PackedGuest.NOTHING, guest.used());
            }
            assertEquals(List.of(), ring.broken);
            assertEquals(all, ring.count("rx/packets"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 255, 256, 32768})
    void shouldPutPacketsRoundAndRound(final int size) {
        try (PackedFixture ring = new PackedFixture(size, 0)) {
            final PackedGuest guest = ring.guest;
            final int room = Math.min(size, 60);
            int n = 0;
            while (n < 2 * size + 100) {
                for (int i = 0; i < room; i++) {
                    guest.add(guest.buffer(i), 2048, 0xff00 + i, WRITE);
                    ring.add(60 + i, n + i);
                }
                assertEquals(room, ring.tx.transmit(ring.burst));
                for (int i = 0; i < room; i++) {
                    assertUsed(guest, 0xff00 + i, 72 + i);
                    assertEquals(1, guest.at(guest.buffer(i) + 10), "number of buffers");
                    assertEquals((byte) (n + i), guest.at(guest.buffer(i) + 12));
                    assertEquals((byte) (n + i + 59 + i), guest.at(guest.buffer(i) + 12 + 59 + i));
                }
                n += room;
            }
            ring.add(60, 0);
            assertEquals(0, ring.tx.transmit(ring.burst));
            assertEquals(1, ring.burst.size());
        }
    }

    @Test
    void shouldGatherAChainOverTheEndOfTheRing() {
        try (PackedFixture ring = new PackedFixture(5, 0)) {
            final PackedGuest guest = ring.guest;
            for (int i = 0; i < 20; i++) {
                guest.packet(guest.buffer(0), 12, 0, 0);
                guest.packet(guest.buffer(1), 0, 100, i);
                guest.packet(guest.buffer(2), 0, 1900, i + 100);
                guest.add(guest.buffer(0), 12, 7, NEXT);
                guest.add(guest.buffer(1), 100, 8, NEXT);
                // Before its last part is there, and before the flags of the first are, there is no packet.
                assertEquals(0, ring.rx.receive(ring.burst));
                guest.add(guest.buffer(2), 1900, 9, 0);
                assertEquals(1, ring.rx.receive(ring.burst));
                assertContent(ring, 0, 2000, i);
                ring.burst.freeAll();
                assertUsed(guest, 9, 0);
            }
            assertEquals(20, ring.count("rx/chains"));
        }
    }

    @Test
    void shouldTakeIndirectTables() {
        try (PackedFixture ring = new PackedFixture(3, 0)) {
            final PackedGuest guest = ring.guest;
            final long table = guest.buffer(3) + 7;
            for (int i = 0; i < 10; i++) {
                // 2.8.7: NEXT means nothing in a table, and the third field of an entry is reserved.
                guest.tableEntry(table, 0, guest.buffer(0), 12, 0x1234, NEXT);
                guest.tableEntry(table, 1, guest.buffer(1), 64, 0, 0);
                guest.packet(guest.buffer(1), 0, 64, 5);
                guest.add(table, 32, 4, INDIRECT);
                assertEquals(1, ring.rx.receive(ring.burst));
                assertContent(ring, 0, 64, 5);
                ring.burst.freeAll();
                assertUsed(guest, 4, 0);
            }
            assertEquals(10, ring.count("rx/indirect"));
        }
    }

    @Test
    void shouldMergeOverBuffers() {
        try (PackedFixture ring = new PackedFixture(7, Features.VIRTIO_NET_F_MRG_RXBUF)) {
            final PackedGuest guest = ring.guest;
            for (int round = 0; round < 10; round++) {
                ring.add(4000, round);
                for (int i = 0; i < 2; i++) {
                    guest.add(guest.buffer(i), 1500, i, WRITE);
                }
                // It needs three, and waits for the third.
                assertEquals(0, ring.tx.transmit(ring.burst));
                assertEquals(PackedGuest.NOTHING, guest.used());
                guest.add(guest.buffer(2), 700, 2, WRITE | NEXT);
                guest.add(guest.buffer(2) + 700, 800, 3, WRITE);
                assertEquals(1, ring.tx.transmit(ring.burst));
                assertUsed(guest, 0, 1500);
                assertUsed(guest, 1, 1500);
                assertUsed(guest, 3, 1012);
                assertEquals(3, guest.at(guest.buffer(0) + 10));
                assertEquals((byte) (round + 3999), guest.at(guest.buffer(2) + 1011));
            }
            assertEquals(10, ring.count("tx/merged"));
        }
    }

    @Test
    void shouldReturnABatchByOneDescriptorInOrder() {
        try (PackedFixture ring = new PackedFixture(8, Features.VIRTIO_F_IN_ORDER)) {
            final PackedGuest guest = ring.guest;
            for (int round = 0; round < 10; round++) {
                for (int i = 0; i < 5; i++) {
                    guest.packet(guest.buffer(i), 12, 60, i);
                    guest.add(guest.buffer(i), 72, 10 + i, 0);
                }
                assertEquals(5, ring.rx.receive(ring.burst));
                ring.burst.freeAll();
                // The driver goes on behind the buffer that is named.
                assertEquals(14, guest.used());
                for (int i = 0; i < 5; i++) {
                    guest.takeUsed(10 + i);
                }
                assertEquals(PackedGuest.NOTHING, guest.used());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, true", "6, true", "6, false", "0, false"})
    void shouldGoOnWhereItStopped(final int position, final boolean wrap) {
        final PackedGuest guest = new PackedGuest(7);
        guest.startAt(position, wrap);
        final int half = position | (wrap ? PackedRing.WRAP : 0);
        guest.packet(guest.buffer(0), 12, 60, 1);
        guest.add(guest.buffer(0), 72, 5, 0);
        guest.add(guest.buffer(0), 72, 6, 0);
        guest.add(guest.buffer(0), 72, 7, 0);
        // The upper half may be empty, as DPDK's virtio-user leaves it.
        try (PackedFixture ring = new PackedFixture(guest, 0, true)) {
            assertTrue(ring.slot.recall());
            ring.slot.offer(guest.setup(PackedFixture.FEATURES, true, half));
            assertEquals(3, ring.rx.receive(ring.burst));
            ring.rx.release();
            assertTrue(ring.slot.recall());
            final int next = guest.position | (guest.wrap ? PackedRing.WRAP : 0);
            assertEquals(next << 16 | next, ring.slot.base());
            guest.add(guest.buffer(0), 72, 8, 0);
            ring.slot.offer(guest.setup(PackedFixture.FEATURES, true, ring.slot.base()));
            assertEquals(1, ring.rx.receive(ring.burst));
            assertEquals(List.of(), ring.broken);
        }
    }

    @Test
    void shouldCallAsTheDriverWishes() {
        try (PackedFixture ring = new PackedFixture(5, Features.VIRTIO_F_EVENT_IDX)) {
            final PackedGuest guest = ring.guest;
            guest.driverEvent(PackedRing.EVENT_DISABLE, 0, false);
            assertFalse(isCalled(ring, 1));
            guest.driverEvent(PackedRing.EVENT_ENABLE, 0, false);
            assertTrue(isCalled(ring, 1));
            // From 2 on, on the first way round: called for place 4, after the third.
            guest.driverEvent(PackedRing.EVENT_DESC, 4, true);
            assertTrue(isCalled(ring, 1), "nothing is known of an event at first");
            assertFalse(isCalled(ring, 1));
            assertTrue(isCalled(ring, 1));
            assertFalse(isCalled(ring, 2), "the event is of the way before");
            guest.driverEvent(PackedRing.EVENT_DESC, 3, false);
            assertTrue(isCalled(ring, 2));
            guest.driverEvent(PackedRing.EVENT_DESC, 0, true);
            assertTrue(isCalled(ring, 2), "it passes the end");
            guest.driverEvent(PackedRing.EVENT_DESC, 0x7fff, true);
            assertFalse(isCalled(ring, 1), "beyond the ring");
        }
    }

    private static boolean isCalled(final PackedFixture ring, final int packets) {
        final long before = ring.count("rx/calls");
        for (int i = 0; i < packets; i++) {
            ring.guest.add(ring.guest.buffer(0), 72, 1, 0);
        }
        assertEquals(packets, ring.rx.receive(ring.burst));
        ring.burst.freeAll();
        return ring.count("rx/calls") > before;
    }

    @Test
    void shouldWantKicksOnlyWhileItWaits() {
        try (PackedFixture ring = new PackedFixture(5, Features.VIRTIO_F_EVENT_IDX)) {
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(PackedRing.EVENT_DISABLE, ring.guest.deviceEventFlags());
            assertEquals(ring.guest.kick.fd(), ring.rx.arm());
            assertEquals(PackedRing.EVENT_ENABLE, ring.guest.deviceEventFlags());
            ring.rx.disarm();
            assertEquals(PackedRing.EVENT_DISABLE, ring.guest.deviceEventFlags());
        }
    }

    @Test
    void shouldAllocateNothing() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (PackedFixture ring = new PackedFixture(256, 0)) {
            long least = Long.MAX_VALUE;
            // Until the compiler is through: what it interrupts may still allocate once.
            for (int round = 0; round < 20 && least > 0; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 5_000; i++) {
                    ring.guest.add(ring.guest.buffer(0), 72, 1, 0);
                    ring.rx.receive(ring.burst);
                    ring.guest.takeUsed(1);
                    ring.guest.add(ring.guest.buffer(1), 2048, 2, WRITE);
                    ring.tx.transmit(ring.burst);
                    ring.guest.takeUsed(2);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertEquals(0, least, "bytes allocated in the best round");
        }
    }
}
