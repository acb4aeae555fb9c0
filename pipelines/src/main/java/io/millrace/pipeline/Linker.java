/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.Port;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Turns what one worker is to run into a {@link Program}: makes the {@link Inboxes} and notes which output leads to
 * which. What other workers hand over is polled like a receive queue; what is handed to them is transmitted as if to a
 * port; where a wire is watched its packets make a stop. Touches nothing that runs: another program may be at work on
 * the same queues and nodes.
 */
final class Linker {
    private final Worker worker;
    private final FrameCache frames;
    private final Counters counters;
    private final FaultLog faults;
    private final int burst;
    private final OffloadPlan plan;
    private final Map<Crossing, Handoff> handoffs;
    private final WireNames wires;
    private final Map<Watch, Probe> probes;
    private final Inboxes inboxes;
    private final Program.Builder program = new Program.Builder();
    private final Map<PortEnd, TxStage> txStages = new HashMap<>();

    /**
     * A linker for one worker.
     *
     * @param burst    the most packets taken from a queue at a time.
     * @param plan     knows where packets with work left to be done can get.
     * @param handoffs of all workers.
     * @param wires    the graph's, and who watches them.
     * @param probes   that the worker has already.
     */
    Linker(final Worker worker, final Counters counters, final FaultLog faults, final int burst, final OffloadPlan plan,
           final Map<Crossing, Handoff> handoffs, final WireNames wires, final Map<Watch, Probe> probes) {
        this.worker = worker;
        this.frames = worker.frames();
        this.counters = counters;
        this.wires = wires;
        this.probes = probes;
        this.faults = faults;
        this.burst = burst;
        this.plan = plan;
        this.handoffs = handoffs;
        inboxes = new Inboxes(frames, burst);
    }

    /** Links. The nodes are bound to their names already. */
    Program link(final List<Section> share) {
        for (final Section section : share) {
            link(section);
        }
        return program.build();
    }

    private void link(final Section section) {
        for (final Node node : section.nodes()) {
            program.node(node);
            final Burst inbox = inboxes.make(node, node.toString(), inboxes.roomFor(section, node));
            for (final Wire wire : section.wires()) {
                if (wire.toNode() == node && departure(section, wire) == null) {
                    linkProbes(section, wire, inbox);
                }
            }
            final Counters.Scope scope = counters.scope("node", node.name());
            program.stage(new NodeStage(node, inbox, faults, scope), new Meter(scope));
        }
        final Set<Port> ports = new LinkedHashSet<>();
        section.tx().forEach(queue -> ports.add(queue.port()));
        for (final Crossing departure : section.departures()) {
            if (departure.lane() != null) {
                ports.add(departure.lane().port());
            } else {
                // Before what this worker transmits itself, so that the other one can begin.
                final TxStage stage = linkDeparture(departure, inboxes.broughtBy(section, departure.wire()));
                linkProbes(section, departure.wire(), stage.inbox());
                program.stage(stage, new Meter(counters.scope("handoff", departure.name())));
            }
        }
        ports.forEach(port -> linkTx(section, port));
        for (final Wire wire : section.wires()) {
            if (wire.fromOutput() != null) {
                program.target(wire.fromOutput(), inboxBehind(section, wire));
            }
        }
        section.rx().forEach(queue -> linkRx(section, queue));
        section.arrivals().forEach(this::linkArrival);
    }

    /** Has the packets of a watched wire stop at its probes before they go where it leads. */
    private void linkProbes(final Section section, final Wire wire, final Burst next) {
        final List<Watch> watches = wires.watches(wire);
        if (watches.isEmpty()) {
            return;
        }
        final String part = "wire " + wires.of(wire);
        final Probe[] each = new Probe[watches.size()];
        for (int i = 0; i < each.length; i++) {
            final Probe kept = probes.get(watches.get(i));
            each[i] = kept != null ? kept
                : Objects.requireNonNull(watches.get(i).probes().apply(worker), () -> "no probe for " + part);
            program.probe(watches.get(i), each[i]);
        }
        program.stage(new ProbeStage(part, inboxes.make(wire, part, inboxes.broughtBy(section, wire)), next, faults,
            each), new Meter(counters.scope("worker", worker.name(), "probe", wires.of(wire))));
    }

    private TxStage linkDeparture(final Crossing crossing, final long room) {
        final Counters.Scope scope = counters.scope("handoff", crossing.name());
        return new TxStage(crossing.toString(), handoffs.get(crossing).tx(),
            inboxes.make(crossing, crossing.toString(), room), faults,
            new DropPoint(crossing.name(), crossing.toString(), Drops.FAULT, scope),
            new DropPoint(crossing.name(), crossing.toString(), Drops.HANDOFF_FULL, scope));
    }

    private void linkTx(final Section section, final Port port) {
        final PortEnd all = PortEnd.all(port);
        final long toAll = inboxes.roomFor(section, all);
        final Map<Stage, Meter> offloads = new LinkedHashMap<>();
        final Map<Stage, Meter> meters = new HashMap<>();
        // By number, on this worker or another, so that every worker spreads flows alike.
        final SortedMap<Integer, TxStage> queues = new TreeMap<>();
        for (final PortEnd queue : section.tx()) {
            if (queue.port() == port) {
                final TxStage stage = linkQueue(section, queue, toAll, offloads);
                queues.put(queue.queue(), stage);
                meters.put(stage, new Meter(counters.scope("port", port.name(), "tx" + queue.queue())));
            }
        }
        for (final Crossing departure : section.departures()) {
            if (departure.lane() != null && departure.lane().port() == port) {
                final TxStage stage = linkDeparture(departure, toAll);
                queues.put(departure.lane().queue(), stage);
                meters.put(stage, new Meter(counters.scope("handoff", departure.name())));
            }
        }
        final List<TxStage> inOrder = List.copyOf(queues.values());
        Stage spread = null;
        if (toAll > 0 && inOrder.size() == 1) {
            inboxes.share(all, inOrder.get(0).inbox());
        } else if (toAll > 0) {
            spread = new SpreadStage(inboxes.make(all, "port " + port.name(), toAll),
                inOrder.toArray(new TxStage[0]));
        }
        for (final Wire wire : section.wires()) {
            if (wire.toPort() != null && wire.toPort().port() == port && departure(section, wire) == null) {
                linkProbes(section, wire, inboxes.of(wire.end()));
            }
        }
        if (spread != null) {
            program.stage(spread, new Meter(counters.scope("worker", worker.name(), "spread", port.name())));
        }
        offloads.forEach(program::stage);
        inOrder.forEach(stage -> program.stage(stage, meters.get(stage)));
    }

    private TxStage linkQueue(final Section section, final PortEnd queue, final long toAll,
                              final Map<Stage, Meter> offloads) {
        final Port port = queue.port();
        final Burst inbox = inboxes.make(queue, queue.toString(), toAll + inboxes.roomFor(section, queue));
        final Counters.Scope scope = counters.scope("port", port.name(), "tx" + queue.queue());
        final TxStage stage = new TxStage("transmit " + queue, port.tx(queue.queue()), inbox, faults,
            new DropPoint(queue.txName(), "transmit " + queue, Drops.FAULT, scope),
            new DropPoint(queue.txName(), "transmit " + queue, DropReason.RING_FULL, scope));
        // What the port takes may change with its peer, so the stage is there although it takes all now.
        if (plan.reaches(port)) {
            offloads.put(new OffloadStage(frames, inbox, port::txOffloads, stage::run, queue.txName(),
                "transmit " + queue, scope),
                new Meter(counters.scope("port", port.name(), "tx" + queue.queue(), "offloads")));
        }
        txStages.put(queue, stage);
        return stage;
    }

    private void linkRx(final Section section, final PortEnd queue) {
        Burst inbox = null;
        for (final Wire wire : section.wires()) {
            final PortEnd from = wire.fromPort();
            if (from != null && from.port() == queue.port() && from.covers(queue.queue())) {
                inbox = inboxBehind(section, wire);
            }
        }
        final Counters.Scope scope = counters.scope("port", queue.port().name(), "rx" + queue.queue());
        final Burst polled = polled(inbox);
        final RxStage rx = new RxStage("receive " + queue, queue.port().rx(queue.queue()), polled,
            inbox == null ? polled : inbox, faults, scope.drops(Drops.FAULT), new BurstSizes(scope, burst));
        program.source(inbox != null ? rx : new UnreadStage(rx, polled,
            new DropPoint(queue.rxName(), "receive " + queue, Drops.UNREAD, scope)), new Meter(scope));
    }

    private void linkArrival(final Crossing crossing) {
        final Handoff handoff = handoffs.get(crossing);
        final TxStage lane = crossing.lane() == null ? null : txStages.get(crossing.lane());
        program.beginning(() -> handoff.leadsTo(lane == null ? null : lane::isReady));
        final Burst inbox = inboxes.of(crossing.target());
        // A handoff throws nothing, so the sender alone counts.
        final Counters.Scope scope = counters.scope("handoff", crossing.name());
        program.arrival(new RxStage(crossing.toString(), handoff.rx(), polled(inbox), inbox, faults,
            scope.drops(Drops.FAULT), null), new Meter(counters.scope("handoff", crossing.name(), "rx")));
    }

    /** What a queue is polled into: the inbox itself if it has room for one burst only, as nobody else feeds it. */
    private Burst polled(final Burst inbox) {
        return inbox != null && inbox.capacity() == burst ? inbox : new Burst(frames, burst);
    }

    private Burst inboxBehind(final Section section, final Wire wire) {
        final Burst watched = inboxes.of(wire);
        final Crossing departure = departure(section, wire);
        return watched != null ? watched : inboxes.of(departure != null ? departure : wire.end());
    }

    /** Where the packets of a wire leave this worker, or null. */
    private static Crossing departure(final Section section, final Wire wire) {
        for (final Crossing departure : section.departures()) {
            if (departure.wire() == wire) {
                return departure;
            }
        }
        return null;
    }
}
