/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.linux.Fd;

import java.util.List;

/**
 * Polls a receive queue that no wire reads, and drops what comes. A queue has to be polled even so: that is when its
 * driver does what the peer asked for.
 */
final class UnreadStage implements Source {
    private final RxStage rx;
    private final Burst inbox;
    private final DropPoint unread;

    UnreadStage(final RxStage rx, final Burst inbox, final DropPoint unread) {
        this.rx = rx;
        this.inbox = inbox;
        this.unread = unread;
    }

    @Override
    public int run() {
        final int received = rx.run();
        if (received > 0) {
            unread.dropAll(inbox);
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
    public List<DropPoint> dropPoints() {
        return List.of(unread);
    }

    @Override
    public void close() {
        rx.close();
    }
}
