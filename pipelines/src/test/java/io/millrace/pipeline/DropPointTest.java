/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.pipeline.filter.PacketFilter;
import io.millrace.pipeline.multicast.Capture;
import io.millrace.pipeline.multicast.Captures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Where packets end, and who sees it. */
class DropPointTest {
    private final Dataplane dataplane = Dataplane.builder().frames(256).jumboFrames(0).build();
    private final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
    private final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));
    private final Map<String, Long> seen = new ConcurrentHashMap<>();

    @AfterEach
    void close() {
        dataplane.close();
    }

    private Watching watch() {
        return dataplane.watchDrops((worker, point) -> (burst, i) -> {
            assertTrue(burst.has(i) && burst.length(i) > 0);
            seen.merge(point.name(), 1L, Long::sum);
        });
    }

    private void inject(final int packets) {
        for (int i = 0; i < packets; i++) {
            a.inject(Packets.ethernet(Packets.B, Packets.A, i));
        }
    }

    private void awaitSeen(final String point, final long packets) {
        Until.isTrue(() -> seen.getOrDefault(point, 0L) == packets, () -> point + ": " + seen);
    }

    private void awaitCounter(final String name, final long value) {
        Until.isTrue(() -> dataplane.counters().snapshot().getOrDefault(name, 0L) == value,
            () -> name + ": " + dataplane.counters().snapshot());
    }

    @Test
    void shouldShowWhatANodeDrops() {
        dataplane.start(new Graph().from(a).to(new TestNodes.Drop()).from(b).to(b));
        final Watching watching = watch();
        inject(10);
        awaitSeen("drop.unwanted", 10);
        watching.close();
        inject(5);
        awaitCounter("node/drop/drop/unwanted", 15);
        assertEquals(Map.of("drop.unwanted", 10L), seen);
    }

    @Test
    void shouldShowWhatLeavesByUnconnectedOutputs() {
        final TestNodes.Split split = new TestNodes.Split();
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(split).from(split.left).to(pass).from(b).to(b));
        final Watching watching = watch();
        inject(10);
        awaitSeen("split.right.unconnected", 5);
        awaitSeen("pass.out.unconnected", 5);
        watching.close();
    }

    @Test
    void shouldShowCopiesThatAreNotMade() {
        final TestNodes.Copy copy = new TestNodes.Copy();
        dataplane.start(new Graph().from(a).to(copy).from(copy.original).to(a).from(b).to(b));
        final Watching watching = watch();
        inject(3);
        assertEquals(3, a.await(3).size());
        awaitSeen("copy.copy.unconnected", 3);
        watching.close();
    }

    @Test
    void shouldShowWhatStagesDrop() {
        dataplane.start(new Graph().from(a).to(b));
        b.line(0).room.set(4);
        final Watching watching = watch();
        inject(10);
        awaitSeen("b.tx0.ring-full", 6);
        b.line(0).txFault = new IllegalStateException("the test says so");
        inject(2);
        awaitSeen("b.tx0.fault", 2);
        b.inject(Packets.ethernet(Packets.A, Packets.B, 1));
        awaitSeen("b.rx0.unread", 1);
        watching.close();
    }

    @Test
    void shouldShowWhatFaultsAndQuarantinesCost() {
        dataplane.start(new Graph().from(a).to(new TestNodes.Custom((burst, i) -> {
            throw new IllegalStateException("the test says so");
        })).from(b).to(b));
        final Watching watching = watch();
        Until.isTrue(() -> {
            inject(1);
            return seen.containsKey("custom.quarantined");
        }, seen::toString);
        assertTrue(seen.get("custom.fault") > 0);
        watching.close();
    }

    @Test
    void shouldWatchWhateverGraphRuns() {
        final TestNodes.Drop kept = new TestNodes.Drop();
        dataplane.start(new Graph().from(a).to(kept).from(b).to(b));
        final Watching watching = watch();
        inject(1);
        awaitSeen("drop.unwanted", 1);
        final TestNodes.Drop added = new TestNodes.Drop();
        dataplane.apply(new Graph().from(a).to(kept).from(b).to(added).place(dataplane.worker("new"), added));
        inject(1);
        b.inject(Packets.ethernet(Packets.A, Packets.B, 1));
        awaitSeen("drop.unwanted", 2);
        awaitSeen("drop-2.unwanted", 1);
        watching.close();
    }

    @Test
    void shouldOutliveAProbeThatThrowsAndServeSeveral() {
        dataplane.start(new Graph().from(a).to(new TestNodes.Drop()).from(b).to(b));
        final Watching bad = dataplane.watchDrops((worker, point) -> (burst, i) -> {
            throw new IllegalStateException("the test says so");
        });
        final Watching good = watch();
        inject(3);
        awaitSeen("drop.unwanted", 3);
        bad.close();
        bad.close();
        inject(3);
        awaitSeen("drop.unwanted", 6);
        good.close();
        inject(3);
        awaitCounter("node/drop/drop/unwanted", 9);
        awaitCounter("node/drop/drop/fault", 0);
        assertEquals(6, seen.get("drop.unwanted"));
    }

    @Test
    void shouldWatchNothingBeforeTheStart() {
        assertThrows(IllegalStateException.class, this::watch);
    }

    @Test
    void shouldWriteReasonsIntoCaptures(@TempDir final Path folder) throws IOException {
        final Path file = folder.resolve("drops.pcapng");
        final LearningSwitch bridge = new LearningSwitch(2);
        dataplane.start(new Graph().from(a).to(bridge).from(bridge.port(a.id())).to(a).from(b).to(bridge)
            .from(bridge.port(b.id())).to(b));
        try (Captures captures = new Captures(dataplane);
             Capture capture = captures.startDrops("c", PacketFilter.compile("ether dst " + Packets.A),
                 how -> how.to(file))) {
            a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
            b.await(1);
            a.inject(Packets.ethernet(Packets.A, Packets.C, 2));
            b.line(0).room.set(0);
            a.inject(Packets.ethernet(Packets.B, Packets.A, 3));
            Until.isTrue(() -> capture.packets() == 1, () -> capture.packets() + " packets");
            assertEquals(List.of(capture), List.copyOf(captures.running().values()));
        }
        // That Wireshark reads such a file is for CaptureTest.
        final String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains("drop:learning-switch.hairpin"), text);
        assertTrue(text.contains("dropped by node learning-switch: hairpin, "), text);
        assertFalse(text.contains("ring-full"), text);
    }
}
