/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.Port;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns components into a {@link Program}: makes the inboxes and connects every output to the inbox behind it.
 *
 * <p>An inbox has room for the most that can arrive in one pass: a burst from each receive queue that feeds it, and
 * from each output as many packets as the inbox of its node has room for. So an emit never has to ask whether there is
 * room.
 */
final class Linker {
    // A graph in which packets can meet again by many ways multiplies the worst case; this is far from any sane one.
    private static final long MAX_INBOX = 1 << 16;

    private final FrameCache frames;
    private final Counters counters;
    private final FaultLog faults;
    private final int burst;
    private final int yielded;
    private final List<Node> nodes = new ArrayList<>();
    private final List<Source> sources = new ArrayList<>();
    private final List<Stage> stages = new ArrayList<>();
    private final Map<Object, Burst> inboxes = new HashMap<>();

    /**
     * A linker for one worker.
     *
     * @param burst   the most packets taken from a queue at a time.
     * @param yielded the offloads that packets of some port may have, see {@link Port#offloads}.
     */
    Linker(final FrameCache frames, final Counters counters, final FaultLog faults, final int burst,
           final int yielded) {
        this.frames = frames;
        this.counters = counters;
        this.faults = faults;
        this.burst = burst;
        this.yielded = yielded;
    }

    /** Links. The nodes are bound to their names already. */
    Program link(final List<Component> components) {
        for (final Component component : components) {
            link(component);
        }
        return new Program(nodes, sources, stages);
    }

    private void link(final Component component) {
        for (final Node node : component.nodes()) {
            nodes.add(node);
            final Burst inbox = inbox(node, node.toString(), roomFor(component.wires(), node, null));
            stages.add(new NodeStage(node, inbox, faults, counters.scope("node", node.name()).drops(Drops.FAULT)));
        }
        final Map<Port, List<PortEnd>> ports = new LinkedHashMap<>();
        component.queues().forEach(q -> ports.computeIfAbsent(q.port(), p -> new ArrayList<>()).add(q));
        ports.forEach((port, queues) -> linkTx(component, port, queues));
        for (final Wire wire : component.wires()) {
            if (wire.fromOutput() != null) {
                wire.fromOutput().connect(inboxBehind(wire));
            }
        }
        component.queues().forEach(queue -> linkRx(component, queue));
    }

    private void linkTx(final Component component, final Port port, final List<PortEnd> queues) {
        final long toAll = roomFor(component.wires(), null, PortEnd.all(port));
        final List<Stage> checksums = new ArrayList<>();
        final List<TxStage> txStages = new ArrayList<>();
        for (final PortEnd queue : queues) {
            final Burst inbox = inbox(queue, queue.toString(), toAll + roomFor(component.wires(), null, queue));
            final Counters.Scope scope = counters.scope("port", port.name(), "tx" + queue.queue());
            if ((yielded & ~port.offloads()) != 0) {
                checksums.add(new ChecksumStage(frames, inbox, port.offloads(), scope.counter("checksummed"),
                    scope.drops(Drops.OFFLOAD)));
            }
            txStages.add(new TxStage("transmit " + queue, port.tx(queue.queue()), inbox, faults,
                scope.drops(Drops.FAULT), scope.drops(DropReason.RING_FULL)));
        }
        if (toAll > 0 && queues.size() == 1) {
            inboxes.put(PortEnd.all(port), inboxes.get(queues.get(0)));
        } else if (toAll > 0) {
            stages.add(new SpreadStage(inbox(PortEnd.all(port), "port " + port.name(), toAll),
                txStages.toArray(new TxStage[0])));
        }
        stages.addAll(checksums);
        stages.addAll(txStages);
    }

    private void linkRx(final Component component, final PortEnd queue) {
        Burst inbox = null;
        for (final Wire wire : component.wires()) {
            final PortEnd from = wire.fromPort();
            if (from != null && from.port() == queue.port() && from.covers(queue.queue())) {
                inbox = inboxBehind(wire);
            }
        }
        final Counters.Scope scope = counters.scope("port", queue.port().name(), "rx" + queue.queue());
        // Room for one burst only: nobody else feeds it, so it can be polled into.
        final boolean isDirect = inbox != null && inbox.capacity() == burst;
        final Burst polled = isDirect ? inbox : new Burst(frames, burst);
        final RxStage rx = new RxStage("receive " + queue, queue.port().rx(queue.queue()), polled,
            inbox == null ? polled : inbox, faults, scope.drops(Drops.FAULT));
        sources.add(inbox == null ? new UnreadStage(rx, polled, scope.drops(Drops.UNREAD)) : rx);
    }

    private Burst inboxBehind(final Wire wire) {
        return inboxes.get(wire.toNode() != null ? wire.toNode() : wire.toPort());
    }

    private Burst inbox(final Object owner, final String name, final long room) {
        if (room > MAX_INBOX) {
            throw new WiringException("up to " + room + " packets could meet at " + name + " in one pass, more than "
                + MAX_INBOX + ": let fewer outputs lead to the same places, or take a smaller burst than " + burst);
        }
        final Burst inbox = new Burst(frames, (int) Math.max(1, room));
        inboxes.put(owner, inbox);
        return inbox;
    }

    /** The most packets that the wires to one node, or else to exactly that end of a port, bring in one pass. */
    private long roomFor(final List<Wire> wires, final Node node, final PortEnd end) {
        long room = 0;
        for (final Wire wire : wires) {
            if (node != null ? wire.toNode() == node : end.equals(wire.toPort())) {
                room += wire.fromPort() == null
                    ? inboxes.get(wire.fromOutput().node()).capacity()
                    : (long) burst * (wire.fromPort().lastQueue() - wire.fromPort().firstQueue() + 1);
            }
        }
        return room;
    }
}
