/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.filter.PacketFilter;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Follows packets through a data plane that runs: the first ones that pass a filter are marked where they come in, and
 * each wire shows what it saw of them.
 *
 * <pre>{@code
 * Tracer.of(dataplane).filter(PacketFilter.compile("icmp")).count(3).run().forEach(System.out::println);
 * }</pre>
 *
 * <p>All wires are watched for that time, by applying the graph with probes and afterwards without. Several traces may
 * run at the same time; each packet is in one of them. Of each packet the first 256 bytes are kept, and only in these
 * are changes seen.
 *
 * <p>Thread safety: none; each thread makes its own.
 */
public final class Tracer {
    private static final int SLOTS = 1024;
    // All headers, so that many packets on many wires stay a small answer.
    private static final int SNAP_BYTES = 256;
    // Three for each worker.
    private static final int COUNTERS = 512;
    // The longest sleep of a worker that is on a packet's way, some times over.
    private static final long SETTLE_NS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long PARK_NS = 100_000;

    private final Dataplane dataplane;
    private PacketFilter filter = PacketFilter.compile("");
    private int count = 1;
    private Duration timeout = Duration.ofSeconds(10);

    private Tracer(final Dataplane dataplane) {
        this.dataplane = dataplane;
    }

    /** Traces the next packet that comes, for 10 seconds at most, unless said otherwise. */
    public static Tracer of(final Dataplane dataplane) {
        return new Tracer(dataplane);
    }

    /** Only packets that pass it where they come in. */
    public Tracer filter(final PacketFilter which) {
        filter = which;
        return this;
    }

    /** That many packets, 1 to 1000. */
    public Tracer count(final int packets) {
        if (packets < 1 || packets > TraceMarks.MOST) {
            throw new ConfigurationException("a trace of " + packets + " packets cannot be: take 1 to "
                + TraceMarks.MOST);
        }
        count = packets;
        return this;
    }

    /** Ends after that time, however many packets have come. */
    public Tracer timeout(final Duration most) {
        timeout = most;
        return this;
    }

    /**
     * Traces, and returns when the packets have come and are through, when the time is over, or when the thread is
     * interrupted.
     *
     * @return what was seen, by number; fewer traces than wanted, or none, if the packets did not come.
     * @throws IllegalStateException if no graph runs.
     */
    public List<Trace> run() {
        // Counted nowhere else: a trace leaves no counters behind.
        try (Counters own = Counters.inMemory(COUNTERS)) {
            final Multicast multicast = Multicast.create("trace", own, SLOTS, SNAP_BYTES);
            final TraceMarks marks = new TraceMarks(filter, count);
            final Lookout watched = new Lookout(dataplane);
            final Map<String, Long> before = drops();
            final Map<Integer, List<TraceMaker.Sight>> sights = new TreeMap<>();
            final GraphView graph;
            try (Subscription subscription = multicast.subscribe("trace")) {
                try {
                    graph = watched.on(List.of(), (worker, wire) -> multicast.probe(worker, wire.name(), "",
                        wire.from().isPort() ? marks::enter : marks::isOurs));
                    collect(subscription, marks, sights);
                } finally {
                    watched.off();
                }
                final TraceMaker maker = new TraceMaker(graph, moved(before), subscription.lost() == 0);
                final List<Trace> traces = new ArrayList<>();
                sights.forEach((number, seen) -> traces.add(maker.make(number, seen)));
                return traces;
            }
        }
    }

    private void collect(final Subscription subscription, final TraceMarks marks,
                         final Map<Integer, List<TraceMaker.Sight>> sights) {
        final IdleStrategy idle = new BackoffIdleStrategy(1, 1, PARK_NS, PARK_NS);
        final long endNs = System.nanoTime() + timeout.toNanos();
        long lastNs = System.nanoTime();
        while (!Thread.currentThread().isInterrupted()) {
            final PacketCopy copy = subscription.next();
            if (copy != null) {
                sights.computeIfAbsent(marks.number(copy.mark()), number -> new ArrayList<>())
                    .add(TraceMaker.Sight.of(copy));
                lastNs = System.nanoTime();
                continue;
            }
            final long nowNs = System.nanoTime();
            if (nowNs - endNs > 0 || marks.areAllGiven() && nowNs - lastNs > SETTLE_NS) {
                return;
            }
            idle.idle();
        }
    }

    private Map<String, Long> drops() {
        final Map<String, Long> drops = new HashMap<>(dataplane.counters().snapshot());
        // A node may be called drop.
        drops.keySet().removeIf(name -> !name.matches("[^/]+/[^/]+(/.*)?/drop/[^/]+"));
        return drops;
    }

    private Map<String, Long> moved(final Map<String, Long> before) {
        final Map<String, Long> moved = new HashMap<>();
        drops().forEach((name, now) -> {
            final long growth = now - before.getOrDefault(name, 0L);
            if (growth > 0) {
                moved.put(name, growth);
            }
        });
        return moved;
    }
}
