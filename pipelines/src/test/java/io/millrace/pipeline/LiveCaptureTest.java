/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.sun.management.ThreadMXBean;
import io.millrace.ConfigurationException;
import io.millrace.Port;
import io.millrace.pipeline.filter.PacketFilter;
import io.millrace.pipeline.multicast.Capture;
import io.millrace.pipeline.multicast.Captures;
import io.millrace.pipeline.traffic.Traffic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Captures that are switched on and off while packets pass. What is in their files CaptureTest looks at. */
class LiveCaptureTest {
    private static final PacketFilter ALL = PacketFilter.compile("");

    @TempDir
    private Path folder;
    private final Dataplane dataplane = Dataplane.builder().frames(1024).jumboFrames(0).build();
    private final Captures captures = new Captures(dataplane);
    private final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
    private final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));
    private final LearningSwitch bridge = new LearningSwitch(2);

    @AfterEach
    void close() {
        captures.close();
        dataplane.close();
    }

    private void start() {
        final Graph graph = new Graph();
        for (final MemoryPort port : List.of(a, b)) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
    }

    private void pass(final int number) {
        a.inject(Packets.ethernet(Packets.B, Packets.A, number));
        assertEquals(number, Packets.number(b.await(1).get(0)));
    }

    private List<String> watched() {
        return dataplane.running().watches().stream().map(Watch::wire).toList();
    }

    @Test
    void shouldWatchOnlyWhileACaptureRuns() {
        start();
        pass(1);
        try (Capture capture = captures.start("c", List.of("a-learning-switch"), ALL,
            how -> how.to(folder.resolve("c")))) {
            assertEquals(List.of("a-learning-switch"), watched());
            assertEquals(List.of(capture), List.copyOf(captures.running().values()));
            pass(2);
            pass(3);
            b.inject(Packets.ethernet(Packets.A, Packets.B, 4));
            a.await(1);
            Until.isTrue(() -> capture.packets() == 2, () -> capture.packets() + " packets");
        }
        assertEquals(List.of(), watched());
        assertTrue(captures.running().isEmpty());
        pass(5);
        assertEquals(2, dataplane.counters().snapshot().get("multicast/c/to/c/packets"));
    }

    @Test
    void shouldEndItselfAfterItsPackets() {
        start();
        final Capture capture = captures.start("c", List.of(), ALL, how -> how.to(folder.resolve("c")).count(3));
        assertEquals(4, watched().size());
        pass(1);
        pass(2);
        Until.isTrue(capture::isDone, () -> capture.packets() + " packets");
        assertEquals(3, capture.packets());
        assertEquals(List.of(), watched());
        assertNull(capture.failure());
    }

    @Test
    void shouldCopyOnlyWhatPassesTheFilter() {
        start();
        try (Capture capture = captures.start("c", List.of("a-learning-switch"), PacketFilter.compile("udp src port 7"),
            how -> how.to(folder.resolve("c")))) {
            pass(1);
            a.inject(Packets.udp(8, 0));
            a.inject(Packets.udp(7, 0));
            b.await(2);
            Until.isTrue(() -> capture.packets() == 1, () -> capture.packets() + " packets");
            assertEquals(1, dataplane.counters().snapshot().get("multicast/c/from/worker-0/packets"));
        }
    }

    @Test
    void shouldKeepOtherCapturesAndChangesOfTheGraph() {
        start();
        final Capture first = captures.start("first", List.of("a-learning-switch"), ALL,
            how -> how.to(folder.resolve("1")));
        final Capture second = captures.start("second", List.of("a-learning-switch", "learning-switch.port1-b"), ALL,
            how -> how.to(folder.resolve("2")));
        final MemoryPort c = (MemoryPort) dataplane.open(MemoryPort.driver("c"));
        dataplane.apply(dataplane.graph().from(c).to(c));
        first.close();
        assertEquals(List.of("a-learning-switch", "learning-switch.port1-b"), watched());
        pass(1);
        Until.isTrue(() -> second.packets() == 2, () -> second.packets() + " packets");
        assertEquals(0, first.packets());
        c.inject(Packets.ethernet(Packets.B, Packets.A, 1));
        c.await(1);
        second.close();
        assertEquals(List.of(), watched());
    }

    @Test
    void shouldChangeNothingWhereItCannotBe() {
        assertThrows(IllegalStateException.class,
            () -> captures.start("c", List.of(), ALL, how -> how.to(folder.resolve("c"))));
        start();
        assertTrue(assertThrows(WiringException.class,
            () -> captures.start("c", List.of("x-y"), ALL, how -> how.to(folder.resolve("c")))).getMessage()
            .startsWith("there is no wire x-y: there are a-learning-switch, "));
        assertThrows(ConfigurationException.class,
            () -> captures.start("c", List.of(), ALL, how -> how.to(folder.resolve("no/such/file"))));
        assertTrue(captures.running().isEmpty());
        assertEquals(List.of(), watched());
        captures.start("c", List.of(), ALL, how -> how.to(folder.resolve("c")));
        assertEquals("a capture c runs already: stop it, or take another name",
            assertThrows(ConfigurationException.class,
                () -> captures.start("c", List.of(), ALL, how -> how.to(folder.resolve("d")))).getMessage());
    }

    @Test
    void shouldNotDisturbTraffic() {
        final Traffic sender = Traffic.named("sender").flows(8).sizes("imix").rate(200_000).destination(Packets.B);
        final Traffic sink = Traffic.named("sink").sinkOnly();
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final MacSwap swap = new MacSwap();
        dataplane.start(new Graph().from(a).to(b).from(b).to(a).from(from).to(swap).from(swap.out()).to(to));
        for (int round = 0; round < 10; round++) {
            final long before = sink.received();
            try (Capture capture = captures.start("c", List.of(), PacketFilter.compile("udp"),
                how -> how.to(OutputStream.nullOutputStream()))) {
                Until.isTrue(() -> sink.received() > before + 5_000 && capture.packets() > 0, () -> "too slow");
            }
        }
        sender.stop();
        Until.isTrue(() -> sink.received() >= sender.sent(), () -> sink.verdict(sender).toString());
        assertTrue(sink.verdict(sender).isClean(), () -> sink.verdict(sender).toString());
    }

    @Test
    void shouldAllocateNothingOnTheWorker() {
        final Traffic sender = Traffic.named("sender").flows(8).sizes("imix");
        final Traffic sink = Traffic.named("sink").sinkOnly();
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final Worker worker = dataplane.worker("w");
        dataplane.start(new Graph().from(a).to(b).from(b).to(a).from(from).to(to).place(worker, from, to));
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long thread = Thread.getAllStackTraces().keySet().stream()
            .filter(candidate -> candidate.getName().equals("w")).findFirst().orElseThrow().getId();
        try (Capture capture = captures.start("c", List.of("sender-sink"), PacketFilter.compile("udp and ip"),
            how -> how.to(OutputStream.nullOutputStream()))) {
            long least = Long.MAX_VALUE;
            // Until the compiler is through: what it interrupts may still allocate once.
            for (int round = 0; round < 10 && least > 0; round++) {
                final long packets = sink.received();
                final long before = threads.getThreadAllocatedBytes(thread);
                Until.isTrue(() -> sink.received() > packets + 300_000, () -> "too slow");
                least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
            }
            assertEquals(0, least, "bytes allocated in the best round");
            assertTrue(capture.packets() > 0);
        }
    }

    @Test
    void shouldSurviveTheEndOfTheDataPlane() {
        start();
        final Capture capture = captures.start("c", List.of(), ALL, how -> how.to(folder.resolve("c")));
        pass(1);
        dataplane.close();
        capture.close();
        assertTrue(capture.isDone());
        assertNull(capture.failure());
        assertEquals(2, capture.packets());
    }

    @Test
    void shouldSwitchOffWhatFailed() {
        start();
        final Capture capture = captures.start("c", List.of(), ALL, how -> how.to(Path.of("/dev/full")));
        Until.isTrue(capture::isDone, () -> "it goes on");
        assertTrue(capture.failure().startsWith("capture c stopped: no space is left for /dev/full"));
        assertEquals(List.of(), watched());
        assertTrue(captures.running().isEmpty());
        pass(1);
    }
}
