/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Gives every node of a graph a name of its own. Names that users gave are kept; two nodes that are both called after
 * their class become {@code mac-swap} and {@code mac-swap-2}, in the order in which they were wired.
 */
final class NodeNames {
    private NodeNames() {
    }

    static Map<Node, String> of(final Graph graph) {
        final Set<String> taken = new HashSet<>();
        for (final Node node : graph.nodes()) {
            // A node that runs has counters of that name: it keeps it.
            if ((node.isNamed() || node.isBound()) && !taken.add(node.name())) {
                throw new WiringException("two nodes are named " + node.name()
                    + ": give one of them another name by named(...)");
            }
        }
        final Map<Node, String> names = new LinkedHashMap<>();
        for (final Node node : graph.nodes()) {
            names.put(node, node.isNamed() || node.isBound() ? node.name() : free(node.name(), taken));
        }
        return names;
    }

    /** A name that is not among those taken yet, and is from now on. */
    static String free(final String name, final Set<String> taken) {
        String candidate = name;
        for (int n = 2; !taken.add(candidate); n++) {
            candidate = name + '-' + n;
        }
        return candidate;
    }
}
