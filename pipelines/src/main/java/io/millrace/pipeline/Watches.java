/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.Set;
import java.util.function.Function;

/** Takes watches off a graph again, as {@link Graph#watch} puts them there. */
public final class Watches {
    private Watches() {
    }

    /**
     * The same graph without some of its watches: ports, nodes, wires and places are the same ones.
     *
     * @param graph  stays as it is.
     * @param probes who no longer watches: the very objects that {@link Graph#watch} was given.
     */
    public static Graph without(final Graph graph, final Set<? extends Function<? super Worker, ?>> probes) {
        final Graph rest = new Graph();
        graph.wires().forEach(wire -> wire.copyTo(rest));
        graph.places().forEach(place -> rest.place(place.worker(), place.part()));
        for (final Watch watch : graph.watches()) {
            if (!probes.contains(watch.probes())) {
                rest.watch(rest.wire(watch.wire()), watch.probes());
            }
        }
        return rest;
    }
}
