/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.DropProbe;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.Probe;
import io.millrace.pipeline.Watching;
import io.millrace.pipeline.Worker;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Watches wires of a running data plane, or what it drops, from {@link #on} to {@link #off}, whatever graph runs in
 * between.
 *
 * <p>Thread safety: any thread.
 */
final class Lookout {
    private final Dataplane dataplane;
    private Watching watching;
    private boolean isOver;

    Lookout(final Dataplane dataplane) {
        this.dataplane = dataplane;
    }

    /**
     * Watches, unless it was off already.
     *
     * @param names of the wires; none: all.
     * @param maker makes the probe of a worker and a wire.
     * @return the graph that is watched, and its numbers before.
     * @throws io.millrace.pipeline.WiringException if there is no such wire.
     */
    synchronized GraphView on(final Collection<String> names,
                              final BiFunction<Worker, GraphView.WireView, Probe> maker) {
        // Its lock is the one of changes: the wires are those of the view.
        synchronized (dataplane) {
            final Graph graph = dataplane.graph();
            final GraphView view = dataplane.view();
            // Says so if there is no wire of that name.
            names.forEach(graph::wire);
            final Map<String, Function<Worker, Probe>> probes = new LinkedHashMap<>();
            for (final GraphView.WireView wire : view.wires()) {
                if (names.isEmpty() || names.contains(wire.name())) {
                    probes.put(wire.name(), worker -> maker.apply(worker, wire));
                }
            }
            if (!isOver) {
                watching = dataplane.watch(probes);
            }
            return view;
        }
    }

    /** Watches what is dropped, unless it was off already. */
    synchronized void on(final DropProbe.Maker maker) {
        if (!isOver) {
            watching = dataplane.watchDrops(maker);
        }
    }

    /** Ends it. Idempotent; nothing happens if the data plane is closed already. */
    synchronized void off() {
        isOver = true;
        if (watching != null) {
            watching.close();
        }
    }

    /** An end of a wire in words: {@code port vm0}, {@code output port1 of node learning-switch}. */
    static String text(final GraphView.End end) {
        if (end.isPort()) {
            return "port " + end.part() + (end.queue() < 0 ? "" : " queue " + end.queue());
        }
        return (end.output().isEmpty() ? "" : "output " + end.output() + " of ") + "node " + end.part();
    }

    /** A wire in words. */
    static String text(final GraphView.WireView wire) {
        return text(wire.from()) + " -> " + text(wire.to());
    }
}
