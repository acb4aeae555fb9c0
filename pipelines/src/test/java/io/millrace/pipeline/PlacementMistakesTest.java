/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import io.millrace.Port;
import io.millrace.linux.Cpus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Every way to place a graph wrongly, and what is said about it. */
class PlacementMistakesTest {
    private static final int CPU = Cpus.available()[0];

    private final Dataplane dataplane = open("millrace", CPU);
    private final Port vm0 = dataplane.open(MemoryPort.driver("vm0", 2));
    private final Port vm1 = dataplane.open(MemoryPort.driver("vm1"));
    private final MacSwap swap = new MacSwap();
    private final Graph graph = new Graph().from(vm0).to(swap).from(swap.out()).to(vm0);

    @AfterEach
    void close() {
        dataplane.close();
    }

    private static Dataplane open(final String name, final int... cpus) {
        return Dataplane.builder().name(name).frames(64).jumboFrames(0).idle(Idle.SLEEP).cpus(cpus).build();
    }

    private void assertWrong(final String message) {
        assertSays(message, graph::validate);
        assertSays(message, () -> dataplane.start(graph));
        assertTrue(dataplane.workers().isEmpty());
    }

    private static void assertSays(final String message, final Executable call) {
        assertEquals(message, assertThrows(WiringException.class, call).getMessage());
    }

    @Test
    void shouldRefuseANodeThatIsNotInTheGraph() {
        graph.from(vm1).to(vm1).place(dataplane.worker("edge"), new MacSwap().named("other"));
        assertWrong("node other is placed on worker edge, but is no part of the graph: wire it, or do not place it");
    }

    @Test
    void shouldRefuseAPortThatIsNotInTheGraph() {
        graph.place(dataplane.worker("edge"), vm1);
        assertWrong("port vm1 is placed on worker edge, but is no part of the graph: wire it, or do not place it");
    }

    @Test
    void shouldRefuseQueuesThatAreNotInTheGraph() {
        final Worker edge = dataplane.worker("edge");
        assertSays("a receive queue is placed on worker edge, but is no part of the graph: wire it, or do not place it",
            new Graph().from(vm0).to(vm0).place(edge, vm1.rx(0))::validate);
        assertSays("a transmit queue is placed on worker edge, but is no part of the graph: "
            + "wire it, or do not place it",
            new Graph().from(vm0).to(vm0).place(edge, vm1.tx(0))::validate);
    }

    @Test
    void shouldRefuseTwoWorkersForOneNode() {
        graph.from(vm1).to(vm1).place(dataplane.worker("edge"), swap).place(dataplane.worker("core"), vm0, swap);
        assertWrong("node mac-swap is placed on worker edge and on worker core: it runs on one, place it once");
    }

    @Test
    void shouldRefuseTwoWorkersForOneQueue() {
        graph.from(vm1).to(vm1).place(dataplane.worker("edge"), vm0).place(dataplane.worker("core"), vm0.tx(1));
        assertWrong("transmit queue 1 of port vm0 is placed on worker edge and on worker core: "
            + "it runs on one, place it once");
    }

    @Test
    void shouldRefuseTwoWorkersOnOneCpu() {
        graph.from(vm1).to(vm1).place(dataplane.worker("edge", CPU), swap).place(dataplane.worker("core", CPU), vm1);
        assertWrong("worker edge and worker core are both pinned to CPU " + CPU
            + ": a worker needs one of its own; give one of them another CPU, or none");
    }

    @Test
    void shouldRefuseWhatRunsNowhere() {
        final Worker edge = dataplane.worker("edge");
        assertSays("worker edge cannot run a String: place nodes, ports, and queues as port.rx(0) and port.tx(0)",
            () -> graph.place(edge, "vm0"));
        assertSays("nothing is placed on worker edge: name the nodes, ports or queues", () -> graph.place(edge));
        assertThrows(NullPointerException.class, () -> graph.place(null, vm0));
        assertThrows(NullPointerException.class, () -> graph.place(edge, vm0, null));
        // Nothing of that has stayed.
        assertEquals(0, graph.places().size());
    }

    @Test
    void shouldRefuseAWorkerOfAnotherDataplane() {
        final Worker foreign;
        try (Dataplane other = open("other")) {
            foreign = other.worker("edge");
        }
        graph.from(vm1).to(vm1).place(foreign, vm0);
        assertSays("worker edge belongs to data plane other, not to millrace: "
            + "place on what the worker(...) of the latter returned", () -> dataplane.start(graph));
    }

    @Test
    void shouldRefusePartsThatNoCpuIsLeftFor() {
        graph.from(vm1).to(vm1).place(dataplane.worker("edge", CPU), vm0);
        assertSays("port vm1 is placed on no worker, and every CPU of [" + CPU + "] has a worker with something else: "
            + "place it too, or give data plane millrace one more CPU", () -> dataplane.start(graph));
        dataplane.start(graph.place(dataplane.worker("core"), vm1));
        assertEquals(List.of("edge", "core"), dataplane.workers().stream().map(Worker::name).toList());
    }

    @Test
    void shouldRefuseTwoWorkersOfOneName() {
        dataplane.worker("edge");
        assertEquals("data plane millrace has a worker edge already: place on that one, or take another name",
            assertThrows(ConfigurationException.class, () -> dataplane.worker("edge", CPU)).getMessage());
    }

    @Test
    void shouldRefuseANameThatIsNone() {
        assertEquals("\"the edge\" is no name for a worker: use letters, digits, '.', '_' and '-'",
            assertThrows(ConfigurationException.class, () -> dataplane.worker("the edge")).getMessage());
    }

    @Test
    void shouldRefuseACpuThatIsNotThere() {
        assertTrue(assertThrows(ConfigurationException.class, () -> dataplane.worker("edge", 9999)).getMessage()
            .startsWith("CPU 9999 is not available to this process"));
        dataplane.worker("edge");
    }

    @Test
    void shouldRefuseAWorkerOnceClosed() {
        dataplane.close();
        assertThrows(IllegalStateException.class, () -> dataplane.worker("edge"));
    }
}
