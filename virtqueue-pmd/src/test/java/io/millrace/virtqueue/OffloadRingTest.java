/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.Offload;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a guest's header says, byte by byte, against what the burst says, both ways. */
class OffloadRingTest {
    private static final int NEXT = DeviceRing.NEXT;
    private static final int WRITE = DeviceRing.WRITE;
    private static final long ALL = RingFixture.MODERN | OffloadFeatures.of(OffloadFeatures.ALL);
    private static final long MERGEABLE = ALL | Features.VIRTIO_NET_F_MRG_RXBUF;
    private static final byte[] TCP4 = OffloadPackets.ipv4(OffloadPackets.TCP, 9000, 3);
    private static final byte[] SHORT_TCP4 = OffloadPackets.ipv4(OffloadPackets.TCP, 100, 3);

    private static void header(final SplitGuest guest, final long at, final int flags, final int type, final int hint,
                               final int size, final int start, final int place) {
        final int[] fields = {flags | type << 8, hint, size, start, place, 0};
        for (int i = 0; i < fields.length; i++) {
            UnsafeApi.putByte(guest.local(at + 2L * i), (byte) fields[i]);
            UnsafeApi.putByte(guest.local(at + 2L * i + 1), (byte) (fields[i] >>> 8));
        }
    }

    /** Sends one packet in {@code pieces} buffers. */
    private static void send(final RingFixture ring, final int headerLength, final byte[] packet, final int pieces) {
        final SplitGuest guest = ring.guest;
        OffloadPackets.write(packet, guest.local(guest.buffer(0) + headerLength));
        final int part = (headerLength + packet.length) / pieces;
        for (int i = 0; i < pieces; i++) {
            final boolean isLast = i == pieces - 1;
            guest.desc(i, guest.buffer(0) + (long) i * part,
                isLast ? headerLength + packet.length - i * part : part, isLast ? 0 : NEXT, i + 1);
        }
        guest.avail(0);
    }

    private static void assertRequest(final Burst burst, final int type, final int size, final int start,
                                      final int place, final int headers) {
        assertTrue(burst.hasOffload(0));
        assertEquals(type, burst.gsoType(0));
        assertEquals(size, burst.gsoSize(0));
        assertEquals(start, burst.checksumStart(0));
        assertEquals(place, burst.checksumOffset(0));
        assertEquals(headers, burst.headerLength(0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 14})
    void shouldTakeWhatAGuestLeavesToBeDone(final int pieces) {
        try (RingFixture ring = new RingFixture(16, ALL)) {
            // The hint of the headers' length is a stranger's, and found out anew.
            header(ring.guest, ring.guest.buffer(0), 1, Offload.GSO_TCPV4, 65535, 1448, 34, 16);
            send(ring, 12, TCP4, pieces);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertRequest(ring.burst, Offload.GSO_TCPV4, 1448, 34, 16, 54);
            assertEquals(9000, ring.burst.length(0));
            ring.burst.freeAll();
            header(ring.guest, ring.guest.buffer(0), 1, 0, 0, 77, 34, 16);
            send(ring, 12, SHORT_TCP4, pieces);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertRequest(ring.burst, 0, 0, 34, 16, 0);
        }
    }

    @Test
    void shouldForgetWhatEarlierPacketsLeft() {
        try (RingFixture ring = new RingFixture(16, ALL)) {
            final SplitGuest guest = ring.guest;
            for (int i = 0; i < 12; i++) {
                header(guest, guest.buffer(i), i % 3 == 0 ? 1 : 0, 0, 0, 0, i % 3 == 0 ? 34 : 99, 16);
                OffloadPackets.write(SHORT_TCP4, guest.local(guest.buffer(i) + 12));
                guest.desc(i, guest.buffer(i), 112, 0, 0);
            }
            for (int round = 0; round < 3; round++) {
                guest.avail(round, round + 1, round + 2, round + 3, round + 4, round + 5);
                assertEquals(6, ring.rx.receive(ring.burst));
                for (int i = 0; i < 6; i++) {
                    assertEquals((round + i) % 3 == 0, ring.burst.hasOffload(i), "packet " + i);
                }
                ring.burst.freeAll();
            }
        }
    }

    /** virtio 1.2, 5.1.6: a legacy header, and one at an odd address. */
    @ParameterizedTest
    @CsvSource({"0, 10, 0", "1, 10, 1", "1, 12, 1"})
    void shouldReadHeadersOfEveryLengthAtAnyAddress(final int odd, final int length, final int modern) {
        final long features = OffloadFeatures.of(OffloadFeatures.ALL) | (length == 12 ? RingFixture.MODERN : 0);
        try (RingFixture ring = new RingFixture(16, features)) {
            final SplitGuest guest = ring.guest;
            header(guest, guest.buffer(0) + odd, 1, 0, 0, 0, 34, 16);
            OffloadPackets.write(SHORT_TCP4, guest.local(guest.buffer(0) + odd + length));
            guest.desc(0, guest.buffer(0) + odd, length + 100, 0, 0);
            guest.avail(0);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertRequest(ring.burst, 0, 0, 34, 16, 0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, 0, 35, 16", "1, 0, 0, 65535, 65535", "1, 0, 0, 99, 0", "1, 0, 0, 0, 6", "1, 1, 0, 34, 16",
        "0, 1, 50, 34, 16", "1, 4, 50, 34, 16", "1, 5, 50, 34, 16"})
    void shouldDropWhatMakesNoSense(final int flags, final int type, final int size, final int start,
                                    final int place) {
        try (RingFixture ring = new RingFixture(16, ALL)) {
            for (int pieces = 1; pieces <= 2; pieces++) {
                header(ring.guest, ring.guest.buffer(0), flags, type, 0, size, start, place);
                send(ring, 12, SHORT_TCP4, pieces);
                assertEquals(0, ring.rx.receive(ring.burst));
                assertEquals(pieces, ring.count("rx/drop/bad-offload"));
            }
            // The packet's fault, not the guest's: the next one passes.
            header(ring.guest, ring.guest.buffer(0), 0, 0, 0, 0, 0, 0);
            send(ring, 12, SHORT_TCP4, 1);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertFalse(ring.burst.hasOffload(0));
            assertTrue(ring.broken.isEmpty());
        }
    }

    @ParameterizedTest
    @CsvSource({"0x00, 3", "0x01, 0x7f", "0x01, 0x80", "0x01, 1", "0x01, 0x81"})
    void shouldDropWhatWasNotNegotiated(final String flags, final String type) {
        final long features = RingFixture.MODERN | Features.VIRTIO_NET_F_CSUM | Features.VIRTIO_NET_F_HOST_TSO6;
        try (RingFixture ring = new RingFixture(16, features)) {
            header(ring.guest, ring.guest.buffer(0), Integer.decode(flags), Integer.decode(type), 0, 50, 34, 16);
            send(ring, 12, SHORT_TCP4, 1);
            assertEquals(0, ring.rx.receive(ring.burst));
            assertEquals(1, ring.count("rx/drop/offload"));
        }
    }

    @Test
    void shouldNotLookAtHeadersOfAGuestThatNegotiatedNothing() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            header(ring.guest, ring.guest.buffer(0), 0xff, 0xff, 0xffff, 0xffff, 0xffff, 0xffff);
            send(ring, 12, SHORT_TCP4, 1);
            send(ring, 12, SHORT_TCP4, 2);
            assertEquals(2, ring.rx.receive(ring.burst));
            assertFalse(ring.burst.hasOffload(0) || ring.burst.hasOffload(1));
        }
    }

    @Test
    void shouldTakeAnyHeaderWithoutHarm() {
        try (RingFixture ring = new RingFixture(16, ALL)) {
            long passed = 0;
            for (int seed = 0; seed < 100_000; seed++) {
                final Random random = new Random(seed);
                header(ring.guest, ring.guest.buffer(0), random.nextInt(4), random.nextInt(8), random.nextInt(),
                    random.nextInt(), random.nextInt(40), random.nextInt(20));
                send(ring, 12, SHORT_TCP4, 1 + random.nextInt(3));
                passed += ring.rx.receive(ring.burst);
                ring.burst.freeAll();
            }
            assertEquals(100_000, passed + ring.count("rx/drop/offload") + ring.count("rx/drop/bad-offload"));
            assertTrue(passed > 1000 && ring.broken.isEmpty());
        }
    }

    private static void add(final RingFixture ring, final byte[] packet, final int type, final int size) {
        final int offset = ring.frames.allocateFor(packet.length);
        OffloadPackets.write(packet, ring.pool.baseAddress() + offset);
        ring.burst.add(offset, packet.length, 0);
        final int i = ring.burst.size() - 1;
        assertTrue(ring.burst.offload(i, 34, 16, type, size, type == 0 ? 0 : 54));
    }

    private static void assertHeader(final SplitGuest guest, final long at, final int... fields) {
        for (int i = 0; i < fields.length; i++) {
            assertEquals(fields[i], guest.at(at + 2L * i) & 0xff | (guest.at(at + 2L * i + 1) & 0xff) << 8,
                "field " + i);
        }
    }

    @Test
    void shouldLeaveToAGuestWhatItTakes() {
        try (RingFixture ring = new RingFixture(16, ALL)) {
            final SplitGuest guest = ring.guest;
            guest.desc(0, guest.buffer(0), 2048, WRITE, 0);
            // virtio 1.2, 5.1.6.3.1: without mergeable buffers a guest that takes TSO posts 65562 bytes or more.
            guest.desc(1, guest.buffer(2), 12, WRITE | NEXT, 2);
            guest.desc(2, guest.buffer(3), 65_550, WRITE, 0);
            guest.avail(0, 1);
            add(ring, SHORT_TCP4, 0, 0);
            add(ring, TCP4, Offload.GSO_TCPV4 | Offload.GSO_ECN, 1448);
            assertEquals(2, ring.tx.transmit(ring.burst));
            assertHeader(guest, guest.buffer(0), 1, 0, 0, 34, 16, 1);
            assertHeader(guest, guest.buffer(2), 1 | 0x81 << 8, 54, 1448, 34, 16, 1);
            assertEquals(9012, guest.usedLength(1));
        }
    }

    @Test
    void shouldDropALargePacketForWhichTheBuffersAreTooSmall() {
        try (RingFixture ring = new RingFixture(16, ALL)) {
            final SplitGuest guest = ring.guest;
            guest.desc(0, guest.buffer(0), 2048, WRITE, 0);
            guest.avail(0);
            add(ring, TCP4, Offload.GSO_TCPV4, 1448);
            add(ring, SHORT_TCP4, 0, 0);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertEquals(1, ring.count("tx/drop/buffer-too-small"));
            assertHeader(guest, guest.buffer(0), 1, 0, 0, 34, 16, 1);
        }
    }

    @Test
    void shouldMergeALargePacketOverBuffers() {
        try (RingFixture ring = new RingFixture(16, MERGEABLE)) {
            final SplitGuest guest = ring.guest;
            for (int i = 0; i < 16; i++) {
                guest.desc(i, guest.buffer(i), 1500, WRITE, 0);
                guest.avail(i);
            }
            add(ring, TCP4, Offload.GSO_TCPV4, 1448);
            add(ring, SHORT_TCP4, 0, 0);
            assertEquals(2, ring.tx.transmit(ring.burst));
            assertHeader(guest, guest.buffer(0), 1 | 1 << 8, 54, 1448, 34, 16, 7);
            assertHeader(guest, guest.buffer(7), 1, 0, 0, 34, 16, 1);
        }
    }

    @Test
    void shouldWriteACompletePacketsHeaderOverAnother() {
        try (RingFixture ring = new RingFixture(16, ALL)) {
            final SplitGuest guest = ring.guest;
            header(guest, guest.buffer(0), 0xff, 0xff, 0xffff, 0xffff, 0xffff, 0xffff);
            guest.desc(0, guest.buffer(0), 2048, WRITE, 0);
            guest.avail(0);
            ring.add(100, 1);
            assertEquals(1, ring.tx.transmit(ring.burst));
            assertHeader(guest, guest.buffer(0), 0, 0, 0, 0, 0, 1);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.VIRTIO_NET_F_GUEST_TSO4, Features.VIRTIO_NET_F_CSUM,
        Features.VIRTIO_NET_F_GUEST_CSUM | Features.VIRTIO_NET_F_GUEST_TSO6})
    void shouldDropWhatTheGuestDoesNotTake(final long features) {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN | features)) {
            final SplitGuest guest = ring.guest;
            for (int i = 0; i < 4; i++) {
                guest.desc(i, guest.buffer(2 * i), 4096, WRITE, 0);
                guest.avail(i);
            }
            ring.add(100, 1);
            add(ring, OffloadPackets.ipv4(OffloadPackets.TCP, 1700, 3), Offload.GSO_TCPV4, 1448);
            ring.add(100, 1);
            assertEquals(2, ring.tx.transmit(ring.burst));
            assertEquals(1, ring.count("tx/drop/offload"));
            assertEquals(2, guest.usedIndex());
            assertTrue(ring.burst.isEmpty());
        }
    }
}
