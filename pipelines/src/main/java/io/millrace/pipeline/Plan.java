/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What a data plane changes when it is given another graph ({@link Dataplane#apply}), by the names of the parts.
 * Immutable.
 *
 * <pre>
 * workers   = edge = core
 * ports     = vm0 = vm1  + tap0  - nic
 * nodes     = learning-switch  + filter
 * wires     + vm0-filter + filter.out-learning-switch  - vm0-learning-switch
 * watched   + vm1-learning-switch
 * </pre>
 *
 * @param workers those that run something. One that is removed ends.
 * @param ports   those that a wire touches. One that is removed is closed.
 * @param nodes   one that is kept keeps its state.
 * @param wires   by their names.
 * @param watched wires that somebody looks at.
 * @param moved   the nodes and ports among the kept ones that go to another worker.
 */
public record Plan(Part workers, Part ports, Part nodes, Part wires, Part watched, List<String> moved) {
    /**
     * One kind of parts.
     *
     * @param kept    what was there and will be.
     * @param added   what is new.
     * @param removed what goes.
     */
    public record Part(List<String> kept, List<String> added, List<String> removed) {
        /** Kept is what is the same thing, not what has the same name. */
        private static <T> Part of(final Collection<T> before, final Function<T, String> nameBefore,
                                   final Collection<T> after, final Function<T, String> nameAfter) {
            return new Part(names(before, after::contains, nameBefore),
                names(after, part -> !before.contains(part), nameAfter),
                names(before, part -> !after.contains(part), nameBefore));
        }

        private static <T> List<String> names(final Collection<T> parts, final Predicate<T> which,
                                              final Function<T, String> name) {
            return parts.stream().filter(which).map(name).distinct().toList();
        }

        private boolean isChanged() {
            return !added.isEmpty() || !removed.isEmpty();
        }

        private String text(final boolean isKeptSaid) {
            final StringBuilder text = new StringBuilder();
            if (isKeptSaid) {
                kept.forEach(name -> text.append(" = ").append(name));
            }
            added.forEach(name -> text.append(" + ").append(name));
            removed.forEach(name -> text.append(" - ").append(name));
            return text.toString();
        }
    }

    static Plan of(final Crew crew, final Graph next, final Map<Worker, List<Section>> shares) {
        final Graph graph = crew.graph();
        final Map<Node, String> before = NodeNames.of(graph);
        final Map<Node, String> after = NodeNames.of(next);
        return new Plan(
            Part.of(crew.shares().keySet(), Worker::name, shares.keySet(), Worker::name),
            Part.of(graph.ports(), Port::name, next.ports(), Port::name),
            Part.of(before.keySet(), before::get, after.keySet(), after::get),
            Part.of(WireNames.of(graph).all().values(), name -> name, WireNames.of(next).all().values(), name -> name),
            Part.of(graph.watches(), Watch::wire, next.watches(), Watch::wire),
            moved(crew.shares(), shares, after));
    }

    private static List<String> moved(final Map<Worker, List<Section>> before, final Map<Worker, List<Section>> after,
                                      final Map<Node, String> names) {
        final Set<String> moved = new LinkedHashSet<>();
        after.forEach((worker, share) -> before.forEach((other, othersShare) -> {
            if (other != worker) {
                for (final Section now : share) {
                    for (final Section then : othersShare) {
                        now.nodes().stream().filter(then.nodes()::contains).map(names::get).forEach(moved::add);
                        now.rx().stream().filter(then.rx()::contains).map(end -> end.port().name()).forEach(moved::add);
                        now.tx().stream().filter(then.tx()::contains).map(end -> end.port().name()).forEach(moved::add);
                    }
                }
            }
        }));
        return List.copyOf(moved);
    }

    /** Whether the graph stays as it is. */
    public boolean isEmpty() {
        return !workers.isChanged() && !ports.isChanged() && !nodes.isChanged() && !wires.isChanged()
            && !watched.isChanged() && moved.isEmpty();
    }

    /** A line for each kind of parts: {@code =} is kept, {@code +} added, {@code -} removed. */
    @Override
    public String toString() {
        final List<String> lines = new ArrayList<>();
        lines.add("workers  " + workers.text(true));
        lines.add("ports    " + ports.text(true));
        lines.add("nodes    " + nodes.text(true));
        if (wires.isChanged()) {
            lines.add("wires    " + wires.text(false));
        }
        if (watched.isChanged()) {
            lines.add("watched  " + watched.text(false));
        }
        if (!moved.isEmpty()) {
            lines.add("moved     " + String.join(" ", moved));
        }
        return String.join("\n", lines);
    }
}
