/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.Map;

/**
 * The nanoseconds that a part of a graph took between two snapshots of the counters: for each of its queues and nodes
 * the packets it handled times what one of them cost in the passes that were timed.
 */
final class Cost {
    private final Map<String, Long> before;
    private final Map<String, Long> after;

    private Cost(final Map<String, Long> before, final Map<String, Long> after) {
        this.before = before;
        this.after = after;
    }

    static double of(final Section section, final Map<String, Long> before, final Map<String, Long> after) {
        final Cost cost = new Cost(before, after);
        double ns = 0;
        for (final PortEnd queue : section.rx()) {
            ns += cost.of("port/" + queue.port().name() + "/rx" + queue.queue());
        }
        for (final Node node : section.nodes()) {
            ns += cost.of("node/" + node.name());
        }
        for (final PortEnd queue : section.tx()) {
            ns += cost.of("port/" + queue.port().name() + "/tx" + queue.queue());
        }
        for (final Crossing arrival : section.arrivals()) {
            ns += cost.sampled("handoff/" + arrival.name() + "/rx", "handoff/" + arrival.name() + "/packets");
        }
        for (final Crossing departure : section.departures()) {
            ns += cost.of("handoff/" + departure.name());
        }
        return ns;
    }

    private double of(final String part) {
        return sampled(part, part + "/packets");
    }

    private double sampled(final String part, final String packets) {
        final double timed = grown(part + "/sampled-packets");
        return timed == 0 ? 0 : grown(part + "/sampled-ns") / timed * grown(packets);
    }

    private double grown(final String counter) {
        return after.getOrDefault(counter, 0L) - before.getOrDefault(counter, 0L);
    }
}
