/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.linux.Mapping;
import io.millrace.linux.UnixSocket;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * A front-end with a virtual IOMMU: it says where an address leads only when it is asked, and takes that back. The
 * test's thread is the worker.
 */
class IommuTest {
    private static final long TRANSLATED = RawFrontEnd.FEATURES | Features.VIRTIO_F_ACCESS_PLATFORM;
    private static final int PAGE = Misses.PAGE;
    private static final int READ = Misses.READ;
    private static final int BOTH = Misses.READ | Misses.WRITE;
    /** Addresses of buffers, which say nothing about where they are. */
    private static final long BUFFERS = 0xfff0_0000L;
    private static final int FIRST_BUFFER_PAGE = 128;

    private final PortFixture fixture = new PortFixture();
    private final Port port = fixture.listen("vm");
    private final FrameCache frames = fixture.pool.cache("test");
    private final Burst burst = new Burst(frames, 64);
    private final RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"));
    private final UnixSocket[] pair = UnixSocket.pair();
    private final MessageChannel questions = new MessageChannel(pair[0]);
    private final Mapping memory = frontEnd.map();
    private int sent;

    @BeforeEach
    void connect() {
        frontEnd.meanwhile = this::poll;
        frontEnd.negotiate(TRANSLATED);
        assertEquals(0, frontEnd.tell(VhostRequest.SET_BACKEND_REQ_FD, RawFrontEnd.payload(0), pair[1].fd()));
        pair[1].close();
        frontEnd.shareMemory();
    }

    @AfterEach
    void close() {
        questions.close();
        memory.close();
        frontEnd.close();
        PortFixture.await(() -> {
            poll();
            return fixture.count("port/vm/session/closed-by-peer") + violations() > 0;
        }, () -> "the session has not ended");
        burst.freeAll();
        port.rx(0).release();
        port.tx(0).release();
        frames.close();
        fixture.close();
    }

    private long violations() {
        return fixture.counters.snapshot().entrySet().stream()
            .filter(entry -> entry.getKey().startsWith("port/vm/session/violation")).mapToLong(Map.Entry::getValue)
            .sum();
    }

    /** One round of the worker; what it receives stays in the burst. */
    private void poll() {
        port.rx(0).receive(burst);
        final Burst nothing = new Burst(frames, 1);
        port.tx(0).transmit(nothing);
    }

    private static ByteBuffer entry(final long iova, final long size, final long user, final int permission,
                                    final int type) {
        return RawFrontEnd.payload(IotlbMessage.LENGTH).putLong(0, iova).putLong(8, size).putLong(16, user)
            .put(24, (byte) permission).put(25, (byte) type);
    }

    private void tell(final ByteBuffer entry) {
        assertEquals(0, frontEnd.tell(VhostRequest.IOTLB_MSG, entry));
    }

    private void update(final long iova, final int page, final int permission) {
        tell(entry(iova, PAGE, RawFrontEnd.USER + (long) page * PAGE, permission, IotlbMessage.UPDATE));
    }

    private void invalidate(final long iova, final long size) {
        tell(entry(iova, size, 0, 0, IotlbMessage.INVALIDATE));
    }

    /** The addresses that are asked for until nothing more is, each with what it is asked for. */
    private Map<Long, Integer> questions() {
        final Map<Long, Integer> asked = new HashMap<>();
        final long start = System.nanoTime();
        while (System.nanoTime() - start < 50_000_000) {
            poll();
            try (Message message = questions.receive()) {
                if (message != null) {
                    assertEquals(BackEndChannel.IOTLB_MSG, message.request());
                    final IotlbMessage miss = IotlbMessage.of(message);
                    assertEquals(IotlbMessage.MISS, miss.type());
                    asked.merge(miss.iova(), miss.permission(), (a, b) -> a | b);
                }
            } catch (final ProtocolViolation e) {
                throw new AssertionError(e);
            }
            LockSupport.parkNanos(10_000);
        }
        return asked;
    }

    private static long ringPage(final long offset) {
        return RawFrontEnd.USER + offset;
    }

    /** Both rings run, where they would be without an IOMMU. */
    private void start() {
        frontEnd.startRing(0);
        frontEnd.startRing(1);
        for (int ring = 0; ring < 2; ring++) {
            mapRing(ring);
        }
        assertEquals(LinkState.UP, port.link());
        questions();
    }

    private void mapRing(final int ring) {
        for (final long offset : new long[] {RawFrontEnd.descOffset(ring), RawFrontEnd.availOffset(ring),
            RawFrontEnd.usedOffset(ring)}) {
            update(ringPage(offset), (int) (offset / PAGE), BOTH);
        }
    }

    /** The guest sends 60 bytes of {@code value} that are in a page of its memory, and calls them {@code iova}. */
    private void send(final long iova, final int page, final int value) {
        final long packet = memory.address() + (long) page * PAGE;
        UnsafeApi.setMemory(packet, 12, (byte) 0);
        UnsafeApi.setMemory(packet + 12, 60, (byte) value);
        offer(1, sent++, iova, 72, 0);
    }

    private void offer(final int ring, final int n, final long iova, final int length, final int flags) {
        final int slot = n % RawFrontEnd.RING_SIZE;
        final long desc = memory.address() + RawFrontEnd.descOffset(ring) + 16L * slot;
        UnsafeApi.putLong(desc, iova);
        UnsafeApi.putInt(desc + 8, length);
        UnsafeApi.putInt(desc + 12, flags);
        final long avail = memory.address() + RawFrontEnd.availOffset(ring);
        UnsafeApi.putShort(avail + 4 + 2L * slot, (short) slot);
        UnsafeApi.putShortRelease(null, avail + 2, (short) (n + 1));
    }

    private void assertReceived(final int value) {
        PortFixture.await(() -> {
            poll();
            return burst.size() > 0;
        }, () -> "no packet of " + value + ": " + fixture.events + fixture.counters.snapshot());
        assertEquals(1, burst.size());
        for (int i = 0; i < 60; i++) {
            assertEquals((byte) value, UnsafeApi.getByte(burst.address(0) + i));
        }
        burst.freeAll();
    }

    @Test
    void shouldAskWhereTheRingsAreAndStartWhenItIsTold() {
        frontEnd.startRing(0);
        frontEnd.startRing(1);
        assertEquals(LinkState.DOWN, port.link());
        final Map<Long, Integer> expected = new HashMap<>();
        for (int ring = 0; ring < 2; ring++) {
            expected.put(ringPage(RawFrontEnd.descOffset(ring)), READ);
            expected.put(ringPage(RawFrontEnd.availOffset(ring)), READ);
            expected.put(ringPage(RawFrontEnd.usedOffset(ring)), BOTH);
        }
        assertEquals(expected, questions());
        mapRing(0);
        assertEquals(LinkState.DOWN, port.link());
        mapRing(1);
        assertEquals(LinkState.UP, port.link());
        assertEquals(6, fixture.count("port/vm/iommu/misses"));
        assertEquals(6, fixture.count("port/vm/iommu/updates"));
    }

    @Test
    void shouldWaitForTheAddressOfAPacket() {
        start();
        send(BUFFERS, FIRST_BUFFER_PAGE, 1);
        assertEquals(Map.of(BUFFERS, READ), questions());
        assertEquals(0, burst.size());
        update(BUFFERS, FIRST_BUFFER_PAGE, READ);
        assertReceived(1);
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldAskAgainForWhatIsNotToldInTime() {
        start();
        send(BUFFERS, FIRST_BUFFER_PAGE, 1);
        assertEquals(Map.of(BUFFERS, READ), questions());
        assertEquals(Map.of(), questions());
        PortFixture.await(() -> !questions().isEmpty(), () -> "not asked again");
    }

    @Test
    void shouldReadAPacketAcrossPagesThatAreNotNeighbours() {
        start();
        final long first = memory.address() + (FIRST_BUFFER_PAGE + 1L) * PAGE - 22;
        final long second = memory.address() + (FIRST_BUFFER_PAGE + 7L) * PAGE;
        UnsafeApi.setMemory(first, 12, (byte) 0);
        UnsafeApi.setMemory(first + 12, 10, (byte) 9);
        UnsafeApi.setMemory(second, 50, (byte) 9);
        offer(1, sent++, BUFFERS + PAGE - 22, 72, 0);
        assertEquals(Map.of(BUFFERS, READ, BUFFERS + PAGE, READ), questions());
        update(BUFFERS, FIRST_BUFFER_PAGE, READ);
        assertEquals(0, burst.size());
        update(BUFFERS + PAGE, FIRST_BUFFER_PAGE + 7, READ);
        assertReceived(9);
    }

    @Test
    void shouldNotUseWhatWasTakenBack() {
        start();
        for (int round = 0; round < 100; round++) {
            final int page = FIRST_BUFFER_PAGE + round % 8;
            send(BUFFERS, page, round);
            if (round % 3 > 0) {
                assertEquals(Map.of(BUFFERS, READ), questions());
            }
            update(BUFFERS, page, READ);
            assertReceived(round);
            invalidate(round % 2 == 0 ? BUFFERS : BUFFERS - PAGE, round % 2 == 0 ? PAGE : 4 * PAGE);
            // Whoever reads it now reads something else.
            UnsafeApi.setMemory(memory.address() + (long) page * PAGE, PAGE, (byte) 0xee);
        }
        assertEquals(100, fixture.count("port/vm/iommu/invalidations"));
    }

    @Test
    void shouldLookAheadForBuffersOfPacketsToCome() {
        start();
        final Set<Long> expected = new TreeSet<>();
        for (int i = 0; i < 40; i++) {
            offer(0, i, BUFFERS + (long) i * PAGE, 1600, DeviceRing.WRITE);
            expected.add(BUFFERS + (long) i * PAGE);
        }
        final Set<Long> asked = new TreeSet<>();
        PortFixture.await(() -> {
            questions().forEach((iova, permission) -> {
                assertEquals(Misses.WRITE, permission);
                asked.add(iova);
                update(iova, FIRST_BUFFER_PAGE + (int) ((iova - BUFFERS) / PAGE), Misses.WRITE);
            });
            return asked.equals(expected);
        }, () -> "asked: " + asked);
        final Burst packets = new Burst(frames, 64);
        for (int i = 0; i < 40; i++) {
            final int offset = frames.allocate();
            UnsafeApi.setMemory(fixture.pool.baseAddress() + offset, 60, (byte) i);
            packets.add(offset, 60, 0);
        }
        assertEquals(40, port.tx(0).transmit(packets));
        for (int i = 0; i < 40; i++) {
            assertEquals((byte) i, UnsafeApi.getByte(memory.address() + (FIRST_BUFFER_PAGE + (long) i) * PAGE + 12));
        }
    }

    @Test
    void shouldNotWriteWhereItMayOnlyRead() {
        start();
        offer(0, 0, BUFFERS, 1600, DeviceRing.WRITE);
        update(BUFFERS, FIRST_BUFFER_PAGE, READ);
        assertEquals(Map.of(BUFFERS, Misses.WRITE), questions());
        final Burst packets = new Burst(frames, HeldPackets.CAPACITY + 10);
        for (int i = 0; i < HeldPackets.CAPACITY + 10; i++) {
            packets.add(frames.allocate(), 60, 0);
        }
        assertEquals(0, port.tx(0).transmit(packets));
        // They wait, as far as there is room.
        assertEquals(10, packets.size());
        packets.freeAll();
        assertEquals(0, UnsafeApi.getShort(memory.address() + RawFrontEnd.usedOffset(0) + 2));
        update(BUFFERS, FIRST_BUFFER_PAGE, BOTH);
        poll();
        assertEquals(1, UnsafeApi.getShort(memory.address() + RawFrontEnd.usedOffset(0) + 2));
        assertEquals(1, fixture.count("port/vm/tx0/packets"));
        port.tx(0).release();
        assertEquals(HeldPackets.CAPACITY - 1, fixture.count("port/vm/tx0/drop/link-down"));
    }

    @Test
    void shouldStandStillWhileARingIsTakenBack() {
        start();
        update(BUFFERS, FIRST_BUFFER_PAGE, READ);
        send(BUFFERS, FIRST_BUFFER_PAGE, 1);
        assertReceived(1);
        final long used = RawFrontEnd.usedOffset(1);
        invalidate(ringPage(used), PAGE);
        final long index = memory.address() + used + 2;
        assertEquals(1, UnsafeApi.getShort(index));
        send(BUFFERS, FIRST_BUFFER_PAGE, 2);
        assertEquals(Map.of(ringPage(used), BOTH), questions());
        assertEquals(0, burst.size());
        assertEquals(LinkState.UP, port.link());
        // Where it was: it goes on.
        update(ringPage(used), (int) (used / PAGE), BOTH);
        assertReceived(2);
        assertEquals(2, UnsafeApi.getShort(index));
        // Everything at once; and it comes back elsewhere.
        invalidate(0, 0);
        send(BUFFERS, FIRST_BUFFER_PAGE, 3);
        final int moved = FIRST_BUFFER_PAGE + 64;
        UnsafeApi.copyMemory(memory.address() + used, memory.address() + (long) moved * PAGE, PAGE);
        update(ringPage(RawFrontEnd.descOffset(1)), (int) (RawFrontEnd.descOffset(1) / PAGE), READ);
        update(ringPage(RawFrontEnd.availOffset(1)), (int) (RawFrontEnd.availOffset(1) / PAGE), READ);
        update(ringPage(used), moved, BOTH);
        update(BUFFERS, FIRST_BUFFER_PAGE, READ);
        assertReceived(3);
        assertEquals(2, UnsafeApi.getShort(index));
        assertEquals(3, UnsafeApi.getShort(memory.address() + (long) moved * PAGE + 2));
    }

    @Test
    void shouldNotStartARingThatIsNotInOnePieceHere() {
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(0, 512)));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(0, 0)));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_ADDR, RawFrontEnd.address(0)));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(0), frontEnd.event.fd()));
        // Two pages of descriptors, one of the avail ring, two of the used ring.
        assertEquals(5, questions().size());
        update(ringPage(0), 7, BOTH);
        for (int page = 1; page < 5; page++) {
            update(ringPage((long) page * PAGE), page, BOTH);
        }
        assertEquals(1, fixture.count("port/vm/iommu/scattered-rings"));
        update(ringPage(0), 0, BOTH);
        frontEnd.tell(VhostRequest.SET_VRING_ENABLE, RawFrontEnd.state(0, 1));
        mapRing(1);
        frontEnd.startRing(1);
        assertEquals(LinkState.UP, port.link());
        assertEquals(1, fixture.count("port/vm/iommu/scattered-rings"));
    }

    @Test
    void shouldForgetEverythingWhenNoRingRunsAnyMore() {
        start();
        update(BUFFERS, FIRST_BUFFER_PAGE, READ);
        for (int ring = 0; ring < 2; ring++) {
            frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(ring, 0));
        }
        frontEnd.startRing(0);
        frontEnd.startRing(1);
        assertEquals(LinkState.DOWN, port.link());
        assertEquals(6, questions().size());
    }

    @Test
    void shouldRefuseWhatMakesNoSense() {
        final long end = RawFrontEnd.USER + RawFrontEnd.MEMORY;
        final Map<ByteBuffer, String> bad = Map.of(
            entry(0, PAGE, RawFrontEnd.USER, BOTH, 4), "bad-value",
            entry(0, PAGE, RawFrontEnd.USER, BOTH, IotlbMessage.MISS), "bad-value",
            entry(0, PAGE, RawFrontEnd.USER, 0, IotlbMessage.UPDATE), "bad-value",
            entry(0, PAGE, RawFrontEnd.USER, 4, IotlbMessage.UPDATE), "bad-value",
            entry(0, 0, RawFrontEnd.USER, BOTH, IotlbMessage.UPDATE), "bad-memory",
            entry(0, -1, RawFrontEnd.USER, BOTH, IotlbMessage.UPDATE), "bad-memory",
            entry(0, PAGE, RawFrontEnd.USER - 1, BOTH, IotlbMessage.UPDATE), "bad-memory",
            entry(0, PAGE + 1, end - PAGE, BOTH, IotlbMessage.UPDATE), "bad-memory",
            entry(-PAGE + 1, PAGE, RawFrontEnd.USER, BOTH, IotlbMessage.UPDATE), "bad-memory",
            entry(0, PAGE, RawFrontEnd.GUEST, BOTH, IotlbMessage.UPDATE), "bad-memory");
        final Map<String, Long> ended = new HashMap<>();
        frontEnd.close();
        bad.forEach((entry, reason) -> {
            try (RawFrontEnd next = RawFrontEnd.connect(fixture.path("vm"))) {
                next.negotiate(TRANSLATED);
                next.shareMemory();
                next.send(VhostRequest.IOTLB_MSG, entry);
                assertNull(next.receive(), () -> entry + " was answered");
            }
            ended.merge(reason, 1L, Long::sum);
            fixture.awaitCount("port/vm/session/violation/" + reason, ended.get(reason));
        });
    }

    @Test
    void shouldKeepOnlySoMuch() throws ProtocolViolation {
        start();
        final Iotlb iotlb = new Iotlb(fixture.counters.scope("iotlb"));
        final GuestMemory guest = new GuestMemory(List.of(
            new GuestRegion(0, RawFrontEnd.USER, RawFrontEnd.MEMORY, memory, 0, true)));
        for (long i = 0; i < 3L * Iotlb.MAX_RANGES; i++) {
            iotlb.update(new IotlbMessage(i * 2 * PAGE, PAGE, RawFrontEnd.USER, BOTH, IotlbMessage.UPDATE), guest);
            assertTrue(iotlb.map(guest).readable().count() <= Iotlb.MAX_RANGES);
            assertEquals(memory.address(), iotlb.locate(i * 2 * PAGE, PAGE, BOTH));
        }
        // A buffer as long as can be, of pages that nobody knows, a ring full of them.
        for (int i = 0; i < RawFrontEnd.RING_SIZE; i++) {
            offer(1, i, 0, -1, i % 2 == 0 ? DeviceRing.NEXT : 0);
        }
        final long start = System.nanoTime();
        poll();
        assertTrue(System.nanoTime() - start < 1_000_000_000L, "it looked at every page");
        assertTrue(questions().size() <= Iotlb.MAX_ASKED);
    }
}
