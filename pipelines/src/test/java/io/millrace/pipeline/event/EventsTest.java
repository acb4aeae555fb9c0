/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import io.millrace.ControlLoop;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Until;
import io.millrace.pipeline.traffic.Traffic;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class EventsTest {
    private static final String PREFIX = "io.millrace.";

    private final Counters counters = Counters.inMemory();
    private final Counter ringFull = counters.scope("port", "vm0", "tx0").drops(DropReason.RING_FULL);
    private final Counter noFrame = counters.scope("port", "vm0", "rx0").drops(DropReason.NO_FRAME);
    private final ControlLoop control = ControlLoop.start("control");
    private final Events events = new Events("edge", counters);

    @TempDir
    private Path folder;

    @BeforeEach
    void watch() {
        control.execute(() -> events.watch(control));
    }

    @AfterEach
    void close() {
        control.close();
        counters.close();
    }

    private List<RecordedEvent> recorded(final Recording recording, final String name) {
        try {
            final Path file = Files.createTempFile(folder, "", ".jfr");
            recording.dump(file);
            return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(PREFIX + name)).toList();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until the counters are watched: a drop that falls before the first look is not news. */
    private void awaitWatched(final Recording recording) {
        Until.isTrue(() -> {
            ringFull.increment();
            return !recorded(recording, "RingFull").isEmpty();
        }, () -> "no event of a full ring");
    }

    @Test
    void shouldRecordFullRingsAndBurstsOfDrops() {
        try (Recording recording = new Recording()) {
            recording.start();
            awaitWatched(recording);
            noFrame.add(1_000_000);
            Until.isTrue(() -> !recorded(recording, "DropBurst").isEmpty(), () -> "no event of drops");
            final RecordedEvent burst = recorded(recording, "DropBurst").get(0);
            assertEquals("edge", burst.getString("dataplane"));
            assertEquals("port/vm0/rx0/drop/no-frame", burst.getString("counter"));
            assertEquals(1_000_000, burst.getLong("packets"));
            assertEquals(1_000_000 / (burst.getDuration("interval").toNanos() / 1e9), burst.getDouble("rate"), 1);
            final RecordedEvent full = recorded(recording, "RingFull").get(0);
            assertEquals("port/vm0/tx0", full.getString("queue"));
            assertTrue(full.getLong("packets") > 0);
        }
    }

    @Test
    void shouldRecordSlowDropsOnlyIfToldTo() {
        try (Recording usual = new Recording()) {
            usual.start();
            awaitWatched(usual);
            noFrame.add(5);
            // The drop of a full ring that comes after it has been looked at, so it has been too.
            final int seen = recorded(usual, "RingFull").size();
            awaitMore(usual, seen);
            awaitMore(usual, seen + 1);
            assertEquals(List.of(), recorded(usual, "DropBurst").stream()
                .filter(event -> event.getString("counter").endsWith("no-frame")).toList());
        }
        try (Recording curious = new Recording()) {
            curious.enable(PREFIX + "DropBurst").with("minRate", "1");
            curious.start();
            awaitWatched(curious);
            noFrame.add(5);
            Until.isTrue(() -> recorded(curious, "DropBurst").stream().anyMatch(
                event -> event.getString("counter").endsWith("no-frame") && event.getLong("packets") == 5),
                () -> recorded(curious, "DropBurst").toString());
        }
    }

    private void awaitMore(final Recording recording, final int seen) {
        Until.isTrue(() -> {
            ringFull.increment();
            return recorded(recording, "RingFull").size() > seen;
        }, () -> "no event of a full ring");
    }

    @Test
    void shouldRecordWhatIsTold() {
        try (Recording recording = new Recording(); Dataplane dataplane = Dataplane.create()) {
            final Port port = dataplane.open(Traffic.named("vm1").sinkOnly());
            recording.start();
            events.onLink(port, LinkState.GONE, "the device was deleted");
            events.workerStalled("core", 7_000_000, "org.example.Slow.process:42");
            events.graphSwapped(3, 2, 7, 1, 40_000);
            final RecordedEvent link = recorded(recording, "LinkChange").get(0);
            assertEquals(List.of("edge", "vm1", "gone", "the device was deleted"), List.of(link.getString("dataplane"),
                link.getString("port"), link.getString("state"), link.getString("reason")));
            final RecordedEvent stall = recorded(recording, "WorkerStall").get(0);
            assertEquals(List.of("core", 7_000_000L, "org.example.Slow.process:42"), List.of(stall.getString("worker"),
                stall.getDuration("stalled").toNanos(), stall.getString("where")));
            final RecordedEvent swap = recorded(recording, "GraphSwap").get(0);
            assertEquals(List.of(3L, 2, 7, 1, 40_000L), List.of(swap.getLong("version"), swap.getInt("added"),
                swap.getInt("kept"), swap.getInt("removed"), swap.getDuration("pause").toNanos()));
        }
    }

    @Test
    void shouldNotLookAtCountersWhileNobodyRecords() {
        // Read by nobody, they need not be there: a look at null would end up in the log, and the timer too.
        final Events blind = new Events("edge", null);
        final long[] rounds = {0};
        control.call(() -> {
            blind.watch(control);
            return null;
        });
        Until.isTrue(() -> control.call(() -> ++rounds[0]) > 100, () -> "the loop has ended");
    }
}
