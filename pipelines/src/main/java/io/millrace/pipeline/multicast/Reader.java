/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import io.millrace.Counter;
import org.agrona.BufferUtil;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * One subscription's place in one {@link Ring}: the number of the last slot that it has read or lost.
 *
 * <pre>
 *   JOINING --- worker lets it in ---&gt; s --- subscriber has read, or worker needs room ---&gt; s + 1, s + n
 *      |                               |
 *      +--------- close ---------------+----&gt; CLOSED
 * </pre>
 *
 * Every step is a compare-and-set, and none leads back.
 *
 * <p>Thread safety: {@link #hasNext} and {@link #next} for the subscriber; {@link #admit} and {@link #moveOn} for the
 * publishing worker; {@link #close} and {@link #lost} for any thread.
 */
final class Reader {
    private static final long JOINING = Long.MIN_VALUE;
    private static final long CLOSED = Long.MAX_VALUE;

    private final Ring ring;
    private final RingBuffer<PacketCopy> slots;
    private final Sequence sequence = new Sequence(JOINING);
    private final Counter lost;
    private final long lostBefore;

    // The subscriber's own.
    private final PacketCopy copy;
    private boolean isHeld;
    private long published = JOINING;

    /**
     * One that is not let in yet.
     *
     * @param ring      where it reads; it is not added there yet.
     * @param snapBytes the most bytes of one packet.
     * @param wires     knows the names of wires.
     * @param lost      the worker counts there.
     */
    Reader(final Ring ring, final int snapBytes, final Wires wires, final Counter lost) {
        this.ring = ring;
        this.slots = ring.slots();
        this.lost = lost;
        this.lostBefore = lost.get();
        final ByteBuffer memory = ByteBuffer.allocateDirect(PacketCopy.HEADER + snapBytes);
        this.copy = new PacketCopy(memory, BufferUtil.address(memory), wires);
    }

    /** Worker: the first packet for this reader is the one behind {@code last}. */
    void admit(final long last) {
        // Fails where it was let in before, or was closed meanwhile.
        sequence.compareAndSet(JOINING, last);
    }

    /**
     * Worker: makes sure that this reader has left slot {@code needed} behind, by taking it to {@code target} if need
     * be and counting what it loses.
     *
     * @return where it is now, or was a moment ago.
     */
    long moveOn(final long needed, final long target) {
        // At or beyond: what the reader read there came before its step, which this acquires.
        long at = sequence.get();
        while (at < needed) {
            if (sequence.compareAndSet(at, target)) {
                lost.add(target - at);
                return target;
            }
            // It has just read one more. It can do so at most as often as packets are missing.
            at = sequence.get();
        }
        return at;
    }

    /** Subscriber: whether there is a packet, which it has for itself then. */
    boolean hasNext() {
        while (!isHeld) {
            final long at = sequence.get();
            if (at == JOINING || at == CLOSED) {
                return false;
            }
            if (at >= published) {
                // An acquire load: the slots up to there are seen, too.
                published = slots.getCursor();
                if (at >= published) {
                    return false;
                }
            }
            copy.take(slots.get(at + 1));
            // What was read above was read before it is known whether this is still the place.
            VarHandle.acquireFence();
            isHeld = sequence.compareAndSet(at, at + 1);
        }
        return true;
    }

    /** Subscriber: the packet that {@link #hasNext} found. */
    PacketCopy peek() {
        return copy;
    }

    /** Subscriber: takes it. Stays as it is until {@link #hasNext} is called again. */
    PacketCopy next() {
        isHeld = false;
        return copy;
    }

    long lost() {
        return lost.get() - lostBefore;
    }

    /** Ends it. A copy that is being made now is discarded: the worker no longer cares for this place. */
    void close() {
        sequence.setVolatile(CLOSED);
        ring.remove(this);
    }
}
