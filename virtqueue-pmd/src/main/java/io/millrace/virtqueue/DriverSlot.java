/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counter;
import io.millrace.FrameCache;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where the control loop and a worker hand a {@link DriverRing} to each other. One per queue, made with the port.
 *
 * <pre>
 *              offer                adopt (worker)             recall
 *   VACANT -----------&gt; OFFERED &lt;----------------&gt; HELD --------------&gt; RECALLED
 *     ^                    |          release                                |
 *     +---- recall --------+                                                 |
 *     +------------------------ next poll of the worker ----------------------+
 * </pre>
 *
 * <p>Thread safety: {@link #offer}, {@link #recall}, {@link #drain} and {@link #seize} on the control loop;
 * {@link #attend}, {@link #release} and {@link #abandon} on the worker that polls the queue; the rest anywhere. Whoever
 * moves the state away from a party publishes the ring with all it contains to the other.
 */
final class DriverSlot {
    private static final int VACANT = 0;
    private static final int OFFERED = 1;
    private static final int HELD = 2;
    private static final int RECALLED = 3;

    private final AtomicInteger state = new AtomicInteger(VACANT);
    private final Counter unreturned;
    private DriverRing ring;

    /**
     * A vacant slot.
     *
     * @param unreturned counts buffers that were in flight when a ring was given up; null: not worth counting. Written
     *                   by whoever has the ring.
     */
    DriverSlot(final Counter unreturned) {
        this.unreturned = unreturned;
    }

    /** Puts a ring here for the worker. The slot must be vacant. */
    void offer(final DriverRing offered) {
        if (state.get() != VACANT) {
            throw new IllegalStateException("the slot still has a ring");
        }
        ring = offered;
        state.set(OFFERED);
    }

    /**
     * Asks for the ring back. Its frames go back to the pool: by the worker at its next poll, or here if none has it.
     *
     * @param frames of the control loop.
     * @return whether the slot is vacant; ask again until it is.
     */
    boolean recall(final FrameCache frames) {
        if (state.compareAndSet(OFFERED, VACANT)) {
            empty(frames);
        } else {
            state.compareAndSet(HELD, RECALLED);
        }
        return state.get() == VACANT;
    }

    /** Takes the ring away from whoever has it. Only when no worker polls the queue any more. */
    void seize(final FrameCache frames) {
        if (state.getAndSet(VACANT) != VACANT) {
            empty(frames);
        }
    }

    /**
     * Frees the frames of packets that the back-end has returned. Only when no worker polls the queue any more.
     *
     * @param frames of the control loop.
     * @return whether nothing is left to wait for: all are back, or there is no ring, or none of packets to send.
     */
    boolean drain(final FrameCache frames) {
        if (unreturned == null || state.get() != OFFERED) {
            return true;
        }
        return ring.reap(frames, ring.size()) == DriverRing.NONE || ring.inFlight() == 0;
    }

    /** Whether the worker that adopted the ring may go on using it. One plain load on most machines. */
    boolean isHeld() {
        return state.get() == HELD;
    }

    /** Whether there is a ring to use. */
    boolean isOccupied() {
        final int now = state.get();
        return now == OFFERED || now == HELD;
    }

    /**
     * Does what the control loop asked for.
     *
     * @param frames take those of a recalled ring.
     * @return the ring to use from now on; null if there is none.
     */
    DriverRing attend(final FrameCache frames) {
        if (state.compareAndSet(OFFERED, HELD)) {
            return ring;
        }
        if (state.get() == RECALLED) {
            abandon(frames);
        }
        return null;
    }

    /** Leaves an adopted ring for the next worker. Does nothing if it was taken away. */
    void release() {
        // Also if it was just recalled: the control loop asks again, and finds it here.
        if (!state.compareAndSet(HELD, OFFERED)) {
            state.compareAndSet(RECALLED, OFFERED);
        }
    }

    /** Gives up an adopted ring, because it is broken or was recalled. */
    void abandon(final FrameCache frames) {
        empty(frames);
        state.set(VACANT);
    }

    private void empty(final FrameCache frames) {
        final int lost = ring.reclaim(frames);
        ring = null;
        if (unreturned != null) {
            unreturned.add(lost);
        }
    }
}
