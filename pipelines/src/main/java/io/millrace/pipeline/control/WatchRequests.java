/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ConfigurationException;
import io.millrace.pipeline.Balance;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.filter.PacketFilter;
import io.millrace.pipeline.multicast.Capture;
import io.millrace.pipeline.multicast.Captures;
import io.millrace.pipeline.multicast.Trace;
import io.millrace.pipeline.multicast.Tracer;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The requests that watch packets of the running graph and move its queues. Each is a swap of the graph, and what a
 * client switched on ends with it.
 *
 * <p>Thread safety: all methods from any thread.
 */
final class WatchRequests {
    private static final int MOST_TRACES = 100;
    private static final int MOST_SECONDS = 3600;

    private final Dataplane dataplane;
    private final Captures captures;
    private final Set<String> names = ConcurrentHashMap.newKeySet();
    private final Map<String, Capture> started = new ConcurrentHashMap<>();

    WatchRequests(final Dataplane dataplane) {
        this.dataplane = dataplane;
        captures = new Captures(dataplane);
    }

    void addTo(final Map<String, Request> table) {
        table.put("trace", new Request("the ways of the next packets that pass a pcap filter",
            List.of("filter", "count", "seconds"), this::trace));
        table.put("capture", new Request("writes packets of wires to a pcapng file until the client goes",
            List.of("file", "wires", "filter", "count", "snap"), this::capture));
        table.put("capture-state", new Request("what a capture has written so far", List.of("name"), this::state));
        table.put("balance", new Request("who should serve which queues, by what they cost; moves them if told",
            List.of("seconds", "apply"), this::balance));
    }

    private List<Trace> trace(final Call call) {
        final PacketFilter filter = PacketFilter.compile(call.text("filter").orElse(""));
        final int count = (int) call.whole("count", 1, MOST_TRACES).orElse(1);
        final long seconds = call.whole("seconds", 1, MOST_SECONDS).orElse(10);
        final AtomicReference<Thread> tracing = new AtomicReference<>(Thread.currentThread());
        // A client that goes does not want to know any more; the thread may be at something else by then.
        call.closeWithClient(() -> tracing.updateAndGet(thread -> {
            if (thread != null) {
                thread.interrupt();
            }
            return null;
        }));
        try {
            return Tracer.of(dataplane).filter(filter).count(count).timeout(Duration.ofSeconds(seconds)).run();
        } finally {
            tracing.set(null);
        }
    }

    private Requests.CaptureState capture(final Call call) {
        final Path file = file(call.needText("file"));
        final PacketFilter filter = PacketFilter.compile(call.text("filter").orElse(""));
        final long count = call.whole("count", 1, Long.MAX_VALUE).orElse(Long.MAX_VALUE);
        final int snap = (int) call.whole("snap", 1, 1 << 16).orElse(1 << 16);
        final List<String> wires = call.text("wires").map(text -> List.of(text.split(","))).orElse(List.of());
        final String name = freeName();
        try {
            final Capture capture = captures.start(name, wires, filter, how -> how.to(file).count(count).snap(snap));
            started.put(name, capture);
            call.closeWithClient(() -> {
                capture.close();
                started.remove(name);
                names.remove(name);
            });
            return state(name, capture);
        } catch (final RuntimeException e) {
            names.remove(name);
            throw e;
        }
    }

    /** Names are used again, for the counters that carry them stay. */
    private String freeName() {
        int number = 1;
        while (!names.add("capture-" + number)) {
            number++;
        }
        return "capture-" + number;
    }

    private static Path file(final String name) {
        // The process that writes it has another working folder than the one that asks.
        if (!name.startsWith("/") || name.indexOf(0) >= 0) {
            throw new ConfigurationException("the file " + Protocol.excerpt(name)
                + " cannot be: name it from the root folder on");
        }
        return Path.of(name);
    }

    private Requests.CaptureState state(final Call call) {
        final String name = call.needText("name");
        final Capture capture = started.get(name);
        if (capture == null) {
            throw new ConfigurationException("there is no capture " + name + ": there are " + started.keySet());
        }
        return state(name, capture);
    }

    private static Requests.CaptureState state(final String name, final Capture capture) {
        return new Requests.CaptureState(name, capture.packets(), capture.lost(), capture.isDone(),
            capture.failure() == null ? "" : capture.failure());
    }

    private Requests.BalanceState balance(final Call call) {
        final long seconds = call.whole("seconds", 1, MOST_SECONDS).orElse(5);
        final boolean isToApply = call.is("apply");
        final Balance balance = dataplane.balance(Duration.ofSeconds(seconds));
        if (isToApply && balance.isWorthwhile()) {
            dataplane.apply(balance);
        }
        return new Requests.BalanceState(balance.toString(), balance.busiestBefore(), balance.busiestAfter(),
            balance.isWorthwhile(), isToApply && balance.isWorthwhile());
    }
}
