/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import java.util.Locale;
import java.util.StringJoiner;

/**
 * A {@link Trace} for people.
 *
 * <pre>
 * packet 1 came in by port a
 *          0 ns  a-mac-swap      port a -&gt; node mac-swap                64 bytes
 *      45886 ns  mac-swap.out-b  output out of node mac-swap -&gt; port b  64 bytes
 *                at 5: 0b02000000000a -&gt; 0a02000000000b
 *   out by port b
 * </pre>
 */
final class TraceText {
    private static final int MOST_DIGITS = 64;

    private final StringBuilder text = new StringBuilder();
    private final Trace trace;

    TraceText(final Trace trace) {
        this.trace = trace;
        int widest = 0;
        int widestWay = 0;
        for (final Trace.Step step : trace.steps()) {
            widest = Math.max(widest, step.wire().length());
            widestWay = Math.max(widestWay, way(step).length());
        }
        text.append("packet ").append(trace.number()).append(" came in by port ").append(trace.port()).append('\n');
        for (final Trace.Step step : trace.steps()) {
            text.append(String.format(Locale.ROOT, "%10d ns  %-" + widest + "s  %-" + widestWay + "s  %d bytes\n",
                step.timeNs(), step.wire(), way(step), step.length()));
            step.differences().forEach(this::append);
        }
        trace.ends().forEach(this::append);
        if (!trace.isComplete()) {
            text.append("  some steps may be missing: copies were lost\n");
        }
    }

    private static String way(final Trace.Step step) {
        return Lookout.text(step.from()) + " -> " + Lookout.text(step.to());
    }

    private void append(final Trace.Difference difference) {
        text.append(" ".repeat(15)).append("at ").append(difference.offset()).append(": ");
        if (difference.before().isEmpty()) {
            text.append("put in ").append(digits(difference.after()));
        } else if (difference.after().isEmpty()) {
            text.append("taken out ").append(digits(difference.before()));
        } else {
            text.append(digits(difference.before())).append(" -> ").append(digits(difference.after()));
        }
        text.append('\n');
    }

    private static String digits(final String all) {
        return all.length() <= MOST_DIGITS ? all
            : all.substring(0, MOST_DIGITS) + "... (" + all.length() / 2 + " bytes)";
    }

    private void append(final Trace.End end) {
        text.append("  ").append(of(end)).append('\n');
    }

    /** An end in words: {@code ended in node filter; counted meanwhile: node/filter/drop/other-type +1}. */
    static String of(final Trace.End end) {
        final StringJoiner drops = new StringJoiner(", ", "; counted meanwhile: ", "").setEmptyValue("");
        end.drops().forEach((counter, growth) -> drops.add(counter + " +" + growth));
        return (end.isOut() ? "out by " : "ended in ") + end.place() + drops;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
