/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * Where packets go out. Never blocks, never allocates on the heap, throws nothing.
 *
 * <p>Thread safety: one thread transmits at a time. It may move to another thread after {@link #release()}.
 */
public interface TxQueue {
    /**
     * Sends from the front of {@code burst}. What was sent has left the burst; what stays did not fit and is the
     * caller's to send again or to drop. A packet that can never be sent here (the link is down, no receive buffer of
     * the peer is large enough) is freed and counted under its drop reason, not left in the burst.
     *
     * <p>Also to be called with an empty burst now and then: the driver takes back frames that were sent and carries
     * out what its control side asked of this queue.
     *
     * @return how many packets were sent.
     */
    int transmit(Burst burst);

    /** Whether a peer takes packets from this queue now. A multi-queue port spreads flows over the ready ones. */
    boolean isReady();

    /**
     * Called by the transmitting thread before it sleeps. A driver that puts something off for a while, such as telling
     * its peer of packets, does it now.
     */
    default void flush() {
    }

    /** Called by the transmitting thread when it stops for good, or before another thread takes over. */
    void release();
}
