/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Finds wiring mistakes. One method for each kind, one sentence with the parts and the mend for each finding. */
final class GraphCheck {
    private final Graph graph;

    GraphCheck(final Graph graph) {
        this.graph = Objects.requireNonNull(graph, "which graph?");
    }

    /** Everything that the graph alone shows. */
    void run() {
        isNotEmpty();
        wiresAreWhole();
        queuesExist();
        queuesAreReadOnce();
        outputsAreWiredOnce();
        nodesAreReached();
        NodeNames.of(graph);
        NodeOrder.of(graph);
        workersHaveCpusOfTheirOwn(Placement.of(graph).workers());
    }

    /** What shows only when a data plane is about to run it. */
    void run(final Dataplane dataplane) {
        run();
        final Collection<Port> open = dataplane.ports();
        final Set<Port> wired = graph.ports();
        for (final Port port : wired) {
            if (!open.contains(port)) {
                throw new WiringException("port " + port.name() + " is not open in data plane " + dataplane.name()
                    + ": wire the Port that its open(...) returned");
            }
        }
        for (final Node node : graph.nodes()) {
            if (node.isBound() && !dataplane.runs(node)) {
                throw new WiringException(node + " runs in another graph already: make a second one");
            }
        }
        workersAreFromHere(dataplane);
    }

    /** What is asked of the first graph only: later ones come while ports for the next one are opened. */
    void portsAreWired(final Dataplane dataplane) {
        final Set<Port> wired = graph.ports();
        for (final Port port : dataplane.ports()) {
            if (!wired.contains(port)) {
                throw new WiringException("port " + port.name() + " is open and no wire touches it: "
                    + "wire it with from(port) or to(port), or do not open it");
            }
        }
    }

    private void workersAreFromHere(final Dataplane dataplane) {
        for (final Place place : graph.places()) {
            final Dataplane owner = place.worker().dataplane();
            if (owner != dataplane) {
                throw new WiringException(place.worker() + " belongs to data plane " + owner.name() + ", not to "
                    + dataplane.name() + ": place on what the worker(...) of the latter returned");
            }
        }
    }

    private void isNotEmpty() {
        if (graph.wires().isEmpty()) {
            throw new WiringException("the graph is empty: begin with graph.from(port).to(...)");
        }
    }

    private void wiresAreWhole() {
        for (final Wire wire : graph.wires()) {
            if (!wire.hasTarget()) {
                throw new WiringException("the wire from " + wire.source() + " leads nowhere: end it with .to(...)");
            }
        }
    }

    private void queuesExist() {
        for (final Wire wire : graph.wires()) {
            queueExists(wire.fromPort());
            queueExists(wire.toPort());
        }
    }

    private static void queueExists(final PortEnd end) {
        if (end == null || end.isAll()) {
            return;
        }
        if (end.queue() < 0 || end.queue() >= end.port().queues()) {
            throw noQueue(end);
        }
    }

    static WiringException noQueue(final PortEnd end) {
        final int queues = end.port().queues();
        return new WiringException("port " + end.port().name() + " has no queue " + end.queue() + ": it has "
            + (queues == 1 ? "one, queue 0" : queues + ", queues 0 to " + (queues - 1)));
    }

    private void queuesAreReadOnce() {
        final Map<PortEnd, Wire> readers = new HashMap<>();
        for (final Wire wire : graph.wires()) {
            final PortEnd end = wire.fromPort();
            for (int q = end == null ? 0 : end.firstQueue(); end != null && q <= end.lastQueue(); q++) {
                final Wire other = readers.putIfAbsent(new PortEnd(end.port(), q), wire);
                if (other != null) {
                    throw new WiringException("queue " + q + " of port " + end.port().name() + " is read twice, by "
                        + other.target() + " and by " + wire.target() + ": read it once, into a node that splits");
                }
            }
        }
    }

    private void outputsAreWiredOnce() {
        final Map<Output, Wire> wired = new HashMap<>();
        for (final Wire wire : graph.wires()) {
            final Wire other = wire.fromOutput() == null ? null : wired.putIfAbsent(wire.fromOutput(), wire);
            if (other != null) {
                throw new WiringException(wire.source() + " is wired twice, to " + other.target() + " and to "
                    + wire.target() + ": an output leads to one place; give the node a second output");
            }
        }
    }

    private void nodesAreReached() {
        final Set<Node> reached = new HashSet<>();
        for (final Wire wire : graph.wires()) {
            if (wire.toNode() != null) {
                reached.add(wire.toNode());
            }
        }
        for (final Wire wire : graph.wires()) {
            if (wire.fromOutput() != null && !reached.contains(wire.fromOutput().node())) {
                throw new WiringException(wire.source() + " is wired, but nothing leads to the node: "
                    + "add from(...).to(" + wire.fromOutput().node().name() + ")");
            }
        }
    }

    private static void workersHaveCpusOfTheirOwn(final Collection<Worker> workers) {
        final Map<Integer, Worker> byCpu = new HashMap<>();
        for (final Worker worker : workers) {
            final Worker other = worker.isPinned() ? byCpu.putIfAbsent(worker.cpu(), worker) : null;
            if (other != null) {
                throw new WiringException(other + " and " + worker + " are both pinned to CPU " + worker.cpu()
                    + ": a worker needs one of its own; give one of them another CPU, or none");
            }
        }
    }

    static WiringException cycle(final List<String> path) {
        return new WiringException("the wires form a cycle, in which packets would go round for ever: "
            + String.join(" -> ", path) + ": take one of these wires out");
    }
}
