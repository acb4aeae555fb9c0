/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.millrace.Counters;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * All counters as metrics, each in the first {@link Family} that it fits; how many packets came at a time is a
 * {@link BurstMetric}. There are no more series than {@link Counters} has room for.
 */
final class CounterMetrics implements MultiCollector {
    private final Counters counters;

    CounterMetrics(final Counters counters) {
        this.counters = counters;
    }

    @Override
    public MetricSnapshots collect() {
        final Map<String, Long> left = new LinkedHashMap<>(counters.snapshot());
        final MetricSnapshots.Builder metrics = MetricSnapshots.builder();
        BurstMetric.takenFrom(left).ifPresent(metrics::metricSnapshot);
        for (final Family family : Family.ALL) {
            final Map<Labels, Double> points = takenFrom(left, family);
            if (!points.isEmpty()) {
                metrics.metricSnapshot(family.grows() ? counter(family, points) : gauge(family, points));
            }
        }
        return metrics.build();
    }

    private static Map<Labels, Double> takenFrom(final Map<String, Long> left, final Family family) {
        final Map<Labels, Double> points = new LinkedHashMap<>();
        left.entrySet().removeIf(entry -> {
            final Optional<Labels> labels = family.labelsOf(entry.getKey());
            labels.ifPresent(found -> points.put(found, entry.getValue() / family.unit()));
            return labels.isPresent();
        });
        return points;
    }

    private static MetricSnapshot counter(final Family family, final Map<Labels, Double> points) {
        final CounterSnapshot.Builder counter = CounterSnapshot.builder().name(family.metric()).help(family.help());
        points.forEach((labels, value) -> counter.dataPoint(
            CounterDataPointSnapshot.builder().labels(labels).value(value).build()));
        return counter.build();
    }

    private static MetricSnapshot gauge(final Family family, final Map<Labels, Double> points) {
        final GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(family.metric()).help(family.help());
        points.forEach((labels, value) -> gauge.dataPoint(
            GaugeDataPointSnapshot.builder().labels(labels).value(value).build()));
        return gauge.build();
    }
}
