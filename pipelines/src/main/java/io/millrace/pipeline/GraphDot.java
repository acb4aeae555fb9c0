/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.Map;

/** Writes a graph in the language of Graphviz. A port is drawn twice: left where it is read, right where written. */
final class GraphDot {
    private GraphDot() {
    }

    static String of(final Graph graph) {
        final StringBuilder dot = new StringBuilder("digraph millrace {\n  rankdir=LR;\n");
        for (final Port port : graph.ports()) {
            port(dot, "rx " + port.name());
            port(dot, "tx " + port.name());
        }
        final Map<Node, String> names = NodeNames.of(graph);
        names.forEach((node, name) -> dot.append("  ").append(quoted("node " + name))
            .append(" [shape=ellipse, label=").append(quoted(name)).append("];\n"));
        for (final Wire wire : graph.wires()) {
            if (wire.hasTarget()) {
                edge(dot, wire, names);
            }
        }
        return dot.append("}\n").toString();
    }

    private static void port(final StringBuilder dot, final String label) {
        dot.append("  ").append(quoted(label)).append(" [shape=box];\n");
    }

    private static void edge(final StringBuilder dot, final Wire wire, final Map<Node, String> names) {
        final PortEnd from = wire.fromPort();
        final PortEnd to = wire.toPort();
        final String source = from != null ? "rx " + from.port().name() : "node " + names.get(wire.fromOutput().node());
        final String target = to != null ? "tx " + to.port().name() : "node " + names.get(wire.toNode());
        dot.append("  ").append(quoted(source)).append(" -> ").append(quoted(target))
            .append(" [taillabel=").append(quoted(from != null ? queue(from) : wire.fromOutput().name()))
            .append(", headlabel=").append(quoted(to != null ? queue(to) : "")).append("];\n");
    }

    private static String queue(final PortEnd end) {
        return end.isAll() ? "" : "queue " + end.queue();
    }

    // Names hold no quotes: ports and nodes check theirs.
    private static String quoted(final String text) {
        return '"' + text + '"';
    }
}
