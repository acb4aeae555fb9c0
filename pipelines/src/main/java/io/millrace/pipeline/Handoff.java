/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.Parcel;
import io.millrace.RxQueue;
import io.millrace.TxQueue;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.varhandle.SpscVarHandleArrayQueue;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Takes packets from one worker to another, whole bursts at a time, in order. To the worker that sends it is a transmit
 * queue, to the one that receives a receive queue.
 *
 * <pre>
 *                   +--- loaded: parcels, SPSC ---&gt;+
 *   sender: tx() ---|                              |--- rx() :receiver
 *                   +&lt;--- empty: parcels, SPSC ----+
 * </pre>
 *
 * <p>All parcels are made with it, and the sender has none left, or has as many packets on the way as may be, when it
 * is full. The sender keeps the books: parcels come back in the order in which they were sent, so it knows how many
 * packets each took without looking into it. Those that came back last are sent first: they are still in a cache.
 *
 * <p>Thread safety: {@link #tx} is for the sender, {@link #rx} for the receiver; {@link #drain} and {@link #close} for
 * whoever has seen both of them end.
 */
final class Handoff implements AutoCloseable {
    // Enough parcels for a receiver that sleeps 100 microseconds while packets come one by one.
    private static final int MOST_SLOTS = 16_384;
    private static final int LEAST_PARCELS = 16;

    private final int burst;
    private final MessagePassingQueue<Parcel> loaded;
    private final MessagePassingQueue<Parcel> empty;
    private final EventFd bell;
    private final AtomicBoolean isAwaited = new AtomicBoolean();
    private final Counter bursts;
    private final Counter packets;
    private final Counter closed;
    private final Sender tx;
    private final Receiver rx = new Receiver();
    private volatile boolean isReady = true;
    private BooleanSupplier destination;

    /**
     * An empty one.
     *
     * @param burst the most packets in one parcel.
     * @param most  the most packets on the way, at least {@code burst}.
     * @param wakes whether the receiver may fall asleep and wants to be woken.
     * @param scope where it counts.
     */
    Handoff(final int burst, final int most, final boolean wakes, final Counters.Scope scope) {
        final int parcels = Math.min(most, Math.max(LEAST_PARCELS, MOST_SLOTS / burst));
        this.burst = burst;
        loaded = new SpscVarHandleArrayQueue<>(parcels);
        empty = new SpscVarHandleArrayQueue<>(parcels);
        tx = new Sender(parcels, most);
        bursts = scope.counter("bursts");
        packets = scope.counter("packets");
        closed = scope.drops(Drops.CLOSED);
        bell = wakes ? EventFd.create() : null;
    }

    /** The sender's side. What {@link TxQueue#transmit} leaves in the burst did not fit. */
    TxQueue tx() {
        return tx;
    }

    /** The receiver's side. */
    RxQueue rx() {
        return rx;
    }

    /**
     * Lets {@link #tx} be ready only while that is so. The receiver, before it polls.
     *
     * @param isDestinationReady asked now, and by the receiver each time it polls; null: it always is.
     */
    void leadsTo(final BooleanSupplier isDestinationReady) {
        destination = isDestinationReady;
        isReady = isDestinationReady == null || isDestinationReady.getAsBoolean();
    }

    /** Whether nothing is on the way. Any thread: exact while neither side is at work. */
    boolean isEmpty() {
        return loaded.isEmpty();
    }

    /** Frees what nobody received and counts it. Both workers have ended. */
    void drain(final FrameCache frames) {
        final Burst rest = new Burst(frames, burst);
        for (Parcel parcel = loaded.poll(); parcel != null; parcel = loaded.poll()) {
            parcel.unload(rest);
            closed.add(rest.freeAll());
        }
    }

    @Override
    public void close() {
        if (bell != null) {
            bell.close();
        }
    }

    /** What only the sender touches. */
    private final class Sender implements TxQueue {
        private final Parcel[] spare;
        private final int[] sizes;
        private final int mask;
        private int spares;
        private int room;
        private int sent;
        private int back;

        Sender(final int parcels, final int most) {
            spare = new Parcel[parcels];
            while (spares < parcels) {
                spare[spares++] = new Parcel(burst);
            }
            // A power of two, so that the running numbers may overflow.
            sizes = new int[Integer.highestOneBit(parcels) << 1];
            mask = sizes.length - 1;
            room = most;
        }

        @Override
        public int transmit(final Burst outgoing) {
            if (outgoing.isEmpty()) {
                return 0;
            }
            takeBack();
            int n = 0;
            int parcels = 0;
            while (!outgoing.isEmpty() && spares > 0 && room > 0) {
                final Parcel parcel = spare[--spares];
                final int size = parcel.load(outgoing, room);
                sizes[sent++ & mask] = size;
                room -= size;
                n += size;
                parcels++;
                // There is a place for every parcel.
                loaded.offer(parcel);
            }
            if (n > 0) {
                packets.add(n);
                bursts.add(parcels);
                wake();
            }
            return n;
        }

        private void takeBack() {
            for (Parcel parcel = empty.poll(); parcel != null; parcel = empty.poll()) {
                spare[spares++] = parcel;
                room += sizes[back++ & mask];
            }
        }

        private void wake() {
            if (bell != null) {
                // Either this sees that the receiver is about to wait, or the receiver's last poll sees the parcel.
                VarHandle.fullFence();
                if (isAwaited.getOpaque() && isAwaited.compareAndSet(true, false)) {
                    bell.signal();
                }
            }
        }

        @Override
        public boolean isReady() {
            return isReady;
        }

        @Override
        public void release() {
        }
    }

    /** What only the receiver touches. */
    private final class Receiver implements RxQueue {
        @Override
        public int receive(final Burst incoming) {
            if (destination != null && destination.getAsBoolean() != isReady) {
                isReady = !isReady;
            }
            int n = 0;
            for (Parcel parcel = loaded.peek(); parcel != null && parcel.size() <= incoming.remaining();
                 parcel = loaded.peek()) {
                loaded.poll();
                n += parcel.size();
                parcel.unload(incoming);
                empty.offer(parcel);
            }
            return n;
        }

        @Override
        public Fd arm() {
            if (bell == null) {
                return null;
            }
            isAwaited.set(true);
            VarHandle.fullFence();
            return bell.fd();
        }

        @Override
        public void disarm() {
            isAwaited.set(false);
        }

        @Override
        public void release() {
        }
    }
}
