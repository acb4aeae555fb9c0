/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where the control loop and a worker hand each other what a queue works on: the rings of a socket, an open device.
 * One per queue, made with the port and never replaced. Nobody waits: the worker finds the thing when it polls, and
 * asked for it, gives it back when it polls next.
 *
 * <pre>
 *              offer               attend                recall
 *   VACANT -----------&gt; OFFERED -----------&gt; HELD ---------------&gt; RECALLED
 *     ^                   | ^                 |                      |  |
 *     |       recall      | +---- release ----+------- release ------+  |
 *     +-------------------+                                             |
 *     +----------------------------- attend ----------------------------+
 * </pre>
 *
 * <p>A worker polls like this:
 * <pre>{@code
 * if (rings == null || !slot.isHeld()) {
 *     rings = slot.attend();
 *     if (rings == null) {
 *         return 0;
 *     }
 * }
 * }</pre>
 *
 * <p>Thread safety: {@link #offer}, {@link #recall} and {@link #seize} on one control thread; {@link #attend},
 * {@link #isHeld} and {@link #release} on the worker that polls the queue; {@link #isOccupied} anywhere. Each step that
 * takes the thing away from a party publishes all that party wrote to the other.
 *
 * @param <T> what is handed over.
 */
public final class Slot<T> {
    private static final int VACANT = 0;
    private static final int OFFERED = 1;
    private static final int HELD = 2;
    private static final int RECALLED = 3;

    private final AtomicInteger state = new AtomicInteger(VACANT);
    private T thing;

    /** A vacant slot. */
    public Slot() {
    }

    /**
     * Puts something here for the worker.
     *
     * @throws IllegalStateException if the slot is not vacant.
     */
    public void offer(final T offered) {
        if (state.get() != VACANT) {
            throw new IllegalStateException("the slot is not vacant");
        }
        thing = offered;
        state.set(OFFERED);
    }

    /**
     * Asks for it back.
     *
     * @return true if nobody uses it any more, or there was nothing; false if the worker has yet to poll: ask again.
     */
    public boolean recall() {
        if (!state.compareAndSet(OFFERED, VACANT)) {
            state.compareAndSet(HELD, RECALLED);
        }
        return state.get() == VACANT;
    }

    /** Takes it away from whoever has it. Only when no worker polls the queue any more. */
    public void seize() {
        state.set(VACANT);
    }

    /** Whether there is something to work on, adopted or not. */
    public boolean isOccupied() {
        final int now = state.get();
        return now == OFFERED || now == HELD;
    }

    /** Whether the worker may go on using what {@link #attend} returned last. */
    public boolean isHeld() {
        return state.get() == HELD;
    }

    /**
     * Adopts what was offered, gives back what was recalled.
     *
     * @return what to use from now on; null if there is nothing.
     */
    public T attend() {
        if (state.compareAndSet(OFFERED, HELD)) {
            return thing;
        }
        state.compareAndSet(RECALLED, VACANT);
        return state.get() == HELD ? thing : null;
    }

    /** Leaves what was adopted for the next worker. Does nothing if this worker has nothing. */
    public void release() {
        // Also if it was just recalled: the control thread asks again, and finds it here.
        if (!state.compareAndSet(HELD, OFFERED)) {
            state.compareAndSet(RECALLED, OFFERED);
        }
    }
}
