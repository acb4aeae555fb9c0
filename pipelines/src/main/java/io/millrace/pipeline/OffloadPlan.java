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
 * <p>A node is taken to send anything by any of its outputs.
 */
final class OffloadPlan {
    // By the port they get to.
    private final Map<Port, Set<Port>> sources = new LinkedHashMap<>();

    private OffloadPlan() {
    }

    /** Of a graph that is whole. */
    static OffloadPlan of(final Graph graph) {
        final OffloadPlan plan = new OffloadPlan();
        for (final Port from : graph.ports()) {
            if (from.rxOffloads() != 0) {
                for (final Port to : reachable(graph, from)) {
                    plan.sources.computeIfAbsent(to, port -> new LinkedHashSet<>()).add(from);
                }
            }
        }
        return plan;
    }

    private static Set<Port> reachable(final Graph graph, final Port from) {
        final Set<Port> reached = new LinkedHashSet<>();
        final Set<Node> seen = new HashSet<>();
        final Deque<Wire> ways = new ArrayDeque<>();
        graph.wires().stream().filter(wire -> wire.fromPort() != null && wire.fromPort().port() == from)
            .forEach(ways::add);
        while (!ways.isEmpty()) {
            final Wire wire = ways.remove();
            if (wire.toPort() != null) {
                reached.add(wire.toPort().port());
            } else if (wire.toNode() != null && seen.add(wire.toNode())) {
                graph.wires().stream()
                    .filter(next -> next.fromOutput() != null && next.fromOutput().node() == wire.toNode())
                    .forEach(ways::add);
            }
        }
        return reached;
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
        for (final Port source : sources.getOrDefault(to, Set.of())) {
            final int left = source.rxOffloads() & ~taken;
            if (left != 0) {
                finished |= left;
                from.add(source.name());
            }
        }
        return new GraphView.OffloadView(Offload.text(to.rxOffloads()), Offload.text(taken), Offload.text(finished),
            List.copyOf(from));
    }
}
