/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

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

    /** Called by the polling thread when it stops polling for good, or before another thread takes over. */
    void release();
}
