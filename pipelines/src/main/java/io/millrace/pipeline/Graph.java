/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Which way packets go: from ports, through nodes, to ports. Passive: it does nothing until
 * {@link Dataplane#start(Graph)} compiles it, and may be looked at by {@link #validate} and {@link #toDot} before.
 *
 * <pre>{@code
 * graph.from(vm0).to(bridge);
 * graph.from(bridge.port(vm0.id())).to(vm0);
 * }</pre>
 *
 * <p>Several wires may lead to one node or one port; one wire leaves an output or a receive queue. An output without a
 * wire drops and counts.
 *
 * <p>Thread safety: none; one thread builds it and does not change it after the start.
 */
public final class Graph {
    private final List<Wire> wires = new ArrayList<>();

    /** A graph without wires. */
    public Graph() {
    }

    /** Begins a wire at all receive queues of a port. */
    public Wire from(final Port port) {
        return add(new Wire(this, PortEnd.all(port), null));
    }

    /**
     * Begins a wire at one receive queue of a port.
     *
     * @param port  which port.
     * @param queue 0 to {@link Port#queues()} - 1.
     */
    public Wire from(final Port port, final int queue) {
        return add(new Wire(this, new PortEnd(port, queue), null));
    }

    /** Begins a wire at an output of a node. */
    public Wire from(final Output output) {
        return add(new Wire(this, null, Objects.requireNonNull(output, "from which output?")));
    }

    /**
     * Checks everything that can be checked without running it.
     *
     * @throws WiringException naming the first mistake, its parts and its mend.
     */
    public void validate() {
        new GraphCheck(this).run();
    }

    /** The graph in the language of Graphviz: pipe it into {@code dot -Tsvg}. */
    public String toDot() {
        return GraphDot.of(this);
    }

    private Wire add(final Wire wire) {
        wires.add(wire);
        return wire;
    }

    List<Wire> wires() {
        return Collections.unmodifiableList(wires);
    }

    /** Every node that some wire touches, in the order in which the wires were made. */
    Set<Node> nodes() {
        final Set<Node> nodes = new LinkedHashSet<>();
        for (final Wire wire : wires) {
            if (wire.fromOutput() != null) {
                nodes.add(wire.fromOutput().node());
            }
            if (wire.toNode() != null) {
                nodes.add(wire.toNode());
            }
        }
        return nodes;
    }

    /** Every port that some wire touches, in the order in which the wires were made. */
    Set<Port> ports() {
        final Set<Port> ports = new LinkedHashSet<>();
        for (final Wire wire : wires) {
            if (wire.fromPort() != null) {
                ports.add(wire.fromPort().port());
            }
            if (wire.toPort() != null) {
                ports.add(wire.toPort().port());
            }
        }
        return ports;
    }
}
