/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Cuts a {@link Component} along its workers. Each wire that is cut becomes a {@link Crossing}, one for each worker
 * that has a source of it. A wire to all queues of a port that are on several workers is not cut: each worker that
 * feeds it spreads flows over all these queues, as one worker would, and has a lane to each that is not its own.
 */
final class Sections {
    private final Placement placement;
    private final Set<String> names;
    private final Map<Worker, Section> sections = new LinkedHashMap<>();
    private final Map<Worker, Set<Port>> spreaders = new LinkedHashMap<>();

    private Sections(final Placement placement, final Set<String> names) {
        this.placement = placement;
        this.names = names;
    }

    /**
     * The sections of a component of which everything has a worker.
     *
     * @param names of the crossings so far; theirs are added.
     */
    static Map<Worker, Section> of(final Component component, final Placement placement, final Set<String> names) {
        final Sections cut = new Sections(placement, names);
        for (final PortEnd queue : component.queues()) {
            cut.section(placement.rx(queue)).rx().add(queue);
            cut.section(placement.tx(queue)).tx().add(queue);
        }
        component.nodes().forEach(node -> cut.section(placement.of(node)).nodes().add(node));
        component.wires().forEach(cut::add);
        return cut.sections;
    }

    private Section section(final Worker worker) {
        return sections.computeIfAbsent(worker, w -> new Section());
    }

    private void add(final Wire wire) {
        final Set<Worker> targets = targets(wire);
        for (final Worker from : sources(wire)) {
            section(from).wires().add(wire);
            final Worker to = targets.iterator().next();
            if (targets.size() > 1) {
                addLanes(from, wire.toPort().port());
            } else if (to != from) {
                add(new Crossing(NodeNames.free(source(wire, from) + '-' + target(wire), names), from, to, wire, null));
            }
        }
    }

    private void addLanes(final Worker from, final Port port) {
        if (!spreaders.computeIfAbsent(from, w -> new HashSet<>()).add(port)) {
            return;
        }
        for (int q = 0; q < port.queues(); q++) {
            final PortEnd queue = new PortEnd(port, q);
            final Worker to = placement.tx(queue);
            if (to != from) {
                add(new Crossing(NodeNames.free(from.name() + '-' + queue.txName(), names), from, to, null, queue));
            }
        }
    }

    private void add(final Crossing crossing) {
        section(crossing.from()).departures().add(crossing);
        section(crossing.to()).arrivals().add(crossing);
    }

    private Set<Worker> sources(final Wire wire) {
        if (wire.fromOutput() != null) {
            return Set.of(placement.of(wire.fromOutput().node()));
        }
        final Set<Worker> workers = new LinkedHashSet<>();
        for (int q = wire.fromPort().firstQueue(); q <= wire.fromPort().lastQueue(); q++) {
            workers.add(placement.rx(new PortEnd(wire.fromPort().port(), q)));
        }
        return workers;
    }

    private Set<Worker> targets(final Wire wire) {
        if (wire.toNode() != null) {
            return Set.of(placement.of(wire.toNode()));
        }
        final Set<Worker> workers = new LinkedHashSet<>();
        for (int q = wire.toPort().firstQueue(); q <= wire.toPort().lastQueue(); q++) {
            workers.add(placement.tx(new PortEnd(wire.toPort().port(), q)));
        }
        return workers;
    }

    /** What of a wire's source a worker has: {@code nic}, {@code nic.rx0+1} or {@code bridge.port2}. */
    private String source(final Wire wire, final Worker worker) {
        if (wire.fromOutput() != null) {
            return wire.fromOutput().node().name() + '.' + wire.fromOutput().name();
        }
        final PortEnd end = wire.fromPort();
        final StringJoiner queues = new StringJoiner("+");
        boolean hasAll = end.isAll();
        for (int q = end.firstQueue(); q <= end.lastQueue(); q++) {
            if (placement.rx(new PortEnd(end.port(), q)) == worker) {
                queues.add(Integer.toString(q));
            } else {
                hasAll = false;
            }
        }
        return end.port().name() + (hasAll ? "" : ".rx" + queues);
    }

    private static String target(final Wire wire) {
        return wire.toNode() != null ? wire.toNode().name() : wire.toPort().txName();
    }
}
