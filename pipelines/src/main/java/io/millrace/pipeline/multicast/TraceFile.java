/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Traces as pcapng: each step is a packet on its wire, at its time, with a comment that says which packet it is of and
 * what came of it.
 */
final class TraceFile {
    private final PcapngWriter writer;
    private final Map<String, Integer> interfaces = new HashMap<>();

    TraceFile(final Target target) {
        writer = new PcapngWriter(target);
    }

    /** A step of a trace, and the end if it was the last one on its branch. */
    private record Sight(Trace trace, Trace.Step step, Trace.End end) {
        long epochNs() {
            return trace.epochNs() + step.timeNs();
        }

        String comment() {
            return "packet " + trace.number() + ": " + Lookout.text(step.from()) + " -> "
                + Lookout.text(step.to()) + (end == null ? "" : "; " + TraceText.of(end));
        }
    }

    void write(final Collection<Trace> traces) throws IOException {
        final List<Sight> sights = new ArrayList<>();
        for (final Trace trace : traces) {
            for (int at = 0; at < trace.steps().size(); at++) {
                final int step = at;
                sights.add(new Sight(trace, trace.steps().get(at),
                    trace.ends().stream().filter(end -> end.step() == step).findFirst().orElse(null)));
            }
        }
        sights.sort(Comparator.comparingLong(Sight::epochNs));
        writer.section("Millrace");
        for (final Sight sight : sights) {
            final byte[] bytes = HexFormat.of().parseHex(sight.step().bytes());
            writer.packet(numberOf(sight.step()), sight.epochNs(), sight.step().length(), bytes, sight.comment());
        }
        writer.flush();
    }

    private int numberOf(final Trace.Step step) throws IOException {
        final Integer known = interfaces.get(step.wire());
        if (known != null) {
            return known;
        }
        final int number = writer.addInterface(step.wire(),
            Lookout.text(step.from()) + " -> " + Lookout.text(step.to()), Multicast.DEFAULT_SNAP_BYTES);
        interfaces.put(step.wire(), number);
        return number;
    }
}
