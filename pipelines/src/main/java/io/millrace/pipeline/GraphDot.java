/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Writes a graph in the language of Graphviz. A port is drawn twice: left where it is read, right where written. Each
 * worker that something was placed on is a box around what it runs; dashed edges lead from one worker to another. A
 * port whose queues are on several workers stands outside.
 */
final class GraphDot {
    private final Graph graph;
    private final Map<Node, String> names;
    private final Placement placement;
    private final StringBuilder dot = new StringBuilder("digraph millrace {\n  rankdir=LR;\n");

    private GraphDot(final Graph graph) {
        this.graph = graph;
        names = NodeNames.of(graph);
        placement = Placement.of(graph);
    }

    static String of(final Graph graph) {
        return new GraphDot(graph).text();
    }

    private String text() {
        members(null, "  ");
        int number = 0;
        for (final Worker worker : placement.workers()) {
            dot.append("  subgraph cluster_").append(number++).append(" {\n    label=").append(quoted(
                worker + (worker.isPinned() ? ", CPU " + worker.cpu() : ""))).append(";\n");
            members(worker, "    ");
            dot.append("  }\n");
        }
        for (final Wire wire : graph.wires()) {
            if (wire.hasTarget()) {
                edge(wire);
            }
        }
        return dot.append("}\n").toString();
    }

    private void members(final Worker worker, final String indent) {
        for (final Port port : graph.ports()) {
            if (only(receivers(PortEnd.all(port))) == worker) {
                port("rx " + port.name(), indent);
            }
            if (only(transmitters(PortEnd.all(port))) == worker) {
                port("tx " + port.name(), indent);
            }
        }
        names.forEach((node, name) -> {
            if (placement.of(node) == worker) {
                dot.append(indent).append(quoted("node " + name)).append(" [shape=ellipse, label=")
                    .append(quoted(name)).append("];\n");
            }
        });
    }

    private void port(final String label, final String indent) {
        dot.append(indent).append(quoted(label)).append(" [shape=box];\n");
    }

    private void edge(final Wire wire) {
        final PortEnd from = wire.fromPort();
        final PortEnd to = wire.toPort();
        final String source = from != null ? "rx " + from.port().name() : "node " + names.get(wire.fromOutput().node());
        final String target = to != null ? "tx " + to.port().name() : "node " + names.get(wire.toNode());
        final Set<Worker> workers = from != null ? receivers(from) : workers(wire.fromOutput().node());
        workers.addAll(to != null ? transmitters(to) : workers(wire.toNode()));
        dot.append("  ").append(quoted(source)).append(" -> ").append(quoted(target))
            .append(" [taillabel=").append(quoted(from != null ? queue(from) : wire.fromOutput().name()))
            .append(", headlabel=").append(quoted(to != null ? queue(to) : ""))
            .append(workers.size() > 1 ? ", style=dashed" : "").append("];\n");
    }

    private Set<Worker> receivers(final PortEnd end) {
        return workers(end, placement::rx);
    }

    private Set<Worker> transmitters(final PortEnd end) {
        return workers(end, placement::tx);
    }

    private static Set<Worker> workers(final PortEnd end, final Function<PortEnd, Worker> worker) {
        final Set<Worker> workers = new HashSet<>();
        for (int q = end.firstQueue(); q <= end.lastQueue(); q++) {
            workers.add(worker.apply(new PortEnd(end.port(), q)));
        }
        return workers;
    }

    private Set<Worker> workers(final Node node) {
        final Set<Worker> workers = new HashSet<>();
        workers.add(placement.of(node));
        return workers;
    }

    /** The one that it is, or null if they are several. */
    private static Worker only(final Set<Worker> workers) {
        return workers.size() == 1 ? workers.iterator().next() : null;
    }

    private static String queue(final PortEnd end) {
        return end.isAll() ? "" : "queue " + end.queue();
    }

    // Names hold no quotes: ports, nodes and workers check theirs.
    private static String quoted(final String text) {
        return '"' + text + '"';
    }
}
