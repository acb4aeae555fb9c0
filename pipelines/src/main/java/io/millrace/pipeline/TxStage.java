/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.TxQueue;

import java.util.List;

/**
 * Hands the inbox of one transmit queue to its driver. What does not fit is dropped: to wait would only make every
 * packet behind it late.
 */
final class TxStage implements Stage {
    // An idle queue is called in one of so many rounds, for the driver's housekeeping.
    private static final int IDLE_MASK = 3;

    private final String part;
    private final TxQueue queue;
    private final Burst inbox;
    private final FaultLog faults;
    private final DropPoint dropped;
    private final DropPoint full;
    private int idleRounds;

    /**
     * A stage.
     *
     * @param part    the queue's name for messages.
     * @param dropped where packets end that an exception of the driver cost.
     * @param full    where packets end that it did not take.
     */
    TxStage(final String part, final TxQueue queue, final Burst inbox, final FaultLog faults, final DropPoint dropped,
            final DropPoint full) {
        this.part = part;
        this.queue = queue;
        this.inbox = inbox;
        this.faults = faults;
        this.dropped = dropped;
        this.full = full;
    }

    @Override
    public int run() {
        final int n = inbox.size();
        if (n == 0 && (++idleRounds & IDLE_MASK) != 0) {
            return 0;
        }
        try {
            queue.transmit(inbox);
            if (!inbox.isEmpty()) {
                full.dropAll(inbox);
            }
        } catch (final Throwable e) {
            faults.report(part, e);
            dropped.dropAll(inbox);
        }
        return n;
    }

    @Override
    public void flush() {
        try {
            queue.flush();
        } catch (final Throwable e) {
            faults.report(part, e);
        }
    }

    @Override
    public Object queue() {
        return queue;
    }

    @Override
    public List<DropPoint> dropPoints() {
        return List.of(dropped, full);
    }

    boolean isReady() {
        try {
            return queue.isReady();
        } catch (final Throwable e) {
            faults.report(part, e);
            return false;
        }
    }

    Burst inbox() {
        return inbox;
    }

    @Override
    public void close() {
        try {
            queue.release();
        } catch (final Throwable e) {
            faults.report(part, e);
        }
        inbox.freeAll();
    }
}
