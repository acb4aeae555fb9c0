/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes a graph apart into its {@link Component}s. A wire joins what it connects; the receive and the transmit queue of
 * one number belong together, because what drivers keep for the pair is best in one CPU's cache; queues that no wire
 * touches go with a touched one of the same port, because every queue of a port has to be served.
 */
final class Components {
    // Disjoint sets of nodes and queues (PortEnd), by the usual parent links.
    private final Map<Object, Object> parents = new HashMap<>();

    private Components() {
    }

    /** The components of a graph that was checked, the one with the most queues first. */
    static List<Component> of(final Graph graph) {
        return new Components().split(graph);
    }

    private List<Component> split(final Graph graph) {
        for (final Wire wire : graph.wires()) {
            final Object source = wire.fromOutput() != null ? wire.fromOutput().node() : queues(wire.fromPort());
            final Object target = wire.toNode() != null ? wire.toNode() : queues(wire.toPort());
            join(source, target);
        }
        final Map<Object, Component> byRoot = new LinkedHashMap<>();
        for (final Port port : graph.ports()) {
            PortEnd wired = null;
            for (int q = port.queues() - 1; q >= 0; q--) {
                final PortEnd queue = new PortEnd(port, q);
                wired = parents.containsKey(queue) ? queue : wired;
            }
            for (int q = 0; q < port.queues(); q++) {
                final PortEnd queue = new PortEnd(port, q);
                component(byRoot, parents.containsKey(queue) ? queue : wired).queues().add(queue);
            }
        }
        for (final Node node : NodeOrder.of(graph)) {
            component(byRoot, node).nodes().add(node);
        }
        for (final Wire wire : graph.wires()) {
            component(byRoot, wire.toNode() != null ? wire.toNode() : queues(wire.toPort())).wires().add(wire);
        }
        final List<Component> components = new ArrayList<>();
        byRoot.values().forEach(c -> components.add(
            new Component(List.copyOf(c.queues()), List.copyOf(c.nodes()), List.copyOf(c.wires()))));
        components.sort((a, b) -> Integer.compare(b.queues().size(), a.queues().size()));
        return components;
    }

    private Component component(final Map<Object, Component> byRoot, final Object member) {
        return byRoot.computeIfAbsent(root(member),
            r -> new Component(new ArrayList<>(), new ArrayList<>(), new ArrayList<>()));
    }

    /** Joins the queues of a port's end and returns one of them. */
    private PortEnd queues(final PortEnd end) {
        final PortEnd first = new PortEnd(end.port(), end.firstQueue());
        for (int q = end.firstQueue(); q <= end.lastQueue(); q++) {
            join(first, new PortEnd(end.port(), q));
        }
        return first;
    }

    private void join(final Object a, final Object b) {
        parents.putIfAbsent(a, a);
        parents.putIfAbsent(b, b);
        parents.put(root(a), root(b));
    }

    private Object root(final Object member) {
        Object at = member;
        while (parents.get(at) != at) {
            at = parents.get(at);
        }
        return at;
    }
}
