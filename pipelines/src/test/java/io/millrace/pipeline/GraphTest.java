/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Every way to wire a graph wrongly, and what is said about it. */
class GraphTest {
    private final Dataplane dataplane = Dataplane.builder().frames(64).jumboFrames(0).idle(Idle.SLEEP).build();
    private final Port vm0 = dataplane.open(MemoryPort.driver("vm0", 2));
    private final Port vm1 = dataplane.open(MemoryPort.driver("vm1"));
    private final Graph graph = new Graph();

    @AfterEach
    void close() {
        dataplane.close();
    }

    private void assertWrong(final String message) {
        assertSays(message, graph::validate);
        assertSays(message, () -> dataplane.start(graph));
    }

    private static void assertSays(final String message, final Executable call) {
        assertEquals(message, assertThrows(WiringException.class, call).getMessage());
    }

    @Test
    void shouldRefuseAnEmptyGraph() {
        assertWrong("the graph is empty: begin with graph.from(port).to(...)");
    }

    @Test
    void shouldRefuseAWireThatLeadsNowhere() {
        graph.from(vm0, 1);
        assertWrong("the wire from queue 1 of port vm0 leads nowhere: end it with .to(...)");
    }

    @Test
    void shouldRefuseAWireWithTwoEnds() {
        final Wire wire = graph.from(vm0);
        wire.to(vm1);
        assertSays("the wire from port vm0 leads to port vm1 already: call from(...) once for every to(...)",
            () -> wire.to(vm0, 0));
    }

    @Test
    void shouldRefuseAQueueThatIsNotThere() {
        graph.from(vm0).to(vm1, 1);
        assertWrong("port vm1 has no queue 1: it has one, queue 0");
    }

    @Test
    void shouldRefuseANegativeQueue() {
        graph.from(vm0, -2).to(vm1);
        assertWrong("port vm0 has no queue -2: it has 2, queues 0 to 1");
    }

    @Test
    void shouldRefuseAPortThatIsReadTwice() {
        graph.from(vm0).to(vm1).from(vm0, 1).to(new MacSwap());
        assertWrong("queue 1 of port vm0 is read twice, by port vm1 and by node mac-swap: "
            + "read it once, into a node that splits");
    }

    @Test
    void shouldRefuseAnOutputThatIsWiredTwice() {
        final MacSwap swap = new MacSwap();
        graph.from(vm0).to(swap).from(swap.out()).to(vm0).from(swap.out()).to(vm1);
        assertWrong("output out of node mac-swap is wired twice, to port vm0 and to port vm1: "
            + "an output leads to one place; give the node a second output");
    }

    @Test
    void shouldRefuseAnOutputOfANodeThatNothingReaches() {
        final MacSwap forgotten = new MacSwap();
        graph.from(vm0).to(vm1).from(forgotten.out()).to(vm0);
        assertWrong("output out of node mac-swap is wired, but nothing leads to the node: "
            + "add from(...).to(mac-swap)");
    }

    @Test
    void shouldRefuseACycleAndNameIt() {
        final TestNodes.Split split = new TestNodes.Split();
        final MacSwap swap = new MacSwap();
        graph.from(vm0).to(split).from(split.left).to(swap).from(swap.out()).to(split).from(split.right).to(vm1);
        assertWrong("the wires form a cycle, in which packets would go round for ever: "
            + "mac-swap -> split -> mac-swap: take one of these wires out");
    }

    @Test
    void shouldRefuseTwoNodesOfOneName() {
        final MacSwap one = new MacSwap().named("echo");
        final MacSwap two = new MacSwap().named("echo");
        graph.from(vm0).to(one).from(vm1).to(two);
        assertWrong("two nodes are named echo: give one of them another name by named(...)");
    }

    @Test
    void shouldRefuseMorePacketsThanAnyInboxHolds() {
        Node last = new TestNodes.Pass();
        graph.from(vm0).to(last).from(vm1).to(vm1);
        Output left = ((TestNodes.Pass) last).out;
        for (int i = 0; i < 12; i++) {
            final TestNodes.Split split = new TestNodes.Split();
            final TestNodes.Pass pass = new TestNodes.Pass();
            graph.from(left).to(split).from(split.left).to(pass).from(split.right).to(pass);
            left = pass.out;
        }
        graph.validate();
        final String message = assertThrows(WiringException.class, () -> dataplane.start(graph)).getMessage();
        assertEquals("up to 131072 packets could meet at node pass-12 in one pass, more than 65536: "
            + "let fewer outputs lead to the same places, or take a smaller burst than 32", message);
        dataplane.start(new Graph().from(vm0).to(last).from(vm1).to(vm1));
    }

    @Test
    void shouldRefuseAPortOfAnotherDataplane() {
        try (Dataplane other = Dataplane.builder().name("other").frames(64).jumboFrames(0).build()) {
            final Port foreign = other.open(MemoryPort.driver("vm0"));
            graph.from(foreign).to(vm1).from(vm0).to(vm1);
            graph.validate();
            assertSays("port vm0 is not open in data plane millrace: wire the Port that its open(...) returned",
                () -> dataplane.start(graph));
        }
    }

    @Test
    void shouldRefuseAPortWithoutAnyWire() {
        graph.from(vm0).to(vm0);
        assertSays("port vm1 is open and no wire touches it: wire it with from(port) or to(port), or do not open it",
            () -> dataplane.start(graph));
    }

    @Test
    void shouldRefuseANodeThatRunsInAnotherGraph() {
        final MacSwap swap = new MacSwap();
        dataplane.start(graph.from(vm0).to(swap).from(swap.out()).to(vm1));
        try (Dataplane other = Dataplane.builder().name("other").frames(64).jumboFrames(0).build()) {
            final Port port = other.open(MemoryPort.driver("p"));
            assertSays("node mac-swap runs in another graph already: make a second one",
                () -> other.start(new Graph().from(port).to(swap).from(swap.out()).to(port)));
        }
    }

    @Test
    void shouldRefuseNothingWhereSomethingIsNeeded() {
        assertThrows(NullPointerException.class, () -> graph.from((Port) null));
        assertThrows(NullPointerException.class, () -> graph.from((Output) null));
        assertThrows(NullPointerException.class, () -> new Graph().from(vm0).to((Node) null));
        assertThrows(NullPointerException.class, () -> new Graph().from(vm0).to((Port) null));
    }

    @Test
    void shouldDrawItself() {
        final MacSwap one = new MacSwap();
        final MacSwap two = new MacSwap();
        graph.from(vm0, 1).to(one).from(one.out()).to(two).from(two.out()).to(vm1, 0);
        final String dot = graph.toDot();
        assertTrue(dot.startsWith("digraph millrace {\n"), dot);
        assertTrue(dot.contains("\"rx vm0\" -> \"node mac-swap\" [taillabel=\"queue 1\", headlabel=\"\"];"), dot);
        assertTrue(dot.contains("\"node mac-swap\" -> \"node mac-swap-2\" [taillabel=\"out\", headlabel=\"\"];"), dot);
        assertTrue(dot.contains("\"node mac-swap-2\" -> \"tx vm1\" [taillabel=\"out\", headlabel=\"queue 0\"];"), dot);
    }
}
