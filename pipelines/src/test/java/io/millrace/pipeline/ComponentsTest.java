/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ComponentsTest {
    private final Dataplane dataplane = Dataplane.builder().frames(64).jumboFrames(0).build();
    private final Port a = dataplane.open(MemoryPort.driver("a", 2));
    private final Port b = dataplane.open(MemoryPort.driver("b", 2));
    private final Port c = dataplane.open(MemoryPort.driver("c"));
    private final Graph graph = new Graph();

    @AfterEach
    void close() {
        dataplane.close();
    }

    @Test
    void shouldKeepUnconnectedPartsApartLargestFirst() {
        graph.from(c).to(c).from(a).to(b);
        final List<Component> components = Components.of(graph);
        assertEquals(2, components.size());
        assertEquals(4, components.get(0).queues().size());
        assertEquals(List.of(new PortEnd(c, 0)), components.get(1).queues());
    }

    @Test
    void shouldKeepReceiveAndTransmitQueueOfOneNumberTogether() {
        graph.from(a, 0).to(b, 0).from(b, 0).to(a, 0).from(a, 1).to(b, 1).from(b, 1).to(c);
        final List<Component> components = Components.of(graph);
        assertEquals(2, components.size());
        assertEquals(Set.of(new PortEnd(a, 1), new PortEnd(b, 1), new PortEnd(c, 0)),
            Set.copyOf(components.get(0).queues()));
        assertEquals(Set.of(new PortEnd(a, 0), new PortEnd(b, 0)), Set.copyOf(components.get(1).queues()));
    }

    @Test
    void shouldJoinWhatWritesTheSameQueues() {
        graph.from(a, 0).to(c).from(a, 1).to(c, 0);
        assertEquals(1, Components.of(graph).size());
    }

    @Test
    void shouldTakeQueuesThatNoWireTouchesAlong() {
        graph.from(a, 1).to(c);
        assertEquals(Set.of(new PortEnd(a, 0), new PortEnd(a, 1), new PortEnd(c, 0)),
            Set.copyOf(Components.of(graph).get(0).queues()));
    }

    @Test
    void shouldOrderNodesAfterAllThatLeadToThem() {
        final TestNodes.Split first = new TestNodes.Split();
        final TestNodes.Pass middle = new TestNodes.Pass();
        final TestNodes.Pass last = new TestNodes.Pass();
        graph.from(last.out).to(c).from(middle.out).to(last).from(first.left).to(last).from(first.right).to(middle)
            .from(a).to(first);
        final List<Component> components = Components.of(graph);
        assertEquals(1, components.size());
        assertEquals(List.of(first, middle, last), components.get(0).nodes());
    }

    @Test
    void shouldNumberNodesThatHaveNoNameOfTheirOwn() {
        final TestNodes.Pass one = new TestNodes.Pass();
        final TestNodes.Pass two = new TestNodes.Pass();
        final Node named = new TestNodes.Pass().named("pass-2");
        graph.from(a).to(one).from(b).to(two).from(c).to(named);
        assertEquals(Set.of("pass", "pass-2", "pass-3"), Set.copyOf(NodeNames.of(graph).values()));
        assertEquals("pass-2", NodeNames.of(graph).get(named));
        assertTrue(NodeNames.of(graph).get(two).equals("pass-3"));
    }
}
