/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Slot;
import io.millrace.linux.XdpRing;
import java.util.Random;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The queues against a kernel that writes what it wants into the rings. Every frame is back at the end. */
class HostileRingsTest {
    private static final int SIZE = 64;

    private final FramePool pool = FramePool.create(1024, 16);
    private final Counters counters = Counters.inMemory();
    private final FrameCache frames = pool.cache("test");
    private final Burst burst = new Burst(frames, 32);
    private final RawRing rx = new RawRing(SIZE, XdpRing.DESCRIPTOR_LENGTH);
    private final RawRing fill = new RawRing(2 * SIZE, XdpRing.ADDRESS_LENGTH);
    private final RawRing tx = new RawRing(SIZE, XdpRing.DESCRIPTOR_LENGTH);
    private final RawRing completion = new RawRing(SIZE, XdpRing.ADDRESS_LENGTH);
    private final RxRings rxRings = new RxRings(pool, rx.ring, fill.ring, null);
    // Its wake-ups are off: there is no socket.
    private final TxRings txRings = new TxRings(pool, tx.ring, completion.ring, null, 18, true);
    private final Slot<RxRings> rxSlot = new Slot<>();
    private final Slot<TxRings> txSlot = new Slot<>();
    private final Gate gate = new Gate();
    private int broken;
    private final XdpRxQueue rxQueue =
        new XdpRxQueue(rxSlot, pool, 7, false, counters.scope("port", "p", "rx0"), () -> broken++);
    private final XdpTxQueue txQueue = new XdpTxQueue(txSlot, gate, counters.scope("port", "p", "tx0"), () -> broken++);

    HostileRingsTest() {
        rxSlot.offer(rxRings);
        txSlot.offer(txRings);
        gate.open(65_535);
        rxQueue.receive(burst);
        while (rxRings.missing() > 0) {
            rxQueue.receive(burst);
        }
    }

    @AfterEach
    void everyFrameIsBack() {
        burst.freeAll();
        rxQueue.release();
        txQueue.release();
        rxRings.reclaim(frames);
        txRings.reclaim(frames);
        rx.close();
        fill.close();
        tx.close();
        completion.close();
        frames.close();
        pool.close();
        counters.close();
    }

    private long count(final String name) {
        return counters.snapshot().get("port/p/" + name);
    }

    /** The address of a frame that was posted, as the kernel gives it back with a packet. */
    private long filled(final int index) {
        return fill.address(index) + 256;
    }

    private int receive() {
        return rxQueue.receive(burst);
    }

    @Test
    void shouldPostAlignedChunksOnce() {
        assertEquals(2 * SIZE, fill.producer());
        for (int i = 0; i < 2 * SIZE; i++) {
            assertEquals(0, fill.address(i) % ChunkSet.CHUNK);
            for (int j = 0; j < i; j++) {
                assertTrue(fill.address(i) != fill.address(j), "chunk " + fill.address(i) + " twice");
            }
        }
    }

    @Test
    void shouldReceiveWhereTheKernelPutIt() {
        rx.produce(filled(3), 100, 0);
        assertEquals(1, receive());
        assertEquals(filled(3), burst.offset(0));
        assertEquals(100, burst.length(0));
        assertEquals(7, burst.port(0));
        assertEquals(1, rx.consumer());
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40, 1L << 32, 1024 * 2048L + 16 * 33 * 2048L,
        0x7fffffffL, 0xffffffffL})
    void shouldIgnoreAddressesOutsideThePool(final long address) {
        rx.produce(address, 100, 0);
        rx.produce(filled(0), 100, 0);
        assertEquals(1, receive());
        assertEquals(1, count("rx0/drop/bad-descriptor"));
        assertEquals(2, rx.consumer());
    }

    @Test
    void shouldIgnoreFramesTheKernelDoesNotHave() {
        final int mine = frames.allocate();
        rx.produce(mine, 100, 0);
        rx.produce(filled(0), 100, 0);
        // The same frame once more.
        rx.produce(filled(0), 100, 0);
        assertEquals(1, receive());
        assertEquals(2, count("rx0/drop/bad-descriptor"));
        frames.free(mine);
    }

    @Test
    void shouldDropLengthsThatDoNotFit() {
        rx.produce(filled(0), 1793, 0);
        rx.produce(filled(1), 0, 0);
        rx.produce(filled(2), -1, 0);
        rx.produce(filled(3), Integer.MAX_VALUE, 0);
        rx.produce(filled(4), 13, 0);
        rx.produce(filled(5), 1792, 0);
        assertEquals(1, receive());
        assertEquals(1792, burst.length(0));
        assertEquals(4, count("rx0/drop/bad-descriptor"));
        assertEquals(1, count("rx0/drop/too-short"));
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE + 1, -1, Integer.MIN_VALUE, 1 << 20})
    void shouldGiveUpARingWhoseProducerMakesNoSense(final int producer) {
        rx.producer(producer);
        assertEquals(0, receive());
        assertEquals(0, receive());
        assertEquals(1, broken);
    }

    @Test
    void shouldGatherAPacketOfSeveralPolls() {
        for (int i = 0; i < 3; i++) {
            UnsafeApi.setMemory(pool.baseAddress() + filled(i), 1792, (byte) ('a' + i));
        }
        rx.produce(filled(0), 1792, XdpRing.CONTINUED);
        assertEquals(0, receive());
        rx.produce(filled(1), 1792, XdpRing.CONTINUED);
        assertEquals(0, receive());
        rx.produce(filled(2), 10, 0);
        assertEquals(1, receive());
        assertEquals(1792 + 1792 + 10, burst.length(0));
        assertEquals('a', UnsafeApi.getByte(burst.address(0) + 1791));
        assertEquals('b', UnsafeApi.getByte(burst.address(0) + 1792));
        assertEquals('c', UnsafeApi.getByte(burst.address(0) + 2 * 1792));
    }

    @Test
    void shouldEndAChainThatNeverEnds() {
        int next = 0;
        for (int i = 0; i < 20; i++) {
            for (int k = 0; k < 32; k++) {
                rx.produce(filled(next++), 1792, XdpRing.CONTINUED);
            }
            assertEquals(0, receive());
        }
        rx.produce(filled(next++), 100, 0);
        rx.produce(filled(next), 100, 0);
        assertEquals(1, receive());
        assertEquals(1, count("rx0/drop/too-long"));
    }

    @Test
    void shouldCountAPacketForWhichThereIsNoJumboFrame() {
        final int[] taken = new int[16];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = frames.allocateJumbo();
        }
        rx.produce(filled(0), 1792, XdpRing.CONTINUED);
        rx.produce(filled(1), 100, 0);
        assertEquals(0, receive());
        assertEquals(1, count("rx0/drop/no-frame"));
        for (final int offset : taken) {
            frames.free(offset);
        }
    }

    @Test
    void shouldFreeAPacketThatNeverEndedWithItsSocket() {
        rx.produce(filled(0), 1792, XdpRing.CONTINUED);
        assertEquals(0, receive());
        assertTrue(rxRings.assembly().isOpen());
    }

    private void send(final int length) {
        burst.add(frames.allocateFor(length), length, 0);
        txQueue.transmit(burst);
    }

    @Test
    void shouldFreeWhatComesBackOnce() {
        send(100);
        assertEquals(1, txRings.inFlight());
        completion.produce(tx.address(0), 0, 0);
        completion.produce(tx.address(0), 0, 0);
        txQueue.transmit(burst);
        assertEquals(0, txRings.inFlight());
        send(100);
        assertEquals(1, txRings.inFlight());
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, 1L << 40, 1024 * 2048L + 16 * 33 * 2048L, 4711 * 2048L, 0})
    void shouldIgnoreCompletionsOfWhatWasNotSent(final long address) {
        send(100);
        completion.produce(tx.address(0) >> 11 == address >> 11 ? address + 2048 : address, 0, 0);
        txQueue.transmit(burst);
        assertEquals(1, count("tx0/drop/bad-descriptor"));
        assertEquals(1, txRings.inFlight());
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE + 1, -1, Integer.MIN_VALUE})
    void shouldGiveUpARingWhoseCompletionsMakeNoSense(final int producer) {
        send(100);
        completion.producer(producer);
        txQueue.transmit(burst);
        send(100);
        assertEquals(1, broken);
        assertEquals(1, count("tx0/drop/link-down"));
    }

    @Test
    void shouldCutALongPacketWhereChunksEnd() {
        send(9000);
        int sum = 0;
        for (int i = 0; i < tx.producer(); i++) {
            final int length = (int) tx.rest(i);
            assertTrue(tx.address(i) % ChunkSet.CHUNK + length <= ChunkSet.CHUNK);
            assertEquals(i < tx.producer() - 1 ? XdpRing.CONTINUED : 0, tx.rest(i) >>> 32);
            sum += length;
        }
        assertEquals(9000, sum);
        assertEquals(5, tx.producer());
    }

    @Test
    void shouldFreeAJumboFrameWhenItsLastPieceIsBackInAnyOrder() {
        final int free = pool.free();
        send(9000);
        for (final int i : new int[] {3, 0, 4, 1}) {
            completion.produce(tx.address(i), 0, 0);
            txQueue.transmit(burst);
            assertTrue(pool.free() < free);
        }
        completion.produce(tx.address(2), 0, 0);
        txQueue.transmit(burst);
        assertEquals(free, pool.free());
    }

    @Test
    void shouldDropPacketsOfTooManyPieces() {
        send(18 * 2048);
        assertEquals(1, count("tx0/drop/too-long"));
        assertEquals(0, txRings.inFlight());
    }

    @Test
    void shouldDropPacketsBeyondTheMtu() {
        gate.open(1500);
        send(1523);
        assertEquals(1, count("tx0/drop/too-long"));
        send(1522);
        assertEquals(1, txRings.inFlight());
    }

    @Test
    void shouldDropRunts() {
        send(13);
        assertEquals(1, count("tx0/drop/too-short"));
    }

    @Test
    void shouldDropAndStillTakeBackWhileTheLinkIsDown() {
        send(100);
        gate.close();
        completion.produce(tx.address(0), 0, 0);
        send(100);
        assertEquals(1, count("tx0/drop/link-down"));
        assertEquals(0, txRings.inFlight());
        assertFalse(txQueue.isReady());
    }

    @Test
    void shouldLeaveInTheBurstWhatDoesNotFit() {
        for (int i = 0; i < SIZE - 3; i++) {
            send(100);
        }
        burst.add(frames.allocateFor(9000), 9000, 0);
        burst.add(frames.allocate(), 100, 0);
        assertEquals(0, txQueue.transmit(burst));
        assertEquals(2, burst.size());
        for (int i = 0; i < 2; i++) {
            completion.produce(tx.address(i), 0, 0);
        }
        assertEquals(1, txQueue.transmit(burst));
        assertEquals(1, burst.size());
    }

    @Test
    void shouldSurviveAKernelThatWritesAnything() {
        final Random random = new Random(4711);
        for (int round = 0; round < 20_000; round++) {
            burst.freeAll();
            if (rx.producer() - rx.consumer() < SIZE) {
                rx.produce(random.nextInt(4) == 0 ? random.nextLong() : (long) random.nextInt(1600 * 2048),
                    random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(2048), random.nextInt(3));
            }
            receive();
            burst.freeAll();
            if (txRings.inFlight() < 12) {
                send(14 + random.nextInt(9000));
            } else {
                txQueue.transmit(burst);
            }
            if (completion.producer() - completion.consumer() < SIZE) {
                completion.produce(random.nextInt(4) == 0 ? random.nextLong() : tx.address(random.nextInt(SIZE)), 0, 0);
            }
        }
        assertEquals(0, broken);
        assertTrue(count("rx0/packets") > 100 && count("tx0/packets") > 100);
    }
}
