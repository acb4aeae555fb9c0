/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Puts counters on a screen or on a pipe: as text for people, or as JSON, one object a line, for programs.
 *
 * <p>Thread safety: one thread.
 */
final class Report {
    private static final String ROW = "%-16s %5s %16s %20s %16s %20s%n";

    private final PrintStream out;
    private final boolean isJson;
    private Totals before = Totals.of(Map.of());
    private double beforeSeconds;

    Report(final PrintStream out, final boolean isJson) {
        this.out = out;
        this.isJson = isJson;
    }

    /** Says where counting starts, if that is not at 0. */
    void start(final Map<String, Long> counters) {
        before = Totals.of(counters);
    }

    /**
     * The rates since the last call, a line per port, or one JSON object.
     *
     * @param seconds  since the start.
     * @param progress said instead of the rates of ports, if there.
     */
    void rates(final double seconds, final Map<String, Long> counters, final Optional<String> progress) {
        final Totals now = Totals.of(counters);
        final double elapsed = Math.max(1e-3, seconds - beforeSeconds);
        if (isJson) {
            final Map<String, Object> rates = new LinkedHashMap<>();
            now.ports().keySet().forEach(port -> rates.put(port, rates(now.portSince(before, port), elapsed)));
            final Map<String, Object> line = new LinkedHashMap<>();
            line.put("type", "rates");
            line.put("seconds", rounded(seconds));
            line.put("ports", rates);
            line.put("droppedPerSecond", Math.round((now.dropped() - before.dropped()) / elapsed));
            out.println(Json.write(line));
        } else if (progress.isPresent()) {
            out.printf("%6.0f s  %s%n", seconds, progress.get());
        } else {
            for (final String port : now.ports().keySet()) {
                final Totals.Queue queue = now.portSince(before, port);
                out.printf("%6.0f s  %-16s rx %s  tx %s%n", seconds, port,
                    rate(queue.rxPackets(), queue.rxBytes(), elapsed),
                    rate(queue.txPackets(), queue.txBytes(), elapsed));
            }
            final long dropped = now.dropped() - before.dropped();
            if (dropped > 0) {
                out.printf("%6.0f s  dropped %.0f packets/s%n", seconds, dropped / elapsed);
            }
        }
        out.flush();
        before = now;
        beforeSeconds = seconds;
    }

    /**
     * Everything there is, at the end or on request.
     *
     * @param seconds since the start.
     * @param pid     whose counters these are.
     * @param outcome of a run that checks packets, or empty.
     */
    void totals(final double seconds, final long pid, final Map<String, Long> counters,
        final Optional<Outcome> outcome) {
        final Totals totals = Totals.of(counters);
        if (isJson) {
            final Map<String, Object> object = new LinkedHashMap<>();
            object.put("type", "totals");
            object.put("pid", pid);
            object.put("seconds", rounded(seconds));
            object.put("ports", ports(totals));
            object.put("drops", drops(totals));
            outcome.ifPresent(v -> object.put("verdict", Map.of("ok", v.isGood(), "text", v.text())));
            outcome.flatMap(Outcome::latencies).ifPresent(latencies -> object.put("latency", latencies.figures()));
            object.put("counters", counters);
            out.println(Json.write(object));
        } else {
            text(totals);
            outcome.flatMap(Outcome::latencies).ifPresent(out::println);
            outcome.ifPresent(v -> out.println(v.text()));
        }
        out.flush();
    }

    /** Every counter that is not 0, by name, as text. */
    void counters(final Map<String, Long> counters) {
        new TreeMap<>(counters).forEach((name, value) -> {
            if (value != 0) {
                out.printf("%-59s %16d%n", name, value);
            }
        });
        out.flush();
    }

    private void text(final Totals totals) {
        out.printf(ROW, "port", "queue", "rx packets", "rx bytes", "tx packets", "tx bytes");
        totals.ports().forEach((port, queues) -> queues.forEach((number, queue) -> out.printf(ROW, port, number,
            queue.rxPackets(), queue.rxBytes(), queue.txPackets(), queue.txBytes())));
        if (totals.drops().isEmpty()) {
            out.println("no drops");
        }
        for (final Totals.Drop drop : totals.drops()) {
            out.printf("drop %-34s %-24s %16d%n", drop.where(), drop.reason(), drop.packets());
        }
    }

    private static Map<String, Object> ports(final Totals totals) {
        final Map<String, Object> ports = new LinkedHashMap<>();
        totals.ports().forEach((name, queues) -> ports.put(name, queues(queues)));
        return ports;
    }

    private static List<Object> queues(final SortedMap<Integer, Totals.Queue> queues) {
        final List<Object> list = new ArrayList<>();
        queues.forEach((number, queue) -> {
            final Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("queue", number);
            entry.put("rxPackets", queue.rxPackets());
            entry.put("rxBytes", queue.rxBytes());
            entry.put("txPackets", queue.txPackets());
            entry.put("txBytes", queue.txBytes());
            list.add(entry);
        });
        return list;
    }

    private static List<Object> drops(final Totals totals) {
        final List<Object> list = new ArrayList<>();
        for (final Totals.Drop drop : totals.drops()) {
            final Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("where", drop.where());
            entry.put("reason", drop.reason());
            entry.put("packets", drop.packets());
            list.add(entry);
        }
        return list;
    }

    private static Map<String, Object> rates(final Totals.Queue queue, final double elapsed) {
        final Map<String, Object> rates = new LinkedHashMap<>();
        rates.put("rxPacketsPerSecond", Math.round(queue.rxPackets() / elapsed));
        rates.put("rxBitsPerSecond", Math.round(queue.rxBytes() * 8 / elapsed));
        rates.put("txPacketsPerSecond", Math.round(queue.txPackets() / elapsed));
        rates.put("txBitsPerSecond", Math.round(queue.txBytes() * 8 / elapsed));
        return rates;
    }

    private static String rate(final long packets, final long bytes, final double elapsed) {
        return String.format("%9.4f Mpps %8.3f Gbit/s", packets / elapsed / 1e6, bytes * 8 / elapsed / 1e9);
    }

    private static double rounded(final double seconds) {
        return Math.round(seconds * 1000) / 1000.0;
    }
}
