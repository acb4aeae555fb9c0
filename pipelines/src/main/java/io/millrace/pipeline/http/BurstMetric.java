/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many packets came at a time: the counters {@code port/NAME/rx0/bursts-1}, {@code bursts-2-3} and so on of one
 * queue are the buckets of one histogram.
 */
final class BurstMetric {
    private static final Pattern BUCKET = Pattern.compile("port/([^/]+)/rx(\\d+)/bursts-(?:\\d+-)?(\\d+)");

    private BurstMetric() {
    }

    /** Takes these counters out of {@code left}. Nothing, if there are none. */
    static Optional<MetricSnapshot> takenFrom(final Map<String, Long> left) {
        // By queue: how many bursts there were of at most so many packets and of more than the bucket before.
        final Map<Labels, SortedMap<Integer, Long>> queues = new LinkedHashMap<>();
        left.entrySet().removeIf(entry -> {
            final Matcher bucket = BUCKET.matcher(entry.getKey());
            if (bucket.matches()) {
                queues.computeIfAbsent(Labels.of("port", bucket.group(1), "queue", bucket.group(2)),
                    queue -> new TreeMap<>()).put(Integer.valueOf(bucket.group(3)), entry.getValue());
            }
            return bucket.matches();
        });
        if (queues.isEmpty()) {
            return Optional.empty();
        }
        final HistogramSnapshot.Builder metric = HistogramSnapshot.builder().name("millrace_port_rx_burst_packets")
            .help("How many packets came from a queue at a time");
        queues.forEach((queue, buckets) -> metric.dataPoint(point(queue, buckets,
            left.getOrDefault("port/" + queue.get("port") + "/rx" + queue.get("queue") + "/packets", 0L))));
        return Optional.of(metric.build());
    }

    private static HistogramDataPointSnapshot point(final Labels queue, final SortedMap<Integer, Long> bursts,
                                                    final long packets) {
        final ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
        bursts.forEach(buckets::bucket);
        buckets.bucket(Double.POSITIVE_INFINITY, 0);
        return HistogramDataPointSnapshot.builder().labels(queue).classicHistogramBuckets(buckets.build()).sum(packets)
            .build();
    }
}
