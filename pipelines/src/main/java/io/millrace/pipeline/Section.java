/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.ArrayList;
import java.util.List;

/**
 * The part of a {@link Component} that one worker runs; all of it if nothing in it was placed.
 *
 * @param rx         the receive queues it polls.
 * @param tx         the transmit queues it fills.
 * @param nodes      its nodes, each after all that lead to it.
 * @param wires      those that leave a part of it.
 * @param arrivals   what other workers hand over to it.
 * @param departures what it hands over to them.
 */
record Section(List<PortEnd> rx, List<PortEnd> tx, List<Node> nodes, List<Wire> wires, List<Crossing> arrivals,
               List<Crossing> departures) {
    Section() {
        this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(),
            new ArrayList<>());
    }

    /** A component that one worker runs alone. */
    static Section whole(final Component component) {
        return new Section(component.queues(), component.queues(), component.nodes(), component.wires(), List.of(),
            List.of());
    }
}
