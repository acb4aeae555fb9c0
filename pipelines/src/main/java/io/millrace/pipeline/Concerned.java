/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Which workers a change of the graph concerns: those that will run something else, and all that exchange packets with
 * them, directly or through others. The rest need not even notice.
 */
final class Concerned {
    private Concerned() {
    }

    /**
     * Works it out.
     *
     * @param crew   that runs.
     * @param next   what is to run.
     * @param shares of it.
     */
    static Set<Worker> by(final Crew crew, final Graph next, final Map<Worker, List<Section>> shares) {
        final Set<Worker> all = new LinkedHashSet<>(crew.shares().keySet());
        all.addAll(shares.keySet());
        final WireNames before = WireNames.of(crew.graph());
        final WireNames after = WireNames.of(next);
        final Set<Worker> concerned = new LinkedHashSet<>();
        for (final Worker worker : all) {
            if (!Objects.equals(contents(crew.shares().get(worker), before), contents(shares.get(worker), after))) {
                concerned.add(worker);
            }
        }
        final List<Crossing> crossings = new ArrayList<>();
        List.of(crew.shares(), shares).forEach(each -> each.values().forEach(
            share -> share.forEach(section -> crossings.addAll(section.departures()))));
        boolean hasGrown = true;
        while (hasGrown) {
            hasGrown = false;
            for (final Crossing crossing : crossings) {
                if (concerned.contains(crossing.from()) || concerned.contains(crossing.to())) {
                    hasGrown |= concerned.add(crossing.from()) | concerned.add(crossing.to());
                }
            }
        }
        return concerned;
    }

    /** What a worker runs, equal for equal parts of different graphs; null if it runs nothing. */
    private static List<Object> contents(final Collection<Section> share, final WireNames wires) {
        if (share == null) {
            return null;
        }
        final List<Object> contents = new ArrayList<>();
        for (final Section section : share) {
            contents.add(section.rx());
            contents.add(section.tx());
            contents.add(section.nodes());
            for (final Wire wire : section.wires()) {
                contents.add(List.of(wire.fromPort() != null ? wire.fromPort() : wire.fromOutput(), wire.end(),
                    wires.watches(wire)));
            }
            section.arrivals().forEach(crossing -> contents.add(List.of(Crew.Route.of(crossing), crossing.target())));
            section.departures().forEach(crossing -> contents.add(Crew.Route.of(crossing)));
        }
        return contents;
    }
}
