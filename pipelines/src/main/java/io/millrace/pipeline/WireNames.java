/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the wires of a graph are called: where they begin, a hyphen, where they end. A queue of a port is
 * {@code nic.rx0} or {@code nic.tx0}, an output {@code bridge.port2}.
 */
final class WireNames {
    private final Graph graph;
    private final Map<Node, String> nodes;
    private final Map<Wire, String> wires = new LinkedHashMap<>();

    private WireNames(final Graph graph) {
        this.graph = graph;
        nodes = NodeNames.of(graph);
    }

    /**
     * Names all wires that lead somewhere.
     *
     * @throws WiringException if two nodes have one name.
     */
    static WireNames of(final Graph graph) {
        final WireNames names = new WireNames(graph);
        final Set<String> taken = new HashSet<>();
        for (final Wire wire : graph.wires()) {
            if (wire.hasTarget()) {
                names.wires.put(wire, NodeNames.free(names.source(wire) + '-' + names.target(wire), taken));
            }
        }
        return names;
    }

    private String source(final Wire wire) {
        if (wire.fromOutput() != null) {
            return nodes.get(wire.fromOutput().node()) + '.' + wire.fromOutput().name();
        }
        return wire.fromPort().rxName();
    }

    private String target(final Wire wire) {
        if (wire.toNode() != null) {
            return nodes.get(wire.toNode());
        }
        return wire.toPort().txName();
    }

    /** The name of a wire of this graph. */
    String of(final Wire wire) {
        return wires.get(wire);
    }

    /** The wires and their names, in the order of wiring. */
    Map<Wire, String> all() {
        return wires;
    }

    /** Who watches a wire. */
    List<Watch> watches(final Wire wire) {
        return graph.watches().stream().filter(watch -> watch.wire().equals(wires.get(wire))).toList();
    }
}
