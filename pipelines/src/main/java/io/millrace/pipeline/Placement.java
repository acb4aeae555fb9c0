/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import io.millrace.RxQueue;
import io.millrace.TxQueue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which worker runs which part of a graph: what users placed, and where the rest follows.
 *
 * <ol>
 * <li>The receive and the transmit queue of one number stay together, unless both were placed.
 * <li>What is not placed joins the worker of the nearest part that feeds it; among equally near ones, of the one wired
 * first.
 * <li>What no placed part feeds joins the worker of a part that it feeds. Then the second rule goes on from there.
 * <li>A queue that no wire touches joins the other queues of its port.
 * <li>What is connected with no placed part is nobody's here: the data plane finds workers for it.
 * </ol>
 */
final class Placement {
    private final Graph graph;
    private final Map<Node, Worker> nodes = new HashMap<>();
    // By number of the queue pair.
    private final Map<PortEnd, Worker> rx = new HashMap<>();
    private final Map<PortEnd, Worker> tx = new HashMap<>();
    private final Set<Worker> workers = new LinkedHashSet<>();

    private Placement(final Graph graph) {
        this.graph = graph;
    }

    /**
     * Works it out.
     *
     * @throws WiringException if something is placed twice, or is not in the graph.
     */
    static Placement of(final Graph graph) {
        final Placement placement = new Placement(graph);
        graph.places().forEach(placement::place);
        if (!placement.workers.isEmpty()) {
            placement.keepPairsTogether();
            placement.spread();
            placement.takeUntouchedAlong();
        }
        return placement;
    }

    private void place(final Place place) {
        final Worker worker = place.worker();
        workers.add(worker);
        if (place.part() instanceof final Node node) {
            if (!graph.nodes().contains(node)) {
                throw unwired(node.toString(), worker);
            }
            put(nodes, node, worker, node.toString());
        } else if (place.part() instanceof final Port port) {
            if (!graph.ports().contains(port)) {
                throw unwired("port " + port.name(), worker);
            }
            for (int q = 0; q < port.queues(); q++) {
                put(rx, new PortEnd(port, q), worker, "receive queue " + q + " of port " + port.name());
                put(tx, new PortEnd(port, q), worker, "transmit queue " + q + " of port " + port.name());
            }
        } else {
            placeQueue(place.part(), worker);
        }
    }

    private void placeQueue(final Object queue, final Worker worker) {
        boolean isFound = false;
        for (final Port port : graph.ports()) {
            for (int q = 0; q < port.queues(); q++) {
                // One object may be both.
                if (queue instanceof RxQueue && port.rx(q) == queue) {
                    put(rx, new PortEnd(port, q), worker, "receive queue " + q + " of port " + port.name());
                    isFound = true;
                }
                if (queue instanceof TxQueue && port.tx(q) == queue) {
                    put(tx, new PortEnd(port, q), worker, "transmit queue " + q + " of port " + port.name());
                    isFound = true;
                }
            }
        }
        if (!isFound) {
            throw unwired("a " + (queue instanceof RxQueue ? "receive" : "transmit") + " queue", worker);
        }
    }

    private static <T> void put(final Map<T, Worker> where, final T part, final Worker worker, final String name) {
        final Worker other = where.putIfAbsent(part, worker);
        if (other != null && other != worker) {
            throw new WiringException(name + " is placed on " + other + " and on " + worker
                + ": it runs on one, place it once");
        }
    }

    private static WiringException unwired(final String name, final Worker worker) {
        return new WiringException(name + " is placed on " + worker + ", but is no part of the graph: "
            + "wire it, or do not place it");
    }

    private void keepPairsTogether() {
        Map.copyOf(rx).forEach(tx::putIfAbsent);
        Map.copyOf(tx).forEach(rx::putIfAbsent);
    }

    private void spread() {
        boolean hasMoved = true;
        while (hasMoved) {
            hasMoved = step(true) || step(false);
        }
    }

    /** Takes along what is next to something placed: what it feeds, or else what feeds it. */
    private boolean step(final boolean isForward) {
        final Map<Object, Worker> found = new LinkedHashMap<>();
        for (final Wire wire : graph.wires()) {
            final Collection<Object> from = isForward ? sources(wire) : targets(wire);
            final Collection<Object> to = isForward ? targets(wire) : sources(wire);
            for (final Object part : from) {
                final Worker worker = part instanceof Node ? nodes.get(part) : (isForward ? rx : tx).get(part);
                if (worker != null) {
                    to.stream().filter(p -> !nodes.containsKey(p) && !rx.containsKey(p))
                        .forEach(p -> found.putIfAbsent(p, worker));
                    break;
                }
            }
        }
        found.forEach(this::follow);
        return !found.isEmpty();
    }

    private void follow(final Object part, final Worker worker) {
        if (part instanceof final Node node) {
            nodes.put(node, worker);
        } else {
            rx.put((PortEnd) part, worker);
            tx.put((PortEnd) part, worker);
        }
    }

    private static Collection<Object> sources(final Wire wire) {
        return wire.fromOutput() != null ? List.of(wire.fromOutput().node()) : queues(wire.fromPort());
    }

    private static Collection<Object> targets(final Wire wire) {
        if (!wire.hasTarget()) {
            return List.of();
        }
        return wire.toNode() != null ? List.of(wire.toNode()) : queues(wire.toPort());
    }

    private static List<Object> queues(final PortEnd end) {
        final List<Object> queues = new ArrayList<>();
        for (int q = end.firstQueue(); q <= end.lastQueue(); q++) {
            queues.add(new PortEnd(end.port(), q));
        }
        return queues;
    }

    private void takeUntouchedAlong() {
        for (final Port port : graph.ports()) {
            final List<Object> queues = queues(PortEnd.all(port));
            queues.stream().filter(rx::containsKey).findFirst().map(rx::get).ifPresent(worker ->
                queues.stream().filter(queue -> !rx.containsKey(queue)).forEach(queue -> follow(queue, worker)));
        }
    }

    /** The workers that something was placed on, in that order. */
    Set<Worker> workers() {
        return workers;
    }

    /** Who runs a node, or null. */
    Worker of(final Node node) {
        return nodes.get(node);
    }

    /** Who polls a receive queue, or null. */
    Worker rx(final PortEnd queue) {
        return rx.get(queue);
    }

    /** Who fills a transmit queue, or null. */
    Worker tx(final PortEnd queue) {
        return tx.get(queue);
    }
}
