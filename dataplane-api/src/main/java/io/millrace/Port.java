/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * One attachment of the data plane to a VM, a kernel device or a NIC. A driver makes it; graphs read from and write to
 * it.
 *
 * <p>Thread safety: all methods here may be called from any thread. The queues have rules of their own.
 */
public interface Port extends AutoCloseable {
    /** A short name, unique in its data plane, of letters, digits, {@code . _ -}. Counters carry it. */
    String name();

    /** The number by which packets remember where they came in: 0 to 255, unique in its data plane. */
    int id();

    /** How many receive queues and how many transmit queues it has. Fixed for its life. */
    int queues();

    /** The state of the link now. */
    LinkState link();

    /**
     * Whether this side has done what it can: the link is up, or it listens and its peer may come. False while it tries
     * to reach its peer.
     */
    default boolean isReady() {
        return true;
    }

    /** Which work, as bits of {@link Offload}, packets received here may leave to be done. The same for its life. */
    default int rxOffloads() {
        return 0;
    }

    /**
     * Which work, as bits of {@link Offload}, its transmit queues take now. It may change with the peer; a packet that
     * comes too late for that is dropped by the queue and counted. What is not taken a data plane does itself before it
     * hands packets to a queue.
     */
    default int txOffloads() {
        return 0;
    }

    /**
     * A receive queue, always the same one for a number. It is polled by one thread while another may fill the transmit
     * queue of that number.
     *
     * @param queue 0 to {@link #queues()} - 1.
     */
    RxQueue rx(int queue);

    /**
     * A transmit queue, always the same one for a number.
     *
     * @param queue 0 to {@link #queues()} - 1.
     */
    TxQueue tx(int queue);

    /**
     * Ends the session with the peer and gives every frame back to the pool. No thread may be polling its queues: the
     * last one that did has called {@link RxQueue#release()} and {@link TxQueue#release()}. Idempotent.
     */
    @Override
    void close();
}
