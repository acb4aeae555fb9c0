/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import io.millrace.Port;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Nodes as they are written on a command line, in a row behind whatever a wire begins at. Each wire gets nodes of its
 * own, named after where it begins: {@code vm0.police}, {@code vm0.rx1.police}.
 *
 * <pre>{@code
 * Via via = Via.parse(List.of("ether-type:arp", "police:1000pps"));
 * via.from(graph, vm0).to(bridge);
 * }</pre>
 *
 * <p>Immutable.
 */
public final class Via {
    private final List<String> nodes;

    private Via(final List<String> nodes) {
        this.nodes = List.copyOf(nodes);
    }

    /**
     * Checks that each of them can be made.
     *
     * @param nodes as {@link NodeType#parse} takes them, in the order in which packets pass them; may be empty.
     * @throws ConfigurationException naming the first one that cannot be.
     */
    public static Via parse(final List<String> nodes) {
        nodes.forEach(NodeType::parse);
        return new Via(nodes);
    }

    /** Begins a wire at all receive queues of a port, behind these nodes. */
    public Wire from(final Graph graph, final Port port) {
        return behind(graph.from(port), port.name());
    }

    /** Begins a wire at one receive queue of a port, behind these nodes. */
    public Wire from(final Graph graph, final Port port, final int queue) {
        return behind(graph.from(port, queue), port.name() + (port.queues() == 1 ? "" : ".rx" + queue));
    }

    private Wire behind(final Wire first, final String source) {
        final Set<String> names = new HashSet<>();
        Wire last = first;
        for (final String text : nodes) {
            final Output out = NodeType.parse(text);
            final String type = NodeSpec.parse(text).type();
            out.node().named(NodeNames.free(source + '.' + type, names));
            last = last.to(out.node()).from(out);
        }
        return last;
    }
}
