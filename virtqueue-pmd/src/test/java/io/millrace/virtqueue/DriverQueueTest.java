/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What the driver's queues write into rings, and what they make of what comes back. */
class DriverQueueTest {
    private static final int RX = 0;
    private static final int TX = 1;

    @TempDir
    private Path folder;
    private RawBackEnd backEnd;
    private DriverHost host;

    @BeforeEach
    void open() {
        backEnd = new RawBackEnd(folder.resolve("p.sock"));
    }

    @AfterEach
    void everythingIsGivenBack() {
        backEnd.close();
        host.close();
    }

    private void connect(final long features) {
        connect(features, 64);
    }

    private void connect(final long features, final int jumboFrames) {
        backEnd.features = RawBackEnd.MODERN | features;
        host = new DriverHost(VirtioUser.connect(folder.resolve("p.sock").toString()).ringSize(64), 1024, jumboFrames);
        Await.until(() -> "link up: " + host.events, () -> {
            backEnd.pump();
            host.poll();
            return host.port.link() == LinkState.UP && host.port.tx(0).isReady();
        });
        Await.until("receive ring filled", () -> {
            host.poll();
            return backEnd.ring(RX).availIndex() == 64;
        });
    }

    private void complete(final int packets) {
        for (int i = 0; i < packets; i++) {
            backEnd.ring(TX).element(backEnd.ring(TX).slot(backEnd.ring(TX).nextUsed()), 0);
        }
        backEnd.ring(TX).publish();
    }

    @Test
    void shouldPutAZeroHeaderBeforeThePacket() {
        connect(0);
        host.add(42, 64);
        UnsafeApi.setMemory(host.out.address(0) - 12, 12, (byte) 0xff);
        host.port.tx(0).transmit(host.out);
        final long buffer = backEnd.ring(TX).buffer(0);
        for (int i = 0; i < 12; i++) {
            assertEquals(0, UnsafeApi.getByte(buffer + i), "header byte " + i);
        }
        assertEquals(12 + 64, backEnd.ring(TX).length(0));
        assertEquals(0, backEnd.ring(TX).flags(0));
        assertEquals(42, UnsafeApi.getLong(buffer + 12 + 14));
    }

    @Test
    void shouldLeaveInTheBurstWhatDoesNotFitIntoTheRing() {
        connect(0);
        assertEquals(32, host.send(32));
        assertEquals(32, host.send(32));
        assertEquals(0, host.send(3));
        assertEquals(3, host.out.size());
        complete(2);
        assertEquals(2, host.port.tx(0).transmit(host.out));
        assertEquals(1, host.out.size());
        assertEquals(66, host.counter("tx0/packets"));
        assertEquals(66 * 64, host.counter("tx0/bytes"));
    }

    @Test
    void shouldTakeReturnedFramesBackWithAnEmptyBurst() {
        connect(0);
        final int free = host.pool.free();
        host.send(10);
        assertEquals(free - 10, host.pool.free());
        complete(10);
        host.port.tx(0).transmit(host.out);
        assertEquals(free, host.pool.free());
    }

    @Test
    void shouldDropAndCountWhatIsSentWithoutALink() {
        connect(0);
        backEnd.hangUp();
        Await.until("link down", () -> {
            host.poll();
            return host.port.link() == LinkState.DOWN;
        });
        assertEquals(0, host.send(5));
        assertTrue(host.out.isEmpty());
        assertEquals(5, host.counter("tx0/drop/link-down"));
    }

    @Test
    void shouldCountWhatWasInFlightWhenTheBackEndWent() {
        connect(0);
        host.send(7);
        backEnd.hangUp();
        Await.until("link down", () -> {
            host.poll();
            return host.port.link() == LinkState.DOWN;
        });
        host.poll();
        assertEquals(7, host.counter("tx0/unreturned"));
    }

    @Test
    void shouldCountWhatTheBackEndHasNotReturnedWhenThePortIsClosed() {
        connect(0);
        host.send(7);
        complete(3);
        host.release();
        host.port.close();
        assertEquals(4, host.counter("tx0/unreturned"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSendAPacketThatFillsItsFrameToTheFront(final boolean indirect) {
        connect(indirect ? Features.VIRTIO_F_INDIRECT_DESC : 0);
        host.add(9, 64);
        final int pushed = host.frames.headroom(host.out.offset(0));
        host.out.pushFront(0, pushed);
        assertEquals(1, host.port.tx(0).transmit(host.out));
        final RawBackEnd.Ring ring = backEnd.ring(TX);
        final long buffer = ring.buffer(0);
        if (indirect) {
            assertEquals(4, ring.flags(0));
            assertEquals(32, ring.length(0));
            assertEquals(12, UnsafeApi.getInt(buffer + 8));
            assertEquals(64 + pushed, UnsafeApi.getInt(buffer + 24));
            assertEquals(9, UnsafeApi.getLong(backEnd.guest(UnsafeApi.getLong(buffer + 16)) + pushed + 14));
            assertEquals(0, UnsafeApi.getLong(backEnd.guest(UnsafeApi.getLong(buffer))));
        } else {
            assertEquals(12 + 64 + pushed, ring.length(0));
            assertEquals(9, UnsafeApi.getLong(buffer + 12 + pushed + 14));
        }
        complete(1);
        assertEquals(0, host.port.tx(0).transmit(host.out));
    }

    @Test
    void shouldKickOncePerBurstUnlessToldNotTo() {
        connect(0);
        final long before = backEnd.ring(TX).kicks();
        host.send(8);
        assertEquals(before + 1, backEnd.ring(TX).kicks());
        backEnd.ring(TX).usedFlags(1);
        host.send(8);
        assertEquals(before + 1, backEnd.ring(TX).kicks());
        assertEquals(1, host.counter("tx0/kicks-suppressed"));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.VIRTIO_F_EVENT_IDX})
    void shouldBeCalledWhileArmedOnly(final long features) {
        connect(features);
        assertFalse(isCalled(features));
        final Fd call = host.port.rx(0).arm();
        assertEquals("anon_inode:[eventfd]", call.target());
        assertTrue(isCalled(features));
        host.port.rx(0).disarm();
        assertFalse(isCalled(features));
        backEnd.hangUp();
        Await.until("link down", () -> {
            host.poll();
            return !call.isOpen();
        });
        assertNull(host.port.rx(0).arm());
        host.port.rx(0).disarm();
    }

    /** Whether a back-end that returns one more buffer calls (virtio 1.2, 2.7.7). */
    private boolean isCalled(final long features) {
        final RawBackEnd.Ring ring = backEnd.ring(RX);
        return features == 0 ? (ring.availFlags() & 1) == 0
            : SplitRing.passes(ring.usedEvent(), ring.nextUsed() + 1, ring.nextUsed());
    }

    @Test
    void shouldKickOnlyWhenTheEventIndexIsPassed() {
        connect(Features.VIRTIO_F_EVENT_IDX);
        final long before = backEnd.ring(TX).kicks();
        backEnd.ring(TX).availEvent(8);
        host.send(8);
        assertEquals(before, backEnd.ring(TX).kicks());
        host.send(1);
        assertEquals(before + 1, backEnd.ring(TX).kicks());
        host.send(8);
        assertEquals(before + 1, backEnd.ring(TX).kicks());
    }

    @Test
    void shouldAskForNoCalls() {
        connect(0);
        assertEquals(1, backEnd.ring(RX).availFlags());
        assertEquals(1, backEnd.ring(TX).availFlags());
    }

    @Test
    void shouldKeepTheEventIndexOutOfReachForEver() {
        connect(Features.VIRTIO_F_EVENT_IDX);
        int used = 0;
        for (int round = 0; round < 5000; round++) {
            host.send(32);
            // The back-end would call if it passed this index with what is in flight.
            final int event = backEnd.ring(TX).usedEvent();
            assertTrue((used + 32 - event - 1 & 0xffff) >= 32, "event " + event + " used " + used);
            complete(32);
            used = used + 32 & 0xffff;
        }
    }

    @Test
    void shouldTakeOneElementForAWholeBatchInOrder() {
        connect(Features.VIRTIO_F_IN_ORDER);
        final int free = host.pool.free();
        host.send(20);
        // virtio 1.2, 2.7.9: the element of the first buffer names the last one of the batch.
        final RawBackEnd.Ring ring = backEnd.ring(TX);
        ring.element(15, 0);
        ring.usedIndex(16);
        host.port.tx(0).transmit(host.out);
        assertEquals(free - 4, host.pool.free());
        ring.element(19, 0);
        ring.usedIndex(20);
        host.port.tx(0).transmit(host.out);
        assertEquals(free, host.pool.free());
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 63, 64, -1})
    void shouldRefuseABatchOfMoreThanIsInFlight(final int last) {
        connect(Features.VIRTIO_F_IN_ORDER);
        host.send(20);
        backEnd.ring(TX).element(last, 0);
        backEnd.ring(TX).usedIndex(1);
        host.port.tx(0).transmit(host.out);
        Await.until("fault", () -> host.counter("session/broken/used-order") == 1);
        assertEquals(1, host.counter("tx0/broken/used-order"));
    }

    @Test
    void shouldGatherAPacketOfSeveralBuffers() {
        connect(Features.VIRTIO_NET_F_MRG_RXBUF);
        receiveMerged(9000);
        assertEquals(1, host.in.size());
        assertEquals(1, host.counter("rx0/merged"));
        host.check(0, 5, 9000);
        assertEquals(9000, host.counter("rx0/bytes"));
        host.in.freeAll();
    }

    @Test
    void shouldCountAMergedPacketForWhichThereIsNoJumboFrame() {
        connect(Features.VIRTIO_NET_F_MRG_RXBUF, 0);
        receiveMerged(9000);
        assertEquals(0, host.in.size());
        assertEquals(1, host.counter("rx0/drop/no-frame"));
    }

    @Test
    void shouldGatherBeyondOneColumn() {
        connect(Features.VIRTIO_NET_F_MRG_RXBUF);
        // A burst with room for one packet: its other buffers are taken straight from the ring.
        for (int i = 0; i < 31; i++) {
            host.in.add(host.frames.allocate(), 64, 0);
        }
        receiveMerged(20_000);
        assertEquals(32, host.in.size());
        host.check(31, 5, 20_000);
    }

    /** Has the back-end write packet 5 over as many buffers as it needs. */
    private void receiveMerged(final int length) {
        host.out.freeAll();
        final byte[] bytes = DriverHost.packet(5, length);
        final RawBackEnd.Ring ring = backEnd.ring(RX);
        int at = 0;
        int buffers = 0;
        long header = 0;
        while (at < length) {
            final int slot = ring.slot(ring.nextUsed());
            final int skip = buffers == 0 ? 12 : 0;
            final int n = Math.min(length - at, ring.length(slot) - skip);
            if (buffers++ == 0) {
                header = ring.buffer(slot);
                UnsafeApi.setMemory(header, 12, (byte) 0);
            }
            for (int i = 0; i < n; i++) {
                UnsafeApi.putByte(ring.buffer(slot) + skip + i, bytes[at++]);
            }
            ring.element(slot, skip + n);
        }
        UnsafeApi.putShort(header + 10, (short) buffers);
        ring.publish();
        host.port.rx(0).receive(host.in);
    }

    @Test
    void shouldKeepTheRingForAnotherThread() throws Exception {
        connect(0);
        host.send(3);
        host.release();
        final Thread other = new Thread(() -> {
            host.send(2);
            host.release();
        });
        other.start();
        other.join();
        assertEquals(5, backEnd.ring(TX).availIndex());
        complete(5);
        assertEquals(0, host.send(0));
        assertEquals(LinkState.UP, host.port.link());
    }
}
