/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Counters;
import io.millrace.Port;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;

/** Draws a {@link GraphView} from what a crew runs and what was counted. */
final class ViewMaker {
    private final String name;
    private final Graph graph;
    private final long version;
    private final Map<Worker, List<Section>> shares;
    private final WireNames wires;
    private final OffloadPlan plan;
    private final SortedMap<String, Long> counters;
    private final Map<PortEnd, Worker> receivers = new HashMap<>();
    private final Map<PortEnd, Worker> transmitters = new HashMap<>();
    private final Map<Node, Worker> runners = new LinkedHashMap<>();

    ViewMaker(final String name, final Crew crew, final Counters counters) {
        this.name = name;
        // Before the rest: of a swap that comes in between, the next view tells.
        version = crew.version();
        shares = crew.shares();
        graph = crew.graph();
        wires = WireNames.of(graph);
        plan = OffloadPlan.of(graph);
        this.counters = counters.snapshot();
        shares.forEach((worker, share) -> share.forEach(section -> {
            section.rx().forEach(queue -> receivers.put(queue, worker));
            section.tx().forEach(queue -> transmitters.put(queue, worker));
            section.nodes().forEach(node -> runners.put(node, worker));
        }));
    }

    GraphView view() {
        final List<GraphView.NodeView> nodes = new ArrayList<>();
        for (final Node node : NodeOrder.of(graph)) {
            nodes.add(node(node));
        }
        return new GraphView(name, version, System.nanoTime(), shares.keySet().stream().map(this::worker).toList(),
            graph.ports().stream().sorted((a, b) -> Integer.compare(a.id(), b.id())).map(this::port).toList(), nodes,
            wires.all().keySet().stream().map(this::wire).toList());
    }

    private GraphView.WorkerView worker(final Worker worker) {
        final String path = "worker/" + worker.name() + '/';
        final long busyPasses = count(path + "busy-cycles");
        final long sampled = count(path + "sampled-busy-cycles");
        final double busyNs = sampled == 0 ? 0 : (double) count(path + "sampled-busy-ns") / sampled * busyPasses;
        return new GraphView.WorkerView(worker.name(), worker.cpu(), count(path + "cycles"), busyPasses,
            count(path + "packets"), (long) busyNs, worker.runningNs());
    }

    private GraphView.PortView port(final Port port) {
        final List<GraphView.QueueView> rx = new ArrayList<>();
        final List<GraphView.QueueView> tx = new ArrayList<>();
        for (int q = 0; q < port.queues(); q++) {
            final PortEnd queue = new PortEnd(port, q);
            rx.add(queue("port/" + port.name() + "/rx" + q + '/', q, receivers.get(queue)));
            tx.add(queue("port/" + port.name() + "/tx" + q + '/', q, transmitters.get(queue)));
        }
        return new GraphView.PortView(port.name(), port.id(), port.link().name().toLowerCase(Locale.ROOT),
            plan.view(port), rx, tx);
    }

    private GraphView.QueueView queue(final String path, final int number, final Worker worker) {
        return new GraphView.QueueView(number, nameOf(worker), count(path + "packets"), count(path + "bytes"),
            sum(path, "/drop/"), count(path + "sampled-ns"), count(path + "sampled-packets"));
    }

    private GraphView.NodeView node(final Node node) {
        final String path = "node/" + node.name() + '/';
        return new GraphView.NodeView(node.name(), node.getClass().getSimpleName(), nameOf(runners.get(node)),
            count(path + "packets"), sum(path, "/drop/"), count(path + "sampled-ns"),
            count(path + "sampled-packets"), node.isQuarantined());
    }

    private GraphView.WireView wire(final Wire wire) {
        long drops = 0;
        for (final List<Section> share : shares.values()) {
            for (final Section section : share) {
                for (final Crossing crossing : section.departures()) {
                    drops += crossing.wire() == wire ? sum("handoff/" + crossing.name() + '/', "/drop/") : 0;
                }
            }
        }
        return new GraphView.WireView(wires.of(wire), from(wire), to(wire), packets(wire), drops);
    }

    private long packets(final Wire wire) {
        if (wire.fromOutput() != null) {
            return count("node/" + wire.fromOutput().node().name() + "/out/" + wire.fromOutput().name() + "/packets");
        }
        long packets = 0;
        for (int q = wire.fromPort().firstQueue(); q <= wire.fromPort().lastQueue(); q++) {
            packets += count("port/" + wire.fromPort().port().name() + "/rx" + q + "/packets");
        }
        return packets;
    }

    private GraphView.End from(final Wire wire) {
        if (wire.fromOutput() != null) {
            final Node node = wire.fromOutput().node();
            return new GraphView.End(node.name(), false, wire.fromOutput().name(), PortEnd.ALL,
                nameOf(runners.get(node)));
        }
        return end(wire.fromPort(), receivers);
    }

    private GraphView.End to(final Wire wire) {
        if (wire.toNode() != null) {
            return new GraphView.End(wire.toNode().name(), false, "", PortEnd.ALL, nameOf(runners.get(wire.toNode())));
        }
        return end(wire.toPort(), transmitters);
    }

    private static GraphView.End end(final PortEnd end, final Map<PortEnd, Worker> workers) {
        Worker only = workers.get(new PortEnd(end.port(), end.firstQueue()));
        for (int q = end.firstQueue(); q <= end.lastQueue(); q++) {
            only = workers.get(new PortEnd(end.port(), q)) == only ? only : null;
        }
        return new GraphView.End(end.port().name(), true, "", end.queue(), nameOf(only));
    }

    private static String nameOf(final Worker worker) {
        return worker == null ? "" : worker.name();
    }

    private long count(final String counter) {
        return counters.getOrDefault(counter, 0L);
    }

    /** All counters that begin with {@code path} and have {@code part} in the rest. */
    private long sum(final String path, final String part) {
        long sum = 0;
        for (final Map.Entry<String, Long> counter : counters.subMap(path, path + Character.MAX_VALUE).entrySet()) {
            sum += counter.getKey().indexOf(part, path.length() - 1) >= 0 ? counter.getValue() : 0;
        }
        return sum;
    }
}
