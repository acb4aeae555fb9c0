/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.pipeline.GraphView;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CounterMetricsTest {
    private final Counters counters = Counters.inMemory();
    private final CounterMetrics metrics = new CounterMetrics(counters);

    @AfterEach
    void close() {
        counters.close();
    }

    private void count(final long value, final String name, final String... path) {
        counters.scope(path).counter(name).add(value);
    }

    /** What Prometheus reads, without the lines of types and helps. */
    private List<String> samples() throws IOException {
        return text().lines().filter(line -> !line.startsWith("#")).toList();
    }

    private String text() throws IOException {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        OpenMetricsTextFormatWriter.create().write(out, metrics.collect());
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldGiveEveryKindOfCounterANameAndLabels() throws IOException {
        count(1, "packets", "port", "vm0", "rx0");
        count(2, "bytes", "port", "vm0", "rx0");
        count(3, "packets", "port", "vm0", "tx1");
        count(4, "bytes", "port", "vm0", "tx1");
        count(5, "kicks", "port", "vm0", "tx1");
        count(6, "link-changes", "port", "vm0");
        count(7, "no-such-request", "port", "vm0", "session", "broken");
        count(8, "cycles", "worker", "core");
        count(9, "busy-cycles", "worker", "core");
        count(10, "packets", "worker", "core");
        count(11, "woken", "worker", "core");
        count(12, "packets", "node", "nat");
        count(13, "learned", "node", "nat");
        count(14, "packets", "handoff", "vm0-nat");
        count(15, "bursts", "handoff", "vm0-nat");
        count(16, "elsewhere", "some", "thing");
        counters.scope("port", "vm0", "tx1").drops(DropReason.RING_FULL).add(17);
        counters.scope("node", "nat", "out", "a").drops(DropReason.UNCONNECTED).add(18);
        count(2_500_000_000L, "sampled-ns", "node", "nat");
        count(19, "sampled-packets", "node", "nat");
        count(20, "packets", "node", "nat", "out", "a");
        count(21, "fdb-size", "node", "nat");
        count(22, "swaps", "dataplane");
        assertEquals(List.of(
            "millrace_counter_total{name=\"some/thing/elsewhere\"} 16.0",
            "millrace_drops_total{reason=\"ring-full\",where=\"port/vm0/tx1\"} 17.0",
            "millrace_drops_total{reason=\"unconnected\",where=\"node/nat/out/a\"} 18.0",
            "millrace_graph_swaps_total 22.0",
            "millrace_handoff_bursts_total{handoff=\"vm0-nat\"} 15.0",
            "millrace_handoff_packets_total{handoff=\"vm0-nat\"} 14.0",
            "millrace_node_entries{node=\"nat\",table=\"fdb\"} 21.0",
            "millrace_node_events_total{event=\"learned\",node=\"nat\"} 13.0",
            "millrace_node_output_packets_total{node=\"nat\",output=\"a\"} 20.0",
            "millrace_node_packets_total{node=\"nat\"} 12.0",
            "millrace_node_sampled_packets_total{node=\"nat\"} 19.0",
            "millrace_node_sampled_seconds_total{node=\"nat\"} 2.5",
            "millrace_port_events_total{event=\"link-changes\",port=\"vm0\"} 6.0",
            "millrace_port_events_total{event=\"session/broken/no-such-request\",port=\"vm0\"} 7.0",
            "millrace_port_queue_events_total{direction=\"tx\",event=\"kicks\",port=\"vm0\",queue=\"1\"} 5.0",
            "millrace_port_rx_bytes_total{port=\"vm0\",queue=\"0\"} 2.0",
            "millrace_port_rx_packets_total{port=\"vm0\",queue=\"0\"} 1.0",
            "millrace_port_tx_bytes_total{port=\"vm0\",queue=\"1\"} 4.0",
            "millrace_port_tx_packets_total{port=\"vm0\",queue=\"1\"} 3.0",
            "millrace_worker_busy_cycles_total{worker=\"core\"} 9.0",
            "millrace_worker_cycles_total{worker=\"core\"} 8.0",
            "millrace_worker_events_total{event=\"woken\",worker=\"core\"} 11.0",
            "millrace_worker_packets_total{worker=\"core\"} 10.0"), samples());
    }

    @Test
    void shouldMakeAHistogramOfTheSizesOfBursts() throws IOException {
        count(100, "packets", "port", "vm0", "rx0");
        count(40, "bursts-1", "port", "vm0", "rx0");
        count(20, "bursts-2-3", "port", "vm0", "rx0");
        count(2, "bursts-8-15", "port", "vm0", "rx0");
        assertTrue(samples().containsAll(List.of(
            "millrace_port_rx_burst_packets_bucket{port=\"vm0\",queue=\"0\",le=\"1.0\"} 40",
            "millrace_port_rx_burst_packets_bucket{port=\"vm0\",queue=\"0\",le=\"3.0\"} 60",
            "millrace_port_rx_burst_packets_bucket{port=\"vm0\",queue=\"0\",le=\"15.0\"} 62",
            "millrace_port_rx_burst_packets_bucket{port=\"vm0\",queue=\"0\",le=\"+Inf\"} 62",
            "millrace_port_rx_burst_packets_count{port=\"vm0\",queue=\"0\"} 62",
            "millrace_port_rx_burst_packets_sum{port=\"vm0\",queue=\"0\"} 100.0")), text());
    }

    @Test
    void shouldShowWhatMayShrinkAsAGauge() throws IOException {
        count(-1, "lost", "port", "sink", "verify");
        assertEquals(List.of("millrace_port_verify_packets{finding=\"lost\",port=\"sink\"} -1.0"), samples());
        assertTrue(text().contains("# TYPE millrace_port_verify_packets gauge"), text());
    }

    @Test
    void shouldEscapeWhatUsersNamed() throws IOException {
        count(1, "packets", "port", "a\"b\\c", "rx0");
        assertEquals(List.of("millrace_port_rx_packets_total{port=\"a\\\"b\\\\c\",queue=\"0\"} 1.0"), samples());
    }

    @Test
    void shouldNotTakeLostCopiesForDrops() throws IOException {
        counters.scope("multicast", "edge", "to", "capture", "core").drops(DropReason.RING_FULL).add(3);
        assertEquals("millrace_multicast_lost_total{multicast=\"edge\",reason=\"ring-full\",subscriber=\"capture\","
            + "worker=\"core\"} 3.0", samples().get(0));
    }

    @Test
    void shouldNotLetAnEstimateShrink() throws IOException {
        final long[] busyNs = {3_000_000_000L};
        final ViewMetrics view = new ViewMetrics(() -> new GraphView("lab", 1, 0, List.of(
            new GraphView.WorkerView("core", 0, 1, 1, 1, busyNs[0], 4_000_000_000L)), List.of(), List.of(), List.of()));
        for (int look = 0; look < 2; look++) {
            final ByteArrayOutputStream out = new ByteArrayOutputStream();
            OpenMetricsTextFormatWriter.create().write(out, view.collect());
            final String text = out.toString(StandardCharsets.UTF_8);
            assertTrue(text.contains("millrace_worker_busy_seconds_total{worker=\"core\"} 3.0\n"), text);
            busyNs[0] = 2_000_000_000L;
        }
    }
}
