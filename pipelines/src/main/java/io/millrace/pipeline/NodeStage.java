/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;

/** Runs one node over what is in its inbox: one call for all of it. */
final class NodeStage implements Stage {
    private final Node node;
    private final String part;
    private final Burst inbox;
    private final FaultLog faults;
    private final Counter dropped;

    NodeStage(final Node node, final Burst inbox, final FaultLog faults, final Counter dropped) {
        this.node = node;
        this.part = node.toString();
        this.inbox = inbox;
        this.faults = faults;
        this.dropped = dropped;
    }

    @Override
    public int run() {
        if (inbox.isEmpty()) {
            return 0;
        }
        try {
            node.process(inbox);
            inbox.settle(part);
        } catch (final Throwable e) {
            faults.report(part, e);
            dropped.add(inbox.freeAll());
        }
        return 0;
    }

    @Override
    public void close() {
        inbox.freeAll();
    }
}
