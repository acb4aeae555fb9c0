/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

/** Shows the packets of one wire to its probes, then moves them on. Linked in only where a wire is watched. */
final class ProbeStage implements Stage {
    private final String part;
    private final Burst inbox;
    private final Burst next;
    private final FaultLog faults;
    private final Probe[] probes;

    /**
     * A stage in the middle of a wire.
     *
     * @param part the wire's name for messages.
     * @param next where the packets go; has room for all that fit into {@code inbox}.
     */
    ProbeStage(final String part, final Burst inbox, final Burst next, final FaultLog faults, final Probe... probes) {
        this.part = part;
        this.inbox = inbox;
        this.next = next;
        this.faults = faults;
        this.probes = probes;
    }

    @Override
    public int run() {
        final int n = inbox.size();
        if (n > 0) {
            for (final Probe probe : probes) {
                try {
                    probe.observe(inbox);
                } catch (final Throwable e) {
                    // It looks only: the packets go on whatever it does.
                    faults.report(part, e);
                }
            }
            inbox.moveAll(next);
        }
        return n;
    }

    @Override
    public void close() {
        inbox.freeAll();
    }
}
