/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.pipeline.GraphView;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes a {@link Trace} of what was seen of one packet and its copies. */
final class TraceMaker {
    private final Map<String, GraphView.WireView> wires = new HashMap<>();
    private final Map<String, Long> moved;
    private final boolean isComplete;

    /**
     * For the packets of one trace.
     *
     * @param graph      that ran.
     * @param moved      the drop counters that grew, and by how much.
     * @param isComplete whether no copy was lost.
     */
    TraceMaker(final GraphView graph, final Map<String, Long> moved, final boolean isComplete) {
        graph.wires().forEach(wire -> wires.put(wire.name(), wire));
        this.moved = moved;
        this.isComplete = isComplete;
    }

    /** What a wire saw of the packet. */
    record Sight(String wire, long timeNs, long epochNs, int length, byte[] bytes) {
        static Sight of(final PacketCopy copy) {
            return new Sight(copy.wire(), copy.timeNs(), copy.epochNs(), copy.length(), copy.toBytes());
        }
    }

    Trace make(final int number, final List<Sight> seen) {
        final List<Sight> sights = new ArrayList<>(seen);
        final long startNs = sights.stream().mapToLong(Sight::timeNs).reduce((a, b) -> a - b < 0 ? a : b).orElseThrow();
        // Stable: what one worker saw at the same nanosecond stays in its order.
        sights.sort(Comparator.comparingLong(sight -> sight.timeNs() - startNs));
        final List<Trace.Step> steps = new ArrayList<>();
        for (final Sight sight : sights) {
            final GraphView.WireView wire = wires.get(sight.wire());
            final int parent = parentOf(wire, steps);
            steps.add(new Trace.Step(parent, wire.name(), wire.from(), wire.to(), sight.timeNs() - startNs,
                sight.length(), HexFormat.of().formatHex(sight.bytes()),
                parent < 0 ? List.of() : Differences.of(sights.get(parent).bytes(), sight.bytes())));
        }
        return new Trace(number, steps.get(0).from().part(), sights.get(0).epochNs(), isComplete, List.copyOf(steps),
            ends(steps));
    }

    /** The last step that led to where this wire begins. */
    private static int parentOf(final GraphView.WireView wire, final List<Trace.Step> steps) {
        if (!wire.from().isPort()) {
            for (int at = steps.size() - 1; at >= 0; at--) {
                if (!steps.get(at).to().isPort() && steps.get(at).to().part().equals(wire.from().part())) {
                    return at;
                }
            }
        }
        return -1;
    }

    private List<Trace.End> ends(final List<Trace.Step> steps) {
        final List<Trace.End> ends = new ArrayList<>();
        for (int at = 0; at < steps.size(); at++) {
            final int step = at;
            final GraphView.End to = steps.get(at).to();
            if (steps.stream().noneMatch(other -> other.parent() == step)) {
                final Map<String, Long> drops = new TreeMap<>();
                moved.forEach((counter, growth) -> {
                    if (isAt(counter, to)) {
                        drops.put(counter, growth);
                    }
                });
                ends.add(new Trace.End(at, to.isPort(), Lookout.text(to), drops));
            }
        }
        return ends;
    }

    private static boolean isAt(final String counter, final GraphView.End to) {
        if (to.isPort()) {
            // Which of its queues a packet goes to is not known where there are several.
            return counter.startsWith("port/" + to.part() + "/tx") || isHandoffTo(to.part(), counter);
        }
        return counter.startsWith("node/" + to.part() + '/') || isHandoffTo(to.part(), counter);
    }

    private static boolean isHandoffTo(final String part, final String counter) {
        final String[] path = counter.split("/");
        return path[0].equals("handoff") && (path[1].endsWith('-' + part) || path[1].contains('-' + part + ".tx"));
    }
}
