/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

/**
 * Spreads packets over the transmit queues of one port that are ready now, by flow: packets of one flow keep to one
 * queue as long as the same queues are ready. With one queue ready, or none, everything goes to that one, or to the
 * first, whose driver knows why it is not.
 */
final class SpreadStage implements Stage {
    private final Burst inbox;
    private final TxStage[] queues;
    private final FlowHash flowHash = new FlowHash();
    private final Burst[] ready;

    SpreadStage(final Burst inbox, final TxStage[] queues) {
        this.inbox = inbox;
        this.queues = queues;
        this.ready = new Burst[queues.length];
    }

    @Override
    public int run() {
        final int packets = inbox.size();
        if (packets == 0) {
            return 0;
        }
        int n = 0;
        for (final TxStage queue : queues) {
            if (queue.isReady()) {
                ready[n++] = queue.inbox();
            }
        }
        if (n > 1) {
            spread(n);
        } else {
            inbox.moveAll(n == 1 ? ready[0] : queues[0].inbox());
        }
        return packets;
    }

    private void spread(final int n) {
        for (int i = 0; i < inbox.size(); i++) {
            final int hash = flowHash.of(inbox, i);
            inbox.move(i, ready[(int) ((hash & 0xffffffffL) * n >>> Integer.SIZE)]);
        }
        inbox.settle("the spreading over queues");
    }

    @Override
    public void close() {
        inbox.freeAll();
    }
}
