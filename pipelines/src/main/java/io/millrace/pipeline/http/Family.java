/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.prometheus.metrics.model.snapshots.Labels;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Counters that are one metric: those whose names are of one form. What varies in the name becomes labels.
 *
 * @param form   of the counters' names; each group is the value of a label.
 * @param metric its name, without {@code _total}.
 * @param help   one sentence.
 * @param grows  whether it only ever grows: a counter, not a gauge.
 * @param unit   of the metric, in that of the counters: nanoseconds become seconds, as Prometheus wants them.
 * @param labels their names, one for each group.
 */
record Family(Pattern form, String metric, String help, boolean grows, double unit, String... labels) {
    private static final double NS_PER_SECOND = 1e9;

    /** Every counter belongs to the first of these that it fits, and the last one takes all. */
    static final List<Family> ALL = List.of(
        // Lost copies; the packets themselves went on.
        counter("multicast/([^/]+)/to/([^/]+)/([^/]+)/drop/([^/]+)", "multicast_lost",
            "Copies of packets that a subscriber did not get, by the worker that made them and why", "multicast",
            "subscriber", "worker", "reason"),
        counter("(.+)/drop/([^/]+)", "drops", "Packets that went no further, by what dropped them and why",
            "where", "reason"),
        counter("port/([^/]+)/rx(\\d+)/packets", "port_rx_packets", "Packets received", "port", "queue"),
        counter("port/([^/]+)/rx(\\d+)/bytes", "port_rx_bytes", "Bytes received, from the Ethernet header, without FCS",
            "port", "queue"),
        counter("port/([^/]+)/tx(\\d+)/packets", "port_tx_packets", "Packets transmitted", "port", "queue"),
        counter("port/([^/]+)/tx(\\d+)/bytes", "port_tx_bytes",
            "Bytes transmitted, from the Ethernet header, without FCS", "port", "queue"),
        seconds("port/([^/]+)/(rx|tx)(\\d+)/sampled-ns", "port_queue_sampled",
            "Time of the measured passes that went to a queue", "port", "direction", "queue"),
        counter("port/([^/]+)/(rx|tx)(\\d+)/sampled-packets", "port_queue_sampled_packets",
            "Packets of a queue in the measured passes", "port", "direction", "queue"),
        counter("port/([^/]+)/(rx|tx)(\\d+)/(.+)", "port_queue_events", "What else a queue of a port counts",
            "port", "direction", "queue", "event"),
        // A packet that comes late is lost no more: some of these shrink.
        new Family(Pattern.compile("port/([^/]+)/verify/([^/]+)"), "millrace_port_verify_packets",
            "What a traffic port found out about the packets it verified", false, 1, "port", "finding"),
        counter("port/([^/]+)/(.+)", "port_events", "What happened to a port: its link, its sessions, its device",
            "port", "event"),
        counter("worker/([^/]+)/cycles", "worker_cycles", "Passes of a worker over its queues and nodes", "worker"),
        counter("worker/([^/]+)/busy-cycles", "worker_busy_cycles", "Passes of a worker that received something",
            "worker"),
        counter("worker/([^/]+)/packets", "worker_packets", "Packets a worker received, from ports and other workers",
            "worker"),
        seconds("worker/([^/]+)/sampled-busy-ns", "worker_sampled_busy",
            "Time of the measured passes of a worker that received something", "worker"),
        counter("worker/([^/]+)/sampled-busy-cycles", "worker_sampled_busy_cycles",
            "The measured passes of a worker that received something", "worker"),
        counter("worker/([^/]+)/(.+)", "worker_events", "What else a worker counts", "worker", "event"),
        counter("node/([^/]+)/packets", "node_packets", "Packets a node was given", "node"),
        counter("node/([^/]+)/out/([^/]+)/packets", "node_output_packets", "Packets that left a node by an output",
            "node", "output"),
        seconds("node/([^/]+)/sampled-ns", "node_sampled", "Time of the measured passes that went to a node", "node"),
        counter("node/([^/]+)/sampled-packets", "node_sampled_packets", "Packets of a node in the measured passes",
            "node"),
        new Family(Pattern.compile("node/([^/]+)/(.+)-size"), "millrace_node_entries",
            "How many entries a table of a node has", false, 1, "node", "table"),
        counter("node/([^/]+)/(.+)", "node_events", "What else a node counts", "node", "event"),
        counter("handoff/([^/]+)/packets", "handoff_packets", "Packets that went from one worker to another",
            "handoff"),
        counter("handoff/([^/]+)/bursts", "handoff_bursts", "Bursts that went from one worker to another", "handoff"),
        counter("dataplane/swaps", "graph_swaps", "How often another graph was applied"),
        seconds("dataplane/paused-ns", "graph_swaps_paused", "For how long swaps of the graph stopped packets"),
        counter("(.+)", "counter", "What fits nowhere else", "name"));

    private static Family counter(final String form, final String metric, final String help, final String... labels) {
        return new Family(Pattern.compile(form), "millrace_" + metric, help, true, 1, labels);
    }

    private static Family seconds(final String form, final String metric, final String help, final String... labels) {
        return new Family(Pattern.compile(form), "millrace_" + metric + "_seconds", help, true, NS_PER_SECOND, labels);
    }

    /** The labels of the counter of that name, or nothing if it is not one of these. */
    Optional<Labels> labelsOf(final String counter) {
        final Matcher matcher = form.matcher(counter);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        final String[] values = new String[labels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = matcher.group(i + 1);
        }
        return Optional.of(Labels.of(labels, values));
    }
}
