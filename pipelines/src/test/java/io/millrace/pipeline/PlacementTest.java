/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Where what nobody placed goes, and what is cut then. */
class PlacementTest {
    private final Dataplane dataplane = Dataplane.builder().frames(64).jumboFrames(0).build();
    private final Port a = dataplane.open(MemoryPort.driver("a"));
    private final Port b = dataplane.open(MemoryPort.driver("b", 2));
    private final Port c = dataplane.open(MemoryPort.driver("c", 3));
    private final Worker edge = dataplane.worker("edge");
    private final Worker core = dataplane.worker("core");
    private final TestNodes.Pass one = new TestNodes.Pass();
    private final TestNodes.Pass two = new TestNodes.Pass();
    private final Graph graph = new Graph();

    @BeforeEach
    void name() {
        one.named("one");
        two.named("two");
    }

    @AfterEach
    void close() {
        dataplane.close();
    }

    private static PortEnd queue(final Port port, final int number) {
        return new PortEnd(port, number);
    }

    private void assertAt(final Worker worker, final Port port) {
        final Placement placement = Placement.of(graph);
        for (int q = 0; q < port.queues(); q++) {
            assertEquals(worker, placement.rx(queue(port, q)), "receive queue " + q + " of " + port.name());
            assertEquals(worker, placement.tx(queue(port, q)), "transmit queue " + q + " of " + port.name());
        }
    }

    private void assertAt(final Worker worker, final Node node) {
        assertEquals(worker, Placement.of(graph).of(node));
    }

    /** The crossings of the only component, by name: from whom to whom. */
    private Map<String, String> crossings() {
        final Map<String, String> crossings = new HashMap<>();
        final Set<String> names = new HashSet<>();
        final Component component = Components.of(graph).get(0);
        final Map<Worker, Section> sections = Sections.of(component, Placement.of(graph), names);
        sections.forEach((worker, section) -> section.departures().forEach(crossing -> {
            assertEquals(worker, crossing.from());
            assertTrue(sections.get(crossing.to()).arrivals().contains(crossing));
            crossings.put(crossing.name(), worker.name() + " to " + crossing.to().name());
        }));
        assertEquals(names, crossings.keySet());
        return crossings;
    }

    @Test
    void shouldPlaceNothingByItself() {
        graph.from(a).to(one).from(one.out).to(b);
        assertAt(null, a);
        assertAt(null, b);
        assertAt(null, one);
        assertTrue(Placement.of(graph).workers().isEmpty());
    }

    @Test
    void shouldFollowWhatFeedsIt() {
        graph.from(a).to(one).from(one.out).to(two).from(two.out).to(b).place(edge, a);
        assertAt(edge, a);
        assertAt(edge, one);
        assertAt(edge, two);
        assertAt(edge, b);
        assertEquals(Map.of(), crossings());
    }

    @Test
    void shouldFollowTheNearestThatFeedsIt() {
        graph.from(a).to(one).from(one.out).to(two).from(c).to(two).from(two.out).to(b).place(edge, a).place(core, c);
        assertAt(edge, one);
        assertAt(core, two);
        assertAt(core, b);
        assertEquals(Map.of("one.out-two", "edge to core"), crossings());
    }

    @Test
    void shouldFollowTheOneWiredFirstOfEquallyNearOnes() {
        graph.from(c).to(two).from(a).to(two).from(two.out).to(b).place(edge, a).place(core, c);
        assertAt(core, two);
        assertEquals(Map.of("a-two", "edge to core"), crossings());
    }

    @Test
    void shouldFollowWhatItFeedsIfNothingFeedsIt() {
        graph.from(a).to(one).from(one.out).to(two).from(two.out).to(b).place(core, two).place(edge, b);
        assertAt(core, one);
        assertAt(core, a);
        assertEquals(Map.of("two.out-b", "core to edge"), crossings());
    }

    @Test
    void shouldGoOnForwardFromWhatWasFoundBackward() {
        final TestNodes.Split split = new TestNodes.Split();
        graph.from(a).to(split).from(split.left).to(b).from(split.right).to(one).from(one.out).to(c).place(edge, b);
        assertAt(edge, split);
        assertAt(edge, a);
        assertAt(edge, one);
        assertAt(edge, c);
    }

    @Test
    void shouldKeepQueuePairsTogetherUnlessBothArePlaced() {
        graph.from(a).to(one).from(one.out).to(a).place(edge, a.tx(0)).place(core, one);
        assertAt(edge, a);
        assertEquals(Map.of("a-one", "edge to core", "one.out-a", "core to edge"), crossings());
    }

    @Test
    void shouldPlaceTheTwoQueuesOfAPairApart() {
        graph.from(a).to(one).from(one.out).to(a).place(edge, a.rx(0)).place(core, a.tx(0));
        final Placement placement = Placement.of(graph);
        assertEquals(edge, placement.rx(queue(a, 0)));
        assertEquals(core, placement.tx(queue(a, 0)));
        assertAt(edge, one);
        assertEquals(Map.of("one.out-a", "edge to core"), crossings());
    }

    @Test
    void shouldTakeQueuesThatNoWireTouchesAlong() {
        graph.from(c, 1).to(a).place(core, a);
        assertAt(core, c);
    }

    @Test
    void shouldLeaveAloneWhatIsNotConnected() {
        graph.from(a).to(a).from(b).to(one).from(one.out).to(b).place(edge, a);
        assertAt(edge, a);
        assertAt(null, b);
        assertAt(null, one);
    }

    @Test
    void shouldCutAWireOnceForEachWorkerThatHasASourceOfIt() {
        final Worker third = dataplane.worker("third");
        graph.from(c).to(one).from(one.out).to(a)
            .place(edge, c.rx(0), c.rx(2)).place(core, c.rx(1), one).place(third, a);
        assertEquals(Map.of("c.rx0+2-one", "edge to core", "one.out-a", "core to third"), crossings());
    }

    @Test
    void shouldSpreadOverQueuesOnSeveralWorkersWhereItIsFed() {
        final TestNodes.Split split = new TestNodes.Split();
        graph.from(a).to(split).from(split.left).to(b).from(split.right).to(b)
            .place(edge, a, split, b.tx(0)).place(core, b.tx(1), b.rx(1)).place(edge, b.rx(0));
        assertEquals(Map.of("edge-b.tx1", "edge to core"), crossings());
    }

    @Test
    void shouldNumberCrossingsOfOneName() {
        final Worker x = dataplane.worker("x-y");
        final Worker y = dataplane.worker("x");
        final Port oddly = dataplane.open(MemoryPort.driver("y-b"));
        graph.from(a).to(b).from(oddly, 0).to(b).place(x, a).place(y, oddly).place(edge, b.tx(0)).place(core, b.tx(1));
        assertEquals(Map.of("x-y-b.tx0", "x-y to edge", "x-y-b.tx1", "x-y to core", "x-b.tx0", "x to edge",
            "x-b.tx1", "x to core"), crossings());
        final Port third = dataplane.open(MemoryPort.driver("a-a"));
        final Graph second = new Graph().from(third).to(a).from(a).to(new TestNodes.Pass().named("a-a"))
            .place(core, third.rx(0)).place(edge, third.tx(0), a);
        final Set<String> names = new HashSet<>();
        Sections.of(Components.of(second).get(0), Placement.of(second), names);
        assertEquals(Set.of("a-a-a"), names);
        Sections.of(Components.of(second).get(0), Placement.of(second), names);
        assertEquals(Set.of("a-a-a", "a-a-a-2"), names);
    }

    @Test
    void shouldTakeTheSamePlaceTwice() {
        graph.from(a).to(one).from(one.out).to(a).place(edge, a, one).place(edge, one, a.rx(0));
        assertAt(edge, a);
        assertNull(Placement.of(new Graph().from(a).to(b)).of(one));
    }

    @Test
    void shouldDrawWorkersAndWhatCrosses() {
        graph.from(c).to(one).from(one.out).to(a).place(edge, c.rx(0)).place(core, c.rx(1), c.rx(2), one);
        final String dot = graph.toDot();
        assertTrue(dot.contains("""
              subgraph cluster_1 {
                label="worker core";
                "rx a" [shape=box];
                "tx a" [shape=box];
                "node one" [shape=ellipse, label="one"];
              }
            """), dot);
        assertTrue(dot.contains("\n  \"rx c\" [shape=box];\n"), dot);
        assertTrue(dot.contains("\"rx c\" -> \"node one\" [taillabel=\"\", headlabel=\"\", style=dashed];"), dot);
        assertTrue(dot.contains("\"node one\" -> \"tx a\" [taillabel=\"out\", headlabel=\"\"];"), dot);
    }
}
