/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;

import java.util.List;

/** Runs one node over what is in its inbox: one call for all of it. */
final class NodeStage implements Stage {
    private final Node node;
    private final String part;
    private final Burst inbox;
    private final FaultLog faults;
    private final Quarantine quarantine;
    private final Counter packets;
    private final DropPoint dropped;
    private final DropPoint quarantined;

    NodeStage(final Node node, final Burst inbox, final FaultLog faults, final Counters.Scope scope) {
        this.node = node;
        this.part = node.toString();
        this.inbox = inbox;
        this.faults = faults;
        quarantine = node.quarantine();
        packets = scope.counter("packets");
        dropped = new DropPoint(node.name(), part, Drops.FAULT, scope);
        quarantined = new DropPoint(node.name(), part, Drops.QUARANTINED, scope);
    }

    @Override
    public int run() {
        final int n = inbox.size();
        if (n == 0) {
            return 0;
        }
        packets.add(n);
        if (quarantine.isOn()) {
            quarantined.dropAll(inbox);
            return n;
        }
        try {
            node.process(inbox);
            inbox.settle(part);
            quarantine.onSuccess();
        } catch (final Throwable e) {
            faults.report(part, e);
            dropped.dropAll(inbox);
            if (quarantine.onFault()) {
                faults.quarantined(part);
            }
        }
        return n;
    }

    @Override
    public List<DropPoint> dropPoints() {
        return List.of(dropped, quarantined);
    }

    @Override
    public void close() {
        inbox.freeAll();
    }
}
