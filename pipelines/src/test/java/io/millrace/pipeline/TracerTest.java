/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.packet.EtherType;
import io.millrace.packet.Vlan;
import io.millrace.pipeline.filter.PacketFilter;
import io.millrace.pipeline.multicast.Trace;
import io.millrace.pipeline.multicast.Tracer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.ObjIntConsumer;
import java.util.stream.Collectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Packets are followed through graphs that run. */
class TracerTest {
    private static final int DONT_FRAGMENT = 0x4000;

    @TempDir
    private Path folder;
    private final Dataplane dataplane = Dataplane.builder().frames(1024).jumboFrames(0).build();
    private final MemoryPort a = port("a");
    private final MemoryPort b = port("b");

    @AfterEach
    void close() {
        dataplane.close();
    }

    private MemoryPort port(final String name) {
        return (MemoryPort) dataplane.open(MemoryPort.driver(name));
    }

    /** Traces while the packets are injected, over and over until the tracer has what it wants. */
    private List<Trace> trace(final int count, final String filter, final MemoryPort from, final byte[]... packets) {
        final CompletableFuture<List<Trace>> traces = CompletableFuture.supplyAsync(() -> Tracer.of(dataplane)
            .filter(PacketFilter.compile(filter)).count(count).timeout(Duration.ofSeconds(60)).run());
        Until.isTrue(() -> !dataplane.running().watches().isEmpty() || traces.isDone(), () -> "nothing is watched");
        for (final byte[] packet : packets) {
            from.inject(packet);
        }
        final List<Trace> result = traces.join();
        assertEquals(List.of(), dataplane.running().watches());
        assertEquals(count, result.size());
        return result;
    }

    /** Does something to each packet and sends it on. */
    private static final class Each extends Node {
        private final Output out = output("out");
        private final ObjIntConsumer<Burst> task;

        Each(final ObjIntConsumer<Burst> task) {
            this.task = task;
        }

        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                task.accept(burst, i);
            }
            out.emitAll(burst);
        }
    }

    private static List<String> wires(final Trace trace) {
        return trace.steps().stream().map(Trace.Step::wire).toList();
    }

    private static void checkTimes(final Trace trace) {
        long last = 0;
        for (final Trace.Step step : trace.steps()) {
            assertTrue(step.timeNs() >= last, trace::toString);
            last = step.timeNs();
        }
        assertEquals(0, trace.steps().get(0).timeNs());
    }

    @Test
    void shouldShowWhatANodeRewrites() {
        final MacSwap swap = new MacSwap();
        dataplane.start(new Graph().from(a).to(swap).from(swap.out()).to(b));
        final byte[] packet = Packets.ethernet(Packets.B, Packets.A, 7);
        final Trace trace = trace(1, "", a, packet).get(0);
        assertEquals(List.of("a-mac-swap", "mac-swap.out-b"), wires(trace));
        checkTimes(trace);
        assertEquals("a", trace.port());
        assertTrue(trace.isComplete());
        assertEquals(HexFormat.of().formatHex(packet), trace.steps().get(0).bytes());
        assertEquals(HexFormat.of().formatHex(b.await(1).get(0)), trace.steps().get(1).bytes());
        assertEquals(List.of(new Trace.Difference(5, "0b02000000000a", "0a02000000000b")),
            trace.steps().get(1).differences());
        assertEquals(List.of(new Trace.End(1, true, "port b", Map.of())), trace.ends());
        final String text = trace.toString();
        assertTrue(text.startsWith("packet 1 came in by port a\n") && text.contains(
            "at 5: 0b02000000000a -> 0a02000000000b\n  out by port b\n"), text);
    }

    @Test
    void shouldShowWhatIsPutInAndTakenOut() {
        final Each push = new Each((burst, i) -> Vlan.push(burst, i, EtherType.VLAN, 5));
        final Each pop = new Each(Vlan::pop);
        dataplane.start(new Graph().from(a).to(push).from(push.out).to(pop).from(pop.out).to(b));
        final Trace trace = trace(1, "", a, Packets.ethernet(Packets.B, Packets.A, 7)).get(0);
        assertEquals(List.of(64, 68, 64), trace.steps().stream().map(Trace.Step::length).toList());
        assertEquals(List.of(new Trace.Difference(12, "", "81000005")), trace.steps().get(1).differences());
        assertEquals(List.of(new Trace.Difference(12, "81000005", "")), trace.steps().get(2).differences());
        assertTrue(trace.toString().contains("at 12: put in 81000005\n")
            && trace.toString().contains("at 12: taken out 81000005\n"), trace::toString);
    }

    private LearningSwitch flooding(final MemoryPort... ports) {
        final LearningSwitch bridge = new LearningSwitch(ports.length);
        final Graph graph = new Graph();
        for (final MemoryPort port : ports) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
        return bridge;
    }

    @Test
    void shouldFollowTheCopiesOfAFlood() {
        final MemoryPort c = port("c");
        flooding(a, b, c);
        final Trace trace = trace(1, "", a, Packets.ethernet(Packets.ALL, Packets.A, 7)).get(0);
        checkTimes(trace);
        assertEquals("a-learning-switch", trace.steps().get(0).wire());
        assertEquals(Set.of("learning-switch.port1-b", "learning-switch.port2-c"),
            Set.copyOf(wires(trace).subList(1, 3)));
        assertEquals(List.of(-1, 0, 0), trace.steps().stream().map(Trace.Step::parent).toList());
        assertEquals(Set.of("port b", "port c"),
            trace.ends().stream().map(Trace.End::place).collect(Collectors.toSet()));
        assertTrue(trace.ends().stream().allMatch(end -> end.isOut() && end.drops().isEmpty()));
        assertEquals(Set.of("port1", "port2"), trace.steps().stream().map(step -> step.from().output())
            .filter(output -> !output.isEmpty()).collect(Collectors.toSet()));
    }

    @Test
    void shouldNameTheNodeAndTheCounterWhereItEnded() {
        final TestNodes.Drop drop = new TestNodes.Drop();
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(pass).from(pass.out).to(drop).from(b).to(b));
        final Trace trace = trace(1, "", a, Packets.ethernet(Packets.B, Packets.A, 7)).get(0);
        assertEquals(List.of(new Trace.End(1, false, "node drop", Map.of("node/drop/drop/unwanted", 1L))),
            trace.ends());
        assertTrue(trace.toString().endsWith(
            "  ended in node drop; counted meanwhile: node/drop/drop/unwanted +1\n"), trace::toString);
    }

    @Test
    void shouldNameWhatAPortDropped() {
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        b.line(0).room.set(0);
        final Trace trace = trace(1, "", a, Packets.ethernet(Packets.B, Packets.A, 7)).get(0);
        assertEquals(List.of(new Trace.End(0, true, "port b", Map.of("port/b/tx0/drop/ring-full", 1L))),
            trace.ends());
    }

    @Test
    void shouldFollowPacketsFromOneWorkerToAnother() {
        final MacSwap swap = new MacSwap();
        dataplane.start(new Graph().from(a).to(swap).from(swap.out()).to(b)
            .place(dataplane.worker("edge"), a).place(dataplane.worker("core"), swap, b));
        final byte[][] packets = new byte[5][];
        for (int i = 0; i < packets.length; i++) {
            packets[i] = Packets.ethernet(Packets.B, Packets.A, i);
        }
        final List<Trace> traces = trace(5, "", a, packets);
        for (int i = 0; i < traces.size(); i++) {
            final Trace trace = traces.get(i);
            assertEquals(i + 1, trace.number());
            assertEquals(List.of("a-mac-swap", "mac-swap.out-b"), wires(trace));
            assertEquals(HexFormat.of().formatHex(packets[i]), trace.steps().get(0).bytes());
            assertEquals("edge", trace.steps().get(0).from().worker());
            assertEquals("core", trace.steps().get(0).to().worker());
            checkTimes(trace);
            assertEquals(List.of(new Trace.End(1, true, "port b", Map.of())), trace.ends());
        }
        b.await(5);
    }

    @Test
    void shouldTraceOnlyTheFirstThatMatch() {
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        final byte[] other = Packets.ethernet(Packets.B, Packets.A, 1);
        final List<Trace> traces = trace(2, "udp src port 7", a, other, Packets.udp(7, 0), other, Packets.udp(8, 0),
            Packets.udp(7, DONT_FRAGMENT), Packets.udp(7, 2));
        assertEquals(6, b.await(6).size());
        assertEquals(List.of(HexFormat.of().formatHex(Packets.udp(7, 0)),
            HexFormat.of().formatHex(Packets.udp(7, DONT_FRAGMENT))),
            traces.stream().map(trace -> trace.steps().get(0).bytes()).toList());
    }

    @Test
    void shouldWriteJson() {
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        final Trace trace = trace(1, "", a, Packets.ethernet(Packets.B, Packets.A, 7)).get(0);
        final JsonObject json = JsonParser.parseString(trace.toJson()).getAsJsonObject();
        assertFalse(trace.toJson().contains("\n"));
        assertEquals("a", json.get("port").getAsString());
        final JsonObject step = json.getAsJsonArray("steps").get(0).getAsJsonObject();
        assertEquals("a-b", step.get("wire").getAsString());
        assertEquals(64, step.get("length").getAsInt());
        assertEquals("b", step.getAsJsonObject("to").get("part").getAsString());
        assertTrue(json.getAsJsonArray("ends").get(0).getAsJsonObject().get("isOut").getAsBoolean());
    }

    @Test
    void shouldSaveTracesForWireshark() throws IOException {
        final TestNodes.Drop drop = new TestNodes.Drop();
        final MacSwap swap = new MacSwap();
        dataplane.start(new Graph().from(a).to(swap).from(swap.out()).to(drop).from(b).to(b));
        final Path file = folder.resolve("trace.pcapng");
        Trace.save(trace(2, "", a, Packets.udp(7, 0), Packets.udp(8, 0)), file);
        final String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        for (int number = 1; number <= 2; number++) {
            assertTrue(text.contains("packet " + number + ": port a -> node mac-swap\0")
                && text.contains("packet " + number + ": output out of node mac-swap -> node drop; ended in node drop; "
                + "counted meanwhile: node/drop/drop/unwanted +2"), text);
        }
        assertThrows(ConfigurationException.class, () -> Trace.save(List.of(), folder.resolve("no/such/file")));
    }

    @Test
    void shouldEndWhenTheTimeIsOver() {
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        assertEquals(List.of(), Tracer.of(dataplane).timeout(Duration.ofMillis(10)).run());
        assertEquals(List.of(), dataplane.running().watches());
    }

    @Test
    void shouldSayWhatCannotBe() {
        assertThrows(ConfigurationException.class, () -> Tracer.of(dataplane).count(0));
        assertThrows(ConfigurationException.class, () -> Tracer.of(dataplane).count(1001));
        assertThrows(IllegalStateException.class, () -> Tracer.of(dataplane).run());
    }
}
