/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.GraphView.End;
import io.millrace.pipeline.GraphView.NodeView;
import io.millrace.pipeline.GraphView.PortView;
import io.millrace.pipeline.GraphView.QueueView;
import io.millrace.pipeline.GraphView.WireView;
import io.millrace.pipeline.GraphView.WorkerView;

import java.util.List;

/**
 * Writes a running graph with its rates in the language of Graphviz, drawn as {@link io.millrace.pipeline.Graph#toDot}
 * draws one that does not run: a port left where it is read and right where written, a box around what each worker
 * runs, dashed edges from one worker to another.
 */
final class ViewDot {
    private final Interval interval;
    private final GraphView view;
    private final StringBuilder dot = new StringBuilder("digraph millrace {\n  rankdir=LR;\n");

    private ViewDot(final Interval interval) {
        this.interval = interval;
        this.view = interval.view();
    }

    static String of(final Interval interval) {
        return new ViewDot(interval).text();
    }

    private String text() {
        members("", "  ");
        int number = 0;
        for (final WorkerView worker : view.workers()) {
            dot.append("  subgraph cluster_").append(number++).append(" {\n    label=")
                .append(quoted(Rows.title(interval, worker))).append(";\n");
            members(worker.name(), "    ");
            dot.append("  }\n");
        }
        view.wires().forEach(this::edge);
        return dot.append("}\n").toString();
    }

    private void members(final String worker, final String indent) {
        for (final PortView port : view.ports()) {
            port("rx ", port, port.rx(), worker, indent);
            port("tx ", port, port.tx(), worker, indent);
        }
        for (final NodeView node : view.nodes()) {
            if (node.worker().equals(worker)) {
                final String cost = node.sampledPackets() == 0 ? ""
                    : "\\n" + Interval.cost(node.sampledNs(), node.sampledPackets()) + " a packet";
                dot.append(indent).append(quoted("node " + node.name())).append(" [shape=ellipse, label=")
                    .append(quoted(node.name() + cost)).append("];\n");
            }
        }
    }

    private void port(final String direction, final PortView port, final List<QueueView> queues, final String worker,
        final String indent) {
        final String first = queues.isEmpty() ? "" : queues.get(0).worker();
        final String only = queues.stream().allMatch(queue -> queue.worker().equals(first)) ? first : "";
        if (only.equals(worker)) {
            final String done = direction.startsWith("rx") || port.offloads().from().isEmpty() ? ""
                : ", label=" + quoted(direction + port.name() + "\\nafter " + port.offloads().finishes()
                    + " in software");
            dot.append(indent).append(quoted(direction + port.name())).append(" [shape=box").append(done)
                .append("];\n");
        }
    }

    private void edge(final WireView wire) {
        final String label = Rows.perSecond(interval.rate(wire.packets()))
            + (wire.drops() == 0 ? "" : "\\n" + Rows.perSecond(interval.rate(wire.drops())) + " dropped");
        dot.append("  ").append(quoted(end("rx ", wire.from()))).append(" -> ").append(quoted(end("tx ", wire.to())))
            .append(" [taillabel=").append(quoted(wire.from().isPort() ? queue(wire.from()) : wire.from().output()))
            .append(", headlabel=").append(quoted(queue(wire.to())))
            .append(", label=").append(quoted(label))
            .append(wire.from().worker().equals(wire.to().worker()) ? "" : ", style=dashed").append("];\n");
    }

    private static String end(final String direction, final End end) {
        return (end.isPort() ? direction : "node ") + end.part();
    }

    private static String queue(final End end) {
        return end.isPort() && end.queue() >= 0 ? "queue " + end.queue() : "";
    }

    // Names of ports, nodes and workers hold no quotes.
    private static String quoted(final String text) {
        return '"' + text + '"';
    }
}
