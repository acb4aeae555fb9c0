/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Which way packets go: from ports, through nodes, to ports. Passive: it does nothing until
 * {@link Dataplane#start(Graph)} compiles it, and may be looked at by {@link #validate} and {@link #toDot} before.
 *
 * <pre>{@code
 * graph.from(vm0).to(bridge);
 * graph.from(bridge.port(vm0.id())).to(vm0);
 * }</pre>
 *
 * <p>Several wires may lead to one node or one port; one wire leaves an output or a receive queue. An output without a
 * wire drops and counts.
 *
 * <p>Thread safety: none; one thread builds it and does not change it after the start.
 */
public final class Graph {
    private final List<Wire> wires = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private final List<Watch> watches = new ArrayList<>();

    /** A graph without wires. */
    public Graph() {
    }

    /** Begins a wire at all receive queues of a port. */
    public Wire from(final Port port) {
        return add(new Wire(this, PortEnd.all(port), null));
    }

    /**
     * Begins a wire at one receive queue of a port.
     *
     * @param port  which port.
     * @param queue 0 to {@link Port#queues()} - 1.
     */
    public Wire from(final Port port, final int queue) {
        return add(new Wire(this, PortEnd.one(port, queue), null));
    }

    /** Begins a wire at an output of a node. */
    public Wire from(final Output output) {
        return add(new Wire(this, null, Objects.requireNonNull(output, "from which output?")));
    }

    /**
     * Says which worker runs what. What nobody places follows: it joins the worker of the nearest part that feeds it,
     * and if none does, of a part that it feeds; the queue pairs of ports stay together unless both queues are placed.
     * Parts that are connected with nothing placed run where they would without any placement.
     *
     * <p>A wire between parts on different workers becomes a queue between these. It keeps the order of packets; what
     * comes when it is full is dropped and counted as {@code handoff/FROM-TO/drop/handoff-full}.
     *
     * <pre>{@code
     * graph.place(dataplane.worker("edge", 2), nic).place(dataplane.worker("core", 3), bridge, vm0, vm1.rx(0));
     * }</pre>
     *
     * @param worker made by {@link Dataplane#worker} of the data plane that is to run this graph.
     * @param parts  nodes, whole ports, and queues as {@link Port#rx} and {@link Port#tx} return them.
     * @return this graph.
     * @throws WiringException if a part is anything else, or there is none.
     */
    public Graph place(final Worker worker, final Object... parts) {
        if (Objects.requireNonNull(parts, "what is placed?").length == 0) {
            throw new WiringException("nothing is placed on " + worker + ": name the nodes, ports or queues");
        }
        places.addAll(Stream.of(parts).map(part -> new Place(worker, part)).toList());
        return this;
    }

    /**
     * Has somebody look at all packets that take a wire, and leaves the packets and their ways as they are. Applied to
     * a data plane that runs ({@link Dataplane#apply}) it begins there and then; a graph without the watch ends it.
     *
     * <pre>{@code
     * Graph watched = dataplane.graph();
     * dataplane.apply(watched.watch(watched.wire("vm0-learning-switch"), worker -> new MyProbe()));
     * }</pre>
     *
     * @param wire   a wire of this graph that leads somewhere.
     * @param probes makes the probe of each worker that the wire begins on, once; a worker whose probe is in the next
     *               graph too, from the same {@code probes}, keeps it.
     * @return this graph.
     * @throws WiringException if the wire is not of this graph.
     */
    public Graph watch(final Wire wire, final Function<? super Worker, ? extends Probe> probes) {
        Objects.requireNonNull(wire, "which wire is watched?");
        Objects.requireNonNull(probes, "who watches?");
        if (!wires.contains(wire) || !wire.hasTarget()) {
            throw new WiringException("the wire from " + wire.source() + " is not a whole wire of this graph: "
                + "watch one that wires() or wire(name) of this very graph returned");
        }
        watches.add(new Watch(wire.name(), probes));
        return this;
    }

    /**
     * The wire of that name.
     *
     * @throws WiringException naming all wires, if there is none.
     */
    public Wire wire(final String name) {
        final Map<Wire, String> names = WireNames.of(this).all();
        for (final Map.Entry<Wire, String> entry : names.entrySet()) {
            if (entry.getValue().equals(name)) {
                return entry.getKey();
            }
        }
        throw new WiringException("there is no wire " + name + ": there are " + String.join(", ", names.values()));
    }

    /** The same wires, places and watches once more, to be changed and applied; ports and nodes are the same ones. */
    public Graph copy() {
        final Graph copy = new Graph();
        wires.forEach(wire -> wire.copyTo(copy));
        copy.places.addAll(places);
        copy.watches.addAll(watches);
        return copy;
    }

    /**
     * Checks everything that can be checked without running it.
     *
     * @throws WiringException naming the first mistake, its parts and its mend.
     */
    public void validate() {
        new GraphCheck(this).run();
    }

    /** The graph in the language of Graphviz: pipe it into {@code dot -Tsvg}. */
    public String toDot() {
        return GraphDot.of(this);
    }

    Wire add(final Wire wire) {
        wires.add(wire);
        return wire;
    }

    /** All wires, in the order in which they were begun. */
    public List<Wire> wires() {
        return Collections.unmodifiableList(wires);
    }

    /** A copy that others watch, too: those of its wires that it has. */
    Graph watchedBy(final Collection<Watch> others) {
        final Graph copy = copy();
        final Collection<String> names = WireNames.of(this).all().values();
        others.stream().filter(watch -> names.contains(watch.wire())).forEach(copy.watches::add);
        return copy;
    }

    List<Watch> watches() {
        return Collections.unmodifiableList(watches);
    }

    List<Place> places() {
        return Collections.unmodifiableList(places);
    }

    /** Every node that some wire touches, in the order in which the wires were made. */
    Set<Node> nodes() {
        final Set<Node> nodes = new LinkedHashSet<>();
        for (final Wire wire : wires) {
            if (wire.fromOutput() != null) {
                nodes.add(wire.fromOutput().node());
            }
            if (wire.toNode() != null) {
                nodes.add(wire.toNode());
            }
        }
        return nodes;
    }

    /** Every port that some wire touches, in the order in which the wires were made. */
    Set<Port> ports() {
        final Set<Port> ports = new LinkedHashSet<>();
        for (final Wire wire : wires) {
            if (wire.fromPort() != null) {
                ports.add(wire.fromPort().port());
            }
            if (wire.toPort() != null) {
                ports.add(wire.toPort().port());
            }
        }
        return ports;
    }
}
