/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ConfigurationException;
import io.millrace.FramePool;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.filter.PacketFilter;
import io.millrace.pipeline.multicast.Capture;
import io.millrace.pipeline.multicast.CaptureBuilder;
import io.millrace.pipeline.multicast.Captures;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The requests that write packets of the running graph to files. A capture ends with the client that switched it on.
 *
 * <p>Thread safety: all methods from any thread.
 */
final class CaptureRequests {
    // Each has memory of its own for every worker.
    private static final int MOST = 4;
    private static final String NAME = "name";

    private final Captures captures;
    // Guarded by itself. By name, from before its start until it is done and its client gone or through with it.
    private final Map<String, Entry> taken = new TreeMap<>();

    CaptureRequests(final Dataplane dataplane) {
        captures = new Captures(dataplane);
    }

    void addTo(final Map<String, Request> table) {
        table.put("capture", new Request("writes packets of wires, or what is dropped, to a pcapng file",
            List.of("file", "wires", "drops", "filter", "count", "snap"), this::capture));
        table.put("capture-state", new Request("what a capture has written so far", List.of(NAME),
            call -> state(call, capture -> capture)));
        table.put("capture-stop", new Request("ends a capture, and says what it has written", List.of(NAME),
            this::stop));
    }

    private Requests.CaptureState capture(final Call call) {
        final Path file = file(call.needText("file"));
        final PacketFilter filter = PacketFilter.compile(call.text("filter").orElse(""));
        final long count = call.whole("count", 1, Long.MAX_VALUE).orElse(Long.MAX_VALUE);
        final int snap = (int) call.whole("snap", 1, FramePool.JUMBO_CAPACITY).orElse(FramePool.FRAME_CAPACITY);
        final List<String> wires = call.text("wires").map(text -> List.of(text.split(","))).orElse(List.of());
        final boolean isOfDrops = call.is("drops");
        if (isOfDrops && !wires.isEmpty()) {
            throw new ConfigurationException("a capture is either of wires or of drops: start one for each");
        }
        final UnaryOperator<CaptureBuilder> how = builder -> builder.to(file).count(count).snap(snap);
        final Entry entry = new Entry();
        final String name = take(entry);
        try {
            final Capture capture = isOfDrops ? captures.startDrops(name, filter, how)
                : captures.start(name, wires, filter, how);
            entry.capture = capture;
            call.closeWithClient(() -> {
                capture.close();
                entry.isLeft = true;
            });
            return state(name, capture);
        } finally {
            // It did not start, whatever the reason.
            entry.isLeft |= entry.capture == null;
        }
    }

    /** Names are used again, for the counters that carry them stay. */
    private String take(final Entry entry) {
        synchronized (taken) {
            taken.values().removeIf(Entry::isOver);
            for (int number = 1; number <= MOST; number++) {
                if (taken.putIfAbsent("capture-" + number, entry) == null) {
                    return "capture-" + number;
                }
            }
        }
        throw new ConfigurationException(MOST + " captures run already: end one");
    }

    private static Path file(final String name) {
        // The process that writes it has another working folder than the one that asks.
        if (!name.startsWith("/") || name.indexOf(0) >= 0) {
            throw new ConfigurationException("the file " + Protocol.excerpt(name)
                + " cannot be: name it from the root folder on");
        }
        return Path.of(name);
    }

    private Requests.CaptureState stop(final Call call) {
        return state(call, capture -> {
            capture.close();
            return capture;
        });
    }

    private Requests.CaptureState state(final Call call, final Function<Capture, Capture> before) {
        final String name = call.needText(NAME);
        final Capture capture;
        synchronized (taken) {
            taken.values().removeIf(Entry::isOver);
            final Entry entry = taken.get(name);
            if (entry == null || entry.capture == null) {
                throw new ConfigurationException("there is no capture " + Protocol.excerpt(name) + ": there are "
                    + taken.keySet());
            }
            capture = entry.capture;
        }
        return state(name, before.apply(capture));
    }

    private static Requests.CaptureState state(final String name, final Capture capture) {
        // Read first: if it is done, the numbers are final.
        final boolean isDone = capture.isDone();
        return new Requests.CaptureState(name, capture.packets(), capture.lost(), isDone,
            capture.failure() == null ? "" : capture.failure());
    }

    /** A name that is taken. */
    private static final class Entry {
        // Null while it starts: to open a pipe may take long.
        private volatile Capture capture;
        private volatile boolean isLeft;

        /** Whether nobody asks for it any more, and it has let go of its file: a pipe may keep it longer. */
        boolean isOver() {
            return isLeft && (capture == null || capture.isDone());
        }
    }
}
