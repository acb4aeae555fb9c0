/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.Fd;

/**
 * Where packets come in. Never blocks, never allocates on the heap, throws nothing.
 *
 * <p>Thread safety: one thread polls it at a time. It may move to another thread after {@link #release()}.
 */
public interface RxQueue {
    /**
     * Appends the packets that have arrived to {@code burst}, at most {@link Burst#remaining()}; their frames come from
     * {@link Burst#frames()} and are the burst's from now on.
     *
     * <p>Also the moment at which the driver carries out what its control side asked of this queue, such as letting go
     * of a ring. So a queue that is part of a running graph has to be polled regularly, traffic or not.
     *
     * @return how many packets were appended; 0 means nothing now.
     */
    int receive(Burst burst);

    /**
     * Asks to be woken: called by the polling thread when it has nothing to do and is about to wait. It polls once more
     * after this and before it waits, so that a packet which came in between is not overlooked.
     *
     * @return a descriptor that is or becomes readable when a packet arrives, or when the control side wants something
     *         of this queue; it stays the queue's, is only waited for ({@link io.millrace.linux.Epoll#ET}) and never
     *         read by the waiting thread, and may be another one each time. Null: this queue cannot wake anybody now
     *         and is looked at again after a bounded time. Waking up for nothing is allowed.
     */
    default Fd arm() {
        return null;
    }

    /**
     * Takes back what {@link #arm} asked for: called by the polling thread after each {@link #arm}, whatever that
     * returned, and before it polls on.
     */
    default void disarm() {
    }

    /** Called by the polling thread when it stops polling for good, or before another thread takes over. */
    void release();
}
