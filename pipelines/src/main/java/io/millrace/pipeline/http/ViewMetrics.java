/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.GraphView.NodeView;
import io.millrace.pipeline.GraphView.PortView;
import io.millrace.pipeline.GraphView.WorkerView;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** What no counter tells: states, and time. */
final class ViewMetrics implements MultiCollector {
    private static final double NS_PER_SECOND = 1e9;

    private final Supplier<GraphView> source;
    // By worker: busy time is an estimate, of which a later one can be smaller, and a counter must not shrink.
    private final Map<String, Long> busyNs = new ConcurrentHashMap<>();

    ViewMetrics(final Supplier<GraphView> source) {
        this.source = source;
    }

    @Override
    public MetricSnapshots collect() {
        final GraphView view = source.get();
        final Function<PortView, Labels> port = it -> Labels.of("port", it.name());
        final Function<WorkerView, Labels> worker = it -> Labels.of("worker", it.name());
        final Function<NodeView, Labels> node = it -> Labels.of("node", it.name());
        return MetricSnapshots.of(
            gauge("graph_version", "How many graphs were started or applied so far", List.of(view),
                it -> Labels.of("dataplane", it.name()), GraphView::version),
            gauge("port_up", "Whether packets can pass a port", view.ports(), port,
                it -> it.link().equals("up") ? 1 : 0),
            gauge("node_quarantined", "Whether a node is given nothing because it threw too often", view.nodes(), node,
                it -> it.isQuarantined() ? 1 : 0),
            counter("worker_busy_seconds", "Time a worker spent in passes that received something", view.workers(),
                worker, it -> busyNs.merge(it.name(), it.busyNs(), Math::max) / NS_PER_SECOND),
            counter("worker_running_seconds", "Time since a worker started", view.workers(), worker,
                it -> it.runningNs() / NS_PER_SECOND));
    }

    private static <T> MetricSnapshot gauge(final String metric, final String help, final List<T> things,
                                            final Function<T, Labels> labels, final ToDoubleFunction<T> value) {
        final GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name("millrace_" + metric).help(help);
        things.forEach(it -> gauge.dataPoint(GaugeDataPointSnapshot.builder().labels(labels.apply(it))
            .value(value.applyAsDouble(it)).build()));
        return gauge.build();
    }

    private static <T> MetricSnapshot counter(final String metric, final String help, final List<T> things,
                                              final Function<T, Labels> labels, final ToDoubleFunction<T> value) {
        final CounterSnapshot.Builder counter = CounterSnapshot.builder().name("millrace_" + metric).help(help);
        things.forEach(it -> counter.dataPoint(CounterDataPointSnapshot.builder().labels(labels.apply(it))
            .value(value.applyAsDouble(it)).build()));
        return counter.build();
    }
}
