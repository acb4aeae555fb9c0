/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.virtqueue.VhostUser;
import java.util.List;
import java.util.stream.Stream;

/** A switch between VMs with two queues each, on a CPU per queue. The README shows it; a test keeps both equal. */
final class QueuePerCore {
    public static void main(final String... sockets) {
        try (Dataplane dataplane = Dataplane.create()) {
            List<Port> vms = Stream.of(sockets).map(s -> dataplane.open(VhostUser.listen(s).queues(2))).toList();
            LearningSwitch bridge = new LearningSwitch(vms.size());
            Graph graph = new Graph();
            for (int q = 0; q < 2; q++) {
                LearningSwitch replica = q == 0 ? bridge : bridge.replica();
                for (Port vm : vms) {
                    graph.from(vm, q).to(replica).from(replica.port(vm.id())).to(vm, q);
                }
                graph.place(dataplane.worker("core" + q, 2 + q), replica);
            }
            dataplane.start(graph);
            dataplane.await();
        }
    }
}
