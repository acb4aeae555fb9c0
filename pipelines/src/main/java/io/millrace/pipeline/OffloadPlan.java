/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Offload;
import io.millrace.Port;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which packets with work left to be done can get to which ports of a graph. Where some can, an {@link OffloadStage}
 * stands before the transmit queues and finishes what the port does not take; where none can, there is no stage.
 *
 * <pre>
 *   vm0 (yields tso4) ---&gt; [ node ] ---&gt; nic (takes none)     cut before nic
 *                               \-----&gt; vm1 (takes tso4)     left whole
 *   tap ------------------------------&gt; nic.2                 no stage: tap yields nothing
 * </pre>
 *
 * <p>A node is taken to send anything by any of its outputs. One that leaves work itself ({@link Node#offloads}) is a
 * source as a port is.
 */
final class OffloadPlan {
    // By the port that their packets get to.
    private final Map<Port, Set<Source>> sources = new LinkedHashMap<>();

    /** A port or node whose packets may leave something to be done. */
    private record Source(String name, int offloads) {
    }

    private OffloadPlan() {
    }

    /** Of a graph that is whole. */
    static OffloadPlan of(final Graph graph) {
        final OffloadPlan plan = new OffloadPlan();
        for (final Port from : graph.ports()) {
            plan.add(new Source(from.name(), from.rxOffloads()), graph,
                graph.wires().stream().filter(wire -> wire.fromPort() != null && wire.fromPort().port() == from));
        }
        for (final Node from : graph.nodes()) {
            plan.add(new Source(from.name(), from.offloads()), graph, leaving(graph, from));
        }
        return plan;
    }

    private static Stream<Wire> leaving(final Graph graph, final Node node) {
        return graph.wires().stream().filter(wire -> wire.fromOutput() != null && wire.fromOutput().node() == node);
    }

    private void add(final Source source, final Graph graph, final Stream<Wire> first) {
        if (source.offloads == 0) {
            return;
        }
        final Set<Node> seen = new HashSet<>();
        final Deque<Wire> ways = new ArrayDeque<>();
        first.forEach(ways::add);
        while (!ways.isEmpty()) {
            final Wire wire = ways.remove();
            if (wire.toPort() != null) {
                sources.computeIfAbsent(wire.toPort().port(), port -> new LinkedHashSet<>()).add(source);
            } else if (wire.toNode() != null && seen.add(wire.toNode())) {
                leaving(graph, wire.toNode()).forEach(ways::add);
            }
        }
    }

    /** Whether packets can get to a port that leave something to be done. */
    boolean reaches(final Port to) {
        return sources.containsKey(to);
    }

    /** What becomes of such packets before a port, as things are now. */
    GraphView.OffloadView view(final Port to) {
        final int taken = to.txOffloads();
        int finished = 0;
        final Set<String> from = new LinkedHashSet<>();
        for (final Source source : sources.getOrDefault(to, Set.of())) {
            final int left = source.offloads & ~taken;
            if (left != 0) {
                finished |= left;
                from.add(source.name);
            }
        }
        return new GraphView.OffloadView(Offload.text(to.rxOffloads()), Offload.text(taken), Offload.text(finished),
            List.copyOf(from));
    }
}
