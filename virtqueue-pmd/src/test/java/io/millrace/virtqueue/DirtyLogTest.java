/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import io.millrace.linux.SharedMemory;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which pages a front-end is told of while it migrates its guest, and how it comes to that. */
class DirtyLogTest {
    private static final int PAGE = 4096;
    private static final long BASE_PAGE = GuestPages.BASE / PAGE;
    private static final int LOG_BYTES = (int) (GuestPages.BASE + 2 * GuestPages.REGION) / PAGE / 8;
    private static final long LOGGED = Features.VHOST_F_LOG_ALL;

    private static Fd sealed(final long size) {
        final Fd file = SharedMemory.create("log", size, false);
        SharedMemory.seal(file);
        return file;
    }

    /** The pages that are marked, counted from the start of the guest's memory; the marks are taken away. */
    private static Set<Long> marked(final LogArea area) {
        final Set<Long> pages = new TreeSet<>();
        for (long byteAt = 0; byteAt < area.size(); byteAt++) {
            final int bits = UnsafeApi.getByte(area.address() + byteAt) & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                if ((bits >>> bit & 1) != 0) {
                    pages.add(byteAt * 8 + bit - BASE_PAGE);
                }
            }
            UnsafeApi.putByte(area.address() + byteAt, (byte) 0);
        }
        return pages;
    }

    private static long page(final GuestPages guest, final int buffer) {
        return (guest.buffer(buffer) - GuestPages.BASE) / PAGE;
    }

    @Test
    void shouldMarkWhatASplitRingWrites() throws ProtocolViolation {
        final SplitGuest guest = new SplitGuest(16);
        try (Fd file = sealed(LOG_BYTES); LogArea area = LogArea.map(file, LOG_BYTES, 0)) {
            guest.logArea = area;
            try (RingFixture ring = new RingFixture(guest, LOGGED | Features.VIRTIO_NET_F_MRG_RXBUF)) {
                guest.desc(3, guest.buffer(8), 2048, DeviceRing.WRITE, 0);
                guest.avail(3);
                ring.add(60, 0);
                assertEquals(1, ring.tx.transmit(ring.burst));
                assertEquals(Set.of(SplitGuest.USED / (long) PAGE, page(guest, 8)), marked(area));
                // Merged over two buffers, the first one over the end of a page and of a region.
                final long across = GuestPages.BASE + GuestPages.REGION - 100;
                guest.desc(4, across, 1000, DeviceRing.WRITE, 0);
                guest.desc(5, guest.buffer(20), 2048, DeviceRing.WRITE, 0);
                guest.avail(4, 5);
                ring.add(1700, 0);
                assertEquals(1, ring.tx.transmit(ring.burst));
                final long end = GuestPages.REGION / (long) PAGE;
                assertEquals(Set.of(SplitGuest.USED / (long) PAGE, end - 1, end, page(guest, 20)), marked(area));
                // What the guest sends is read only; its buffers are returned.
                guest.desc(6, guest.buffer(30), 72, 0, 0);
                guest.avail(6);
                assertEquals(1, ring.rx.receive(ring.burst));
                assertEquals(Set.of(SplitGuest.USED / (long) PAGE), marked(area));
            }
        }
    }

    @Test
    void shouldMarkWhatAPackedRingWrites() throws ProtocolViolation {
        final PackedGuest guest = new PackedGuest(16);
        try (Fd file = sealed(LOG_BYTES + 64); LogArea area = LogArea.map(file, LOG_BYTES, 64)) {
            guest.logArea = area;
            try (PackedFixture ring = new PackedFixture(guest, LOGGED, true)) {
                guest.add(guest.buffer(8), 2048, 1, DeviceRing.WRITE);
                ring.add(60, 0);
                assertEquals(1, ring.tx.transmit(ring.burst));
                assertEquals(Set.of(0L, 0x80000L / PAGE, page(guest, 8)), marked(area));
            }
        }
    }

    @Test
    void shouldMarkNothingBeyondTheLog() throws ProtocolViolation {
        final SplitGuest guest = new SplitGuest(16);
        // Too short for all pages but those of the ring.
        final int bytes = (int) (BASE_PAGE / 8 + 1);
        try (Fd file = sealed(LOG_BYTES); LogArea area = LogArea.map(file, bytes, 0);
             LogArea all = LogArea.map(file, LOG_BYTES, 0)) {
            guest.logArea = area;
            try (RingFixture ring = new RingFixture(guest, LOGGED)) {
                guest.desc(3, guest.buffer(8), 2048, DeviceRing.WRITE, 0);
                guest.avail(3);
                ring.add(60, 0);
                assertEquals(1, ring.tx.transmit(ring.burst));
                assertEquals(Set.of(SplitGuest.USED / (long) PAGE), marked(all));
            }
        }
    }

    @Test
    void shouldMarkBothOfTwoRegionsThatAreNeighboursHereOnly() throws ProtocolViolation {
        try (Fd file = sealed(LOG_BYTES); LogArea area = LogArea.map(file, LOG_BYTES, 0);
             Mapping mapping = Mapping.map(file, 0, 2 * PAGE, "both")) {
            final GuestMemory memory = new GuestMemory(List.of(
                new GuestRegion(GuestPages.BASE + 9 * PAGE, 0, PAGE, mapping, 0, true),
                new GuestRegion(GuestPages.BASE, PAGE, PAGE, mapping, PAGE, true)));
            new DirtyLog(memory, area).written(mapping.address() + PAGE - 10, 20);
            assertEquals(Set.of(9L, 0L), marked(area));
        }
    }

    private static ByteBuffer log(final long size, final long offset) {
        return RawFrontEnd.payload(16).putLong(0, size).putLong(8, offset);
    }

    private static long setLog(final RawFrontEnd frontEnd, final Fd file, final long size, final long offset) {
        frontEnd.send(VhostRequest.SET_LOG_BASE, log(size, offset), file);
        return frontEnd.answer(VhostRequest.SET_LOG_BASE);
    }

    @Test
    void shouldLogOnRunningRingsAndStop() {
        try (PortFixture fixture = new PortFixture(); Fd file = sealed(PAGE);
             Mapping bits = Mapping.map(file, 0, PAGE, "log")) {
            final Port port = fixture.listen("vm");
            fixture.startWorker();
            try (RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm")); Mapping memory = frontEnd.map()) {
                frontEnd.protocolFeatures |= ProtocolFeatures.LOG_SHMFD;
                frontEnd.startAll();
                fixture.awaitLink(port, LinkState.UP);
                final int changes = fixture.events.size();
                assertEquals(0, setLog(frontEnd, file, PAGE, 0));
                for (int round = 0; round < 200; round++) {
                    assertEquals(0, frontEnd.tell(VhostRequest.SET_FEATURES,
                        RawFrontEnd.u64(RawFrontEnd.FEATURES | LOGGED)));
                    assertEquals(0, setLog(frontEnd, file, PAGE, 0));
                    send(frontEnd, memory, 2 * round);
                    fixture.awaitCount("port/vm/rx0/packets", 2L * round + 1);
                    assertTrue(isMarked(bits, frontEnd), "used ring of round " + round);
                    assertEquals(0, frontEnd.tell(VhostRequest.SET_FEATURES, RawFrontEnd.u64(RawFrontEnd.FEATURES)));
                    UnsafeApi.setMemory(bits.address(), PAGE, (byte) 0);
                    send(frontEnd, memory, 2 * round + 1);
                    fixture.awaitCount("port/vm/rx0/packets", 2L * round + 2);
                    assertTrue(!isMarked(bits, frontEnd), "logged after the end of round " + round);
                }
                assertEquals(changes, fixture.events.size(), () -> fixture.events.toString());
                // Where a destination goes on: behind all 400.
                assertEquals(400L << 32 | 1, frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0)));
            }
            fixture.awaitCount("port/vm/session/closed-by-peer", 1);
        }
    }

    /** Sends the guest's packet number {@code n} on ring 1. */
    private static void send(final RawFrontEnd frontEnd, final Mapping memory, final int n) {
        final long desc = memory.address() + RawFrontEnd.descOffset(1);
        UnsafeApi.putLong(desc, RawFrontEnd.GUEST + RawFrontEnd.MEMORY / 2);
        UnsafeApi.putLong(desc + 8, 72);
        final long avail = memory.address() + RawFrontEnd.availOffset(1);
        UnsafeApi.putShort(avail + 4 + 2L * (n % RawFrontEnd.RING_SIZE), (short) 0);
        UnsafeApi.putShortRelease(null, avail + 2, (short) (n + 1));
    }

    private static boolean isMarked(final Mapping bits, final RawFrontEnd frontEnd) {
        final long page = (RawFrontEnd.GUEST + RawFrontEnd.usedOffset(1)) / PAGE;
        return (UnsafeApi.getByte(bits.address() + page / 8) >>> page % 8 & 1) != 0;
    }

    @Test
    void shouldRefuseLogsThatCannotBe() {
        final long[][] bad = {{0, 0}, {PAGE + 1, 0}, {PAGE, 8}, {8, 1}, {8, -8}, {-1, 0}, {Long.MAX_VALUE, 8},
            {1L << 41, 0}};
        for (final long[] one : bad) {
            assertRefused(one[0], one[1], true, "bad-memory");
        }
        assertRefused(PAGE, 0, false, "wrong-file");
    }

    private static void assertRefused(final long size, final long offset, final boolean isSealed,
                                      final String reason) {
        try (PortFixture fixture = new PortFixture();
             Fd file = isSealed ? sealed(PAGE) : SharedMemory.create("log", PAGE, false)) {
            fixture.listen("vm");
            fixture.startWorker();
            try (RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"))) {
                frontEnd.protocolFeatures |= ProtocolFeatures.LOG_SHMFD;
                frontEnd.startAll();
                frontEnd.send(VhostRequest.SET_LOG_BASE, log(size, offset), file);
                frontEnd.awaitEnd();
            }
            fixture.awaitCount("port/vm/session/violation/" + reason, 1);
        }
    }

    @Test
    void shouldAnnounceAGuestThatCannotSpeak() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            assertEquals(0, ring.rx.receive(ring.burst));
            ring.slot.announce(0x0605_0403_0202L);
            assertEquals(1, ring.rx.receive(ring.burst));
            assertEquals(60, ring.burst.length(0));
            final int[] start = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 2, 3, 4, 5, 6, 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0,
                3, 2, 2, 3, 4, 5, 6, 0, 0, 0, 0, 2, 2, 3, 4, 5, 6, 0, 0, 0, 0};
            for (int i = 0; i < start.length; i++) {
                assertEquals((byte) start[i], ring.received(0, i), "byte " + i);
            }
            assertEquals(1, ring.count("rx/announcements"));
            assertEquals(1, ring.count("rx/packets"));
            ring.burst.freeAll();
            assertEquals(0, ring.rx.receive(ring.burst));
        }
    }
}
