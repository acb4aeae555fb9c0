/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts the nodes of a graph in an order in which every node comes after all that lead to it, so that one pass over
 * them takes each packet all the way.
 */
final class NodeOrder {
    private final Map<Node, List<Node>> successors = new HashMap<>();
    private final List<Node> finished = new ArrayList<>();
    private final Set<Node> seen = new HashSet<>();
    private final List<Node> path = new ArrayList<>();

    private NodeOrder(final Graph graph) {
        for (final Wire wire : graph.wires()) {
            if (wire.fromOutput() != null && wire.toNode() != null) {
                successors.computeIfAbsent(wire.fromOutput().node(), n -> new ArrayList<>()).add(wire.toNode());
            }
        }
    }

    /**
     * The nodes in that order.
     *
     * @throws WiringException if there is a cycle, naming it.
     */
    static List<Node> of(final Graph graph) {
        final NodeOrder order = new NodeOrder(graph);
        final List<Node> nodes = new ArrayList<>(graph.nodes());
        // The walk finishes last what it should run first; from back to front keeps the order of wiring among equals.
        Collections.reverse(nodes);
        nodes.forEach(order::visit);
        Collections.reverse(order.finished);
        return order.finished;
    }

    private void visit(final Node node) {
        final int start = path.indexOf(node);
        if (start >= 0) {
            final List<String> names = new ArrayList<>();
            path.subList(start, path.size()).forEach(n -> names.add(n.name()));
            names.add(node.name());
            throw GraphCheck.cycle(names);
        }
        if (!seen.add(node)) {
            return;
        }
        path.add(node);
        successors.getOrDefault(node, List.of()).forEach(this::visit);
        path.remove(path.size() - 1);
        finished.add(node);
    }
}
