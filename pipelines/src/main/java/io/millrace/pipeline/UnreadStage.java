/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.linux.Fd;

/**
 * Polls a receive queue that no wire reads, and drops what comes. A queue has to be polled even so: that is when its
 * driver does what the peer asked for.
 */
final class UnreadStage implements Source {
    private final RxStage rx;
    private final Burst inbox;
    private final Counter dropped;

    UnreadStage(final RxStage rx, final Burst inbox, final Counter dropped) {
        this.rx = rx;
        this.inbox = inbox;
        this.dropped = dropped;
    }

    @Override
    public int run() {
        final int received = rx.run();
        if (received > 0) {
            dropped.add(inbox.freeAll());
        }
        return received;
    }

    @Override
    public void publish() {
        rx.publish();
    }

    @Override
    public Object queue() {
        return rx.queue();
    }

    @Override
    public Fd arm() {
        return rx.arm();
    }

    @Override
    public void disarm() {
        rx.disarm();
    }

    @Override
    public void close() {
        rx.close();
    }
}
