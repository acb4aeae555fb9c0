/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Offload;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Before which ports work has to be finished, and what is said of that. */
class OffloadPlanTest {
    private final Dataplane dataplane = Dataplane.builder().frames(64).jumboFrames(0).build();
    private final MemoryPort vm = port("vm", Offload.CSUM | Offload.TSO4);
    private final MemoryPort other = port("other", Offload.CSUM);
    private final MemoryPort nic = port("nic", 0);
    private final MemoryPort tap = port("tap", 0);

    private MemoryPort port(final String name, final int offloads) {
        final MemoryPort port = (MemoryPort) dataplane.open(MemoryPort.driver(name));
        port.offloads = offloads;
        return port;
    }

    @AfterEach
    void close() {
        dataplane.close();
    }

    @Test
    void shouldFollowPacketsThroughNodes() {
        final TestNodes.Pass first = new TestNodes.Pass();
        final TestNodes.Split second = new TestNodes.Split();
        final OffloadPlan plan = OffloadPlan.of(new Graph().from(vm).to(first).from(first.out).to(second)
            .from(second.left).to(nic).from(second.right).to(vm).from(nic).to(tap).from(tap).to(tap));
        assertTrue(plan.reaches(nic));
        assertTrue(plan.reaches(vm));
        assertFalse(plan.reaches(tap));
        assertEquals(new GraphView.OffloadView("none", "none", "csum+tso4", List.of("vm")), plan.view(nic));
        assertEquals(new GraphView.OffloadView("csum+tso4", "csum+tso4", "none", List.of()), plan.view(vm));
    }

    @Test
    void shouldNameThoseWhosePacketsAreFinished() {
        final LearningSwitch bridge = new LearningSwitch(3);
        final Graph graph = new Graph();
        for (final MemoryPort port : List.of(vm, other, nic)) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        final OffloadPlan plan = OffloadPlan.of(graph);
        assertEquals(new GraphView.OffloadView("csum", "csum", "tso4", List.of("vm")), plan.view(other));
        assertEquals(new GraphView.OffloadView("none", "none", "csum+tso4", List.of("vm", "other")), plan.view(nic));
    }

    @Test
    void shouldLinkAStageOnlyWhereItIsNeeded() {
        dataplane.start(new Graph().from(vm).to(nic).from(nic).to(vm).from(tap).to(other).from(other).to(tap));
        assertTrue(hasStage("nic"));
        assertFalse(hasStage("vm"), "nothing comes from nic that has to be finished");
        assertTrue(hasStage("tap"));
        assertFalse(hasStage("other"), "nor from tap");
        assertEquals(List.of("vm"), dataplane.view().ports().get(nic.id()).offloads().from());
        dataplane.apply(new Graph().from(vm).to(other).from(nic).to(nic).from(tap).to(tap));
        assertTrue(hasStage("other"));
    }

    private boolean hasStage(final String port) {
        return dataplane.counters().snapshot().containsKey("port/" + port + "/tx0/segmented");
    }
}
