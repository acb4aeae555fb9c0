/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Slot;
import io.millrace.linux.XdpRing;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Both queues of a port in one pool, over many lives of its sockets, against a kernel that mostly keeps to the rules
 * and sometimes writes anything, or stops in the middle. No chunk is ever in two places, and between two lives every
 * frame is back.
 */
class RingsFuzzTest {
    private static final int FRAMES = 512;
    private static final int JUMBOS = 8;
    private static final int SIZE = 32;
    private static final int LIVES = 60;
    private static final int STEPS = 300;

    private final FramePool pool = FramePool.create(FRAMES, JUMBOS);
    private final Counters counters = Counters.inMemory();
    private final FrameCache frames = pool.cache("test");
    private final FrameCache control = pool.cache("control");
    private final Burst in = new Burst(frames, 32);
    private final Burst out = new Burst(frames, 32);
    private final Slot<RxRings> rxSlot = new Slot<>();
    private final Slot<TxRings> txSlot = new Slot<>();
    private final Gate gate = new Gate();
    private int broken;
    private final XdpRxQueue rxQueue =
        new XdpRxQueue(rxSlot, pool, 1, false, counters.scope("port", "p", "rx0"), () -> broken++);
    private final XdpTxQueue txQueue = new XdpTxQueue(txSlot, gate, counters.scope("port", "p", "tx0"), () -> broken++);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4711})
    void shouldKeepAccount(final long seed) {
        final Random random = new Random(seed);
        gate.open(65_535);
        for (int life = 0; life < LIVES; life++) {
            try (Life now = new Life(random)) {
                now.live();
            }
            frames.close();
            assertEquals(FRAMES + JUMBOS, pool.free(), "life " + life + " of seed " + seed);
        }
        assertTrue(broken > 0, "some lives end by an index that makes no sense");
        assertTrue(counters.snapshot().get("port/p/rx0/packets") > LIVES * 10L);
        assertTrue(counters.snapshot().get("port/p/tx0/packets") > LIVES * 10L);
        assertTrue(counters.snapshot().get("port/p/rx0/drop/bad-descriptor") > 0);
        control.close();
        pool.close();
        counters.close();
    }

    /** One set of rings, from the moment it is offered until its frames are freed. */
    private final class Life implements AutoCloseable {
        private final Random random;
        private final RawRing rx = new RawRing(SIZE, XdpRing.DESCRIPTOR_LENGTH);
        private final RawRing fill = new RawRing(2 * SIZE, XdpRing.ADDRESS_LENGTH);
        private final RawRing tx = new RawRing(SIZE, XdpRing.DESCRIPTOR_LENGTH);
        private final RawRing completion = new RawRing(SIZE, XdpRing.ADDRESS_LENGTH);
        private final RxRings rxRings = new RxRings(pool, rx.ring, fill.ring, null);
        private final TxRings txRings = new TxRings(pool, tx.ring, completion.ring, null, 1 + 17, true);
        // Chunks this kernel was given and has not given back.
        private final BitSet filled = new BitSet();
        private final BitSet sending = new BitSet();

        Life(final Random random) {
            this.random = random;
            rxSlot.offer(rxRings);
            txSlot.offer(txRings);
        }

        void live() {
            final int end = random.nextInt(STEPS);
            for (int step = 0; step < end; step++) {
                switch (random.nextInt(8)) {
                    case 0, 1 -> takeFilled();
                    case 2, 3 -> deliver();
                    case 4 -> takeToSend();
                    case 5 -> complete();
                    case 6 -> hostility();
                    default -> passOn();
                }
                poll();
            }
        }

        private void takeFilled() {
            while (fill.consumer() != fill.producer()) {
                final int chunk = chunk(fill.address(fill.consumer()));
                assertTrue(chunk < FRAMES, "jumbo frames stay here");
                assertTrue(!filled.get(chunk) && !sending.get(chunk), "chunk " + chunk + " twice with the kernel");
                filled.set(chunk);
                fill.consumer(fill.consumer() + 1);
            }
        }

        private void deliver() {
            int pieces = random.nextInt(6) == 0 ? random.nextInt(8) : 1;
            while (pieces-- > 0 && !filled.isEmpty() && rx.producer() - rx.consumer() < SIZE) {
                final int chunk = any(filled);
                filled.clear(chunk);
                final int length = pieces > 0 ? 1792 : 1 + random.nextInt(1792);
                rx.produce((long) chunk * ChunkSet.CHUNK + 256, length, pieces > 0 ? XdpRing.CONTINUED : 0);
            }
        }

        private void takeToSend() {
            while (tx.consumer() != tx.producer()) {
                final int chunk = chunk(tx.address(tx.consumer()));
                assertTrue(!filled.get(chunk) && !sending.get(chunk), "chunk " + chunk + " twice with the kernel");
                sending.set(chunk);
                tx.consumer(tx.consumer() + 1);
            }
        }

        private void complete() {
            for (int n = random.nextInt(8); n > 0 && !sending.isEmpty() && hasRoom(completion); n--) {
                final int chunk = any(sending);
                sending.clear(chunk);
                completion.produce((long) chunk * ChunkSet.CHUNK + random.nextInt(ChunkSet.CHUNK), 0, 0);
            }
        }

        /** Addresses that this kernel does not have, lengths that cannot be and, rarely, an index gone mad. */
        private void hostility() {
            final long address = random.nextBoolean() ? random.nextLong() : notOurs();
            switch (random.nextInt(20)) {
                case 0 -> rx.producer(rx.consumer() + SIZE + 1 + random.nextInt(1 << 30));
                case 1 -> completion.producer(completion.consumer() - 1 - random.nextInt(1 << 30));
                case 2, 3, 4, 5, 6, 7, 8, 9, 10 -> {
                    if (hasRoom(rx)) {
                        rx.produce(address, random.nextInt(), random.nextInt(3));
                    }
                }
                default -> {
                    if (hasRoom(completion)) {
                        completion.produce(address, 0, 0);
                    }
                }
            }
        }

        private long notOurs() {
            int chunk;
            do {
                chunk = random.nextInt(FRAMES + JUMBOS * ChunkSet.PER_JUMBO + 2);
            } while (isKernels(chunk));
            return (long) chunk * ChunkSet.CHUNK + random.nextInt(ChunkSet.CHUNK);
        }

        /** Whether it was posted, taken or not: naming such a one is not hostile but early. */
        private boolean isKernels(final int chunk) {
            boolean is = filled.get(chunk) || sending.get(chunk);
            for (int i = fill.consumer(); i != fill.producer(); i++) {
                is |= chunk(fill.address(i)) == chunk;
            }
            for (int i = tx.consumer(); i != tx.producer(); i++) {
                is |= chunk(tx.address(i)) == chunk;
            }
            return is;
        }

        /** What was received is sent, or new packets are. */
        private void passOn() {
            in.moveAll(out);
            while (out.remaining() > 0 && random.nextInt(4) != 0) {
                final int length = random.nextInt(5) == 0 ? 14 + random.nextInt(30_000) : 14 + random.nextInt(1500);
                final int offset = frames.allocateFor(length);
                if (offset == FramePool.NONE) {
                    break;
                }
                out.add(offset, length, 0);
            }
            txQueue.transmit(out);
            out.freeAll();
        }

        private void poll() {
            if (random.nextInt(3) == 0) {
                in.freeAll();
            }
            rxQueue.receive(in);
            txQueue.transmit(out);
        }

        private boolean hasRoom(final RawRing ring) {
            return ring.producer() - ring.consumer() < SIZE;
        }

        private int any(final BitSet set) {
            return set.nextSetBit(random.nextInt(set.length()));
        }

        private int chunk(final long address) {
            return Math.toIntExact(address / ChunkSet.CHUNK);
        }

        /** As the control loop does it: recalls, lets the worker notice, frees. */
        @Override
        public void close() {
            in.freeAll();
            out.freeAll();
            if (random.nextBoolean()) {
                rxQueue.release();
                txQueue.release();
            }
            if (!rxSlot.recall()) {
                rxQueue.receive(in);
            }
            if (!txSlot.recall()) {
                txQueue.transmit(out);
            }
            assertTrue(rxSlot.recall() && txSlot.recall());
            in.freeAll();
            rxRings.reclaim(control);
            txRings.reclaim(control);
            control.close();
            rx.close();
            fill.close();
            tx.close();
            completion.close();
        }
    }
}
