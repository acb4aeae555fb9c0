/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.RxQueue;
import io.millrace.linux.Fd;

/**
 * Polls one receive queue into the inbox of what comes next. Where others feed that inbox too, a burst of its own lies
 * between: an inbox has room for a full burst from each of them, and the first must not take all of it.
 */
final class RxStage implements Source {
    private final String part;
    private final RxQueue queue;
    private final Burst polled;
    private final Burst inbox;
    private final FaultLog faults;
    private final Counter dropped;
    private final BurstSizes sizes;
    private boolean isArmed;

    /**
     * A stage.
     *
     * @param part    the queue's name for messages.
     * @param queue   to poll.
     * @param polled  what to poll into; may be {@code inbox} itself.
     * @param inbox   where packets go.
     * @param faults  where exceptions of the driver are reported.
     * @param dropped counts the packets that such an exception cost.
     * @param sizes   counts how many packets came at a time, or null.
     */
    RxStage(final String part, final RxQueue queue, final Burst polled, final Burst inbox, final FaultLog faults,
            final Counter dropped, final BurstSizes sizes) {
        this.part = part;
        this.queue = queue;
        this.polled = polled;
        this.inbox = inbox;
        this.faults = faults;
        this.dropped = dropped;
        this.sizes = sizes;
    }

    @Override
    public int run() {
        try {
            queue.receive(polled);
        } catch (final Throwable e) {
            faulted(e);
        }
        final int received = polled.size();
        if (received > 0) {
            if (sizes != null) {
                sizes.count(received);
            }
            if (polled != inbox) {
                polled.moveAll(inbox);
            }
        }
        return received;
    }

    @Override
    public void publish() {
        if (sizes != null) {
            sizes.publish();
        }
    }

    private void faulted(final Throwable fault) {
        faults.report(part, fault);
        dropped.add(polled.freeAll());
    }

    @Override
    public Object queue() {
        return queue;
    }

    @Override
    public Fd arm() {
        isArmed = true;
        try {
            return queue.arm();
        } catch (final Throwable e) {
            faults.report(part, e);
            return null;
        }
    }

    @Override
    public void disarm() {
        if (isArmed) {
            isArmed = false;
            try {
                queue.disarm();
            } catch (final Throwable e) {
                faults.report(part, e);
            }
        }
    }

    @Override
    public void close() {
        disarm();
        try {
            queue.release();
        } catch (final Throwable e) {
            faults.report(part, e);
        }
        polled.freeAll();
    }
}
