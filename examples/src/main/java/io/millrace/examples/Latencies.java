/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.traffic.Traffic;
import org.HdrHistogram.Histogram;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How long packets were on the way.
 *
 * @param histogram in nanoseconds.
 * @param untimed   packets that it lacks because they carry no time of this machine.
 * @param skipped   packets that it lacks because they were due and could not be made in time.
 */
record Latencies(Histogram histogram, long untimed, long skipped) {
    private static final int DIGITS = 3;
    private static final double[] PERCENTILES = {50, 90, 99, 99.9};

    /** Of no packets. */
    static Latencies none() {
        return new Latencies(new Histogram(DIGITS), 0, 0);
    }

    /** Of what has arrived at {@code receiver}; {@code sender} made it, or is a sink as well and made nothing. */
    static Latencies of(final Traffic receiver, final Traffic sender) {
        return new Latencies(receiver.latency(), receiver.untimed(), sender.skipped());
    }

    /** Both together. */
    Latencies plus(final Latencies other) {
        final Histogram sum = histogram.copy();
        sum.add(other.histogram);
        return new Latencies(sum, untimed + other.untimed, skipped + other.skipped);
    }

    /** The figures by name, for programs. */
    Map<String, Object> figures() {
        final Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("packets", histogram.getTotalCount());
        for (final double percentile : PERCENTILES) {
            figures.put(name(percentile).replace(".", "") + "Ns", histogram.getValueAtPercentile(percentile));
        }
        figures.put("maxNs", histogram.getMaxValue());
        figures.put("untimed", untimed);
        figures.put("skipped", skipped);
        return figures;
    }

    /** One line with the figures, for people. */
    @Override
    public String toString() {
        final StringBuilder line = new StringBuilder("latency");
        for (final double percentile : PERCENTILES) {
            line.append("  ").append(name(percentile)).append(' ')
                .append(time(histogram.getValueAtPercentile(percentile)));
        }
        line.append("  max ").append(time(histogram.getMaxValue()))
            .append("  of ").append(histogram.getTotalCount()).append(" packets");
        if (untimed > 0) {
            line.append("; ").append(untimed).append(" carry no time of this machine");
        }
        if (skipped > 0) {
            line.append("; ").append(skipped).append(" were due and not sent: the sender was held up");
        }
        return line.toString();
    }

    private static String name(final double percentile) {
        return "p" + (percentile == Math.rint(percentile) ? Long.toString((long) percentile) : percentile);
    }

    private static String time(final long ns) {
        if (ns < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f us", ns / 1e3);
        }
        return ns < 1_000_000_000 ? String.format(Locale.ROOT, "%.2f ms", ns / 1e6)
            : String.format(Locale.ROOT, "%.2f s", ns / 1e9);
    }
}
