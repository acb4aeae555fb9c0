/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.Plan;
import io.millrace.virtqueue.VhostUser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A port that joins a switch while it runs, and what the README says of it. */
class HotPlugTest {
    @TempDir
    private Path folder;

    private VhostUser vm(final int number) {
        return VhostUser.listen(folder.resolve("vm" + number + ".sock").toString());
    }

    @Test
    void shouldJoinAPortAsTheReadmeShows() throws Exception {
        try (Dataplane dataplane = Dataplane.create()) {
            final LearningSwitch bridge = new LearningSwitch(3);
            final Graph graph = new Graph();
            for (int i = 0; i < 2; i++) {
                final Port port = dataplane.open(vm(i));
                graph.from(port).to(bridge);
                graph.from(bridge.port(port.id())).to(port);
            }
            dataplane.start(graph);
            final Plan plan = HotPlug.plug(dataplane, bridge, vm(2));
            assertEquals(List.of("learning-switch"), plan.nodes().kept());
            assertEquals(6, dataplane.graph().wires().size());
            assertTrue(Files.readString(Child.HOME.resolve("README.md")).contains("```\n" + plan + "\n```"),
                plan.toString());
        }
    }
}
