/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.Port;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Turns what one worker is to run into a {@link Program}: makes the {@link Inboxes} and connects every output to the
 * one behind it. What other workers hand over is polled like a receive queue; what is handed to them is transmitted as
 * if to a port.
 */
final class Linker {
    private final FrameCache frames;
    private final Counters counters;
    private final FaultLog faults;
    private final int burst;
    private final int yielded;
    private final Map<Crossing, Handoff> handoffs;
    private final Inboxes inboxes;
    private final List<Node> nodes = new ArrayList<>();
    private final List<Source> sources = new ArrayList<>();
    private final List<Stage> stages = new ArrayList<>();
    private final Map<PortEnd, TxStage> txStages = new HashMap<>();

    /**
     * A linker for one worker.
     *
     * @param burst    the most packets taken from a queue at a time.
     * @param yielded  the offloads that packets of some port may have, see {@link Port#offloads}.
     * @param handoffs of all workers.
     */
    Linker(final FrameCache frames, final Counters counters, final FaultLog faults, final int burst,
           final int yielded, final Map<Crossing, Handoff> handoffs) {
        this.frames = frames;
        this.counters = counters;
        this.faults = faults;
        this.burst = burst;
        this.yielded = yielded;
        this.handoffs = handoffs;
        inboxes = new Inboxes(frames, burst);
    }

    /** Links. The nodes are bound to their names already. */
    Program link(final List<Section> share) {
        for (final Section section : share) {
            link(section);
        }
        return new Program(nodes, sources, stages);
    }

    private void link(final Section section) {
        for (final Node node : section.nodes()) {
            nodes.add(node);
            final Burst inbox = inboxes.make(node, node.toString(), inboxes.roomFor(section, node));
            stages.add(new NodeStage(node, inbox, faults, counters.scope("node", node.name()).drops(Drops.FAULT)));
        }
        final Set<Port> ports = new LinkedHashSet<>();
        section.tx().forEach(queue -> ports.add(queue.port()));
        for (final Crossing departure : section.departures()) {
            if (departure.lane() != null) {
                ports.add(departure.lane().port());
            } else {
                // Before what this worker transmits itself, so that the other one can begin.
                stages.add(linkDeparture(departure, inboxes.broughtBy(section, departure.wire())));
            }
        }
        ports.forEach(port -> linkTx(section, port));
        for (final Wire wire : section.wires()) {
            if (wire.fromOutput() != null) {
                wire.fromOutput().connect(inboxBehind(section, wire));
            }
        }
        section.rx().forEach(queue -> linkRx(section, queue));
        section.arrivals().forEach(this::linkArrival);
    }

    private TxStage linkDeparture(final Crossing crossing, final long room) {
        final Counters.Scope scope = counters.scope("handoff", crossing.name());
        return new TxStage(crossing.toString(), handoffs.get(crossing).tx(),
            inboxes.make(crossing, crossing.toString(), room), faults, scope.drops(Drops.FAULT),
            scope.drops(Drops.HANDOFF_FULL));
    }

    private void linkTx(final Section section, final Port port) {
        final PortEnd all = PortEnd.all(port);
        final long toAll = inboxes.roomFor(section, all);
        final List<Stage> checksums = new ArrayList<>();
        // By number, on this worker or another, so that every worker spreads flows alike.
        final SortedMap<Integer, TxStage> queues = new TreeMap<>();
        for (final PortEnd queue : section.tx()) {
            if (queue.port() == port) {
                queues.put(queue.queue(), linkQueue(section, queue, toAll, checksums));
            }
        }
        for (final Crossing departure : section.departures()) {
            if (departure.lane() != null && departure.lane().port() == port) {
                queues.put(departure.lane().queue(), linkDeparture(departure, toAll));
            }
        }
        final List<TxStage> inOrder = List.copyOf(queues.values());
        if (toAll > 0 && inOrder.size() == 1) {
            inboxes.share(all, inOrder.get(0).inbox());
        } else if (toAll > 0) {
            stages.add(new SpreadStage(inboxes.make(all, "port " + port.name(), toAll),
                inOrder.toArray(new TxStage[0])));
        }
        stages.addAll(checksums);
        stages.addAll(inOrder);
    }

    private TxStage linkQueue(final Section section, final PortEnd queue, final long toAll,
                              final List<Stage> checksums) {
        final Port port = queue.port();
        final Burst inbox = inboxes.make(queue, queue.toString(), toAll + inboxes.roomFor(section, queue));
        final Counters.Scope scope = counters.scope("port", port.name(), "tx" + queue.queue());
        if ((yielded & ~port.offloads()) != 0) {
            checksums.add(new ChecksumStage(frames, inbox, port.offloads(), scope.counter("checksummed"),
                scope.drops(Drops.OFFLOAD)));
        }
        final TxStage stage = new TxStage("transmit " + queue, port.tx(queue.queue()), inbox, faults,
            scope.drops(Drops.FAULT), scope.drops(DropReason.RING_FULL));
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
            inbox == null ? polled : inbox, faults, scope.drops(Drops.FAULT));
        sources.add(inbox == null ? new UnreadStage(rx, polled, scope.drops(Drops.UNREAD)) : rx);
    }

    private void linkArrival(final Crossing crossing) {
        final Handoff handoff = handoffs.get(crossing);
        if (crossing.lane() != null) {
            handoff.leadsTo(txStages.get(crossing.lane())::isReady);
        }
        final Burst inbox = inboxes.of(crossing.target());
        // A handoff throws nothing, so the sender alone counts.
        sources.add(new RxStage(crossing.toString(), handoff.rx(), polled(inbox), inbox, faults,
            counters.scope("handoff", crossing.name()).drops(Drops.FAULT)));
    }

    /** What a queue is polled into: the inbox itself if it has room for one burst only, as nobody else feeds it. */
    private Burst polled(final Burst inbox) {
        return inbox != null && inbox.capacity() == burst ? inbox : new Burst(frames, burst);
    }

    private Burst inboxBehind(final Section section, final Wire wire) {
        for (final Crossing departure : section.departures()) {
            if (departure.wire() == wire) {
                return inboxes.of(departure);
            }
        }
        return inboxes.of(wire.end());
    }
}
