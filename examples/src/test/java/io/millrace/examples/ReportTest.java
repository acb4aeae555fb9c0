/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ReportTest {
    private static final Map<String, Long> COUNTERS = new TreeMap<>(Map.of(
        "port/a/rx0/packets", 1000L, "port/a/rx0/bytes", 64_000L, "port/a/tx0/packets", 10L,
        "port/a/tx0/bytes", 640L, "port/a/tx0/drop/ring-full", 990L));

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    /** Of 1, 2, ... 999 microseconds, and three seconds. */
    private static Optional<Latencies> latencies(final long untimed, final long skipped) {
        final Histogram histogram = new Histogram(3);
        for (int i = 1; i < 1000; i++) {
            histogram.recordValue(i * 1000L);
        }
        histogram.recordValue(3_000_000_000L);
        return Optional.of(new Latencies(histogram, untimed, skipped));
    }

    @Test
    void shouldSayWhatTheLatenciesLack() {
        assertTrue(latencies(7, 5).orElseThrow().toString().endsWith("of 1000 packets; 7 carry no time of this machine;"
            + " 5 were due and not sent: the sender was held up"));
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldPrintAQueueALineAndEveryDropByName() {
        new Report(out, false).totals(1, 7, COUNTERS, Optional.of(new Outcome(true, "OK: fine", latencies(0, 0))));
        assertEquals(List.of("port queue rx packets rx bytes tx packets tx bytes", "a 0 1000 64000 10 640",
            "drop port/a/tx0 ring-full 990",
            "latency p50 500.2 us p90 900.1 us p99 990.2 us p99.9 999.4 us max 3.00 s of 1000 packets", "OK: fine"),
            text().lines().map(line -> line.trim().replaceAll(" +", " ")).toList());
    }

    @Test
    void shouldPrintEveryCounterThatCounted() {
        new Report(out, false).counters(Map.of("port/a/tx0/calls-suppressed", 12L, "port/a/rx0/chains", 3L,
            "port/a/rx0/calls", 0L));
        assertEquals(List.of("port/a/rx0/chains 3", "port/a/tx0/calls-suppressed 12"),
            text().lines().map(line -> line.replaceAll(" +", " ")).toList());
    }

    @Test
    void shouldSayThatThereWereNoDrops() {
        new Report(out, false).totals(1, 7, Map.of(), Optional.empty());
        assertEquals("no drops", text().lines().skip(1).findFirst().orElseThrow());
    }

    @Test
    void shouldPrintTotalsAsOneJsonObject() {
        new Report(out, true).totals(1.5, 7, COUNTERS, Optional.of(new Outcome(false, "a \"b\"",
            latencies(7, 5))));
        final Map<String, Object> object = JsonText.object(text());
        assertEquals(7L, object.get("pid"));
        assertEquals(1.5, object.get("seconds"));
        assertEquals(Map.of("a", List.of(Map.of("queue", 0L, "rxPackets", 1000L, "rxBytes", 64_000L,
            "txPackets", 10L, "txBytes", 640L))), object.get("ports"));
        assertEquals(List.of(Map.of("where", "port/a/tx0", "reason", "ring-full", "packets", 990L)),
            object.get("drops"));
        assertEquals(Map.of("ok", false, "text", "a \"b\""), object.get("verdict"));
        assertEquals(Map.of("packets", 1000L, "p50Ns", 500_223L, "p90Ns", 900_095L, "p99Ns", 990_207L,
            "p999Ns", 999_423L, "maxNs", 3_001_024_511L, "untimed", 7L, "skipped", 5L), object.get("latency"));
        assertEquals(COUNTERS, object.get("counters"));
    }

    @Test
    void shouldPrintRatesSinceTheLastTime() {
        final Report report = new Report(out, true);
        report.start(Map.of("port/a/rx0/packets", 500L));
        report.rates(0.5, COUNTERS, Optional.empty());
        final Map<?, ?> ports = (Map<?, ?>) JsonText.object(text()).get("ports");
        assertEquals(1000L, ((Map<?, ?>) ports.get("a")).get("rxPacketsPerSecond"));
        assertEquals(1980L, JsonText.object(text()).get("droppedPerSecond"));
    }
}
