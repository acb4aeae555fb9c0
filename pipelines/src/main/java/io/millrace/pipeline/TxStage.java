/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.TxQueue;

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
    private final Counter dropped;
    private final Counter ringFull;
    private int idleRounds;

    TxStage(final String part, final TxQueue queue, final Burst inbox, final FaultLog faults, final Counter dropped,
            final Counter ringFull) {
        this.part = part;
        this.queue = queue;
        this.inbox = inbox;
        this.faults = faults;
        this.dropped = dropped;
        this.ringFull = ringFull;
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
                ringFull.add(inbox.freeAll());
            }
        } catch (final Throwable e) {
            faults.report(part, e);
            dropped.add(inbox.freeAll());
        }
        return n;
    }

    @Override
    public Object queue() {
        return queue;
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
