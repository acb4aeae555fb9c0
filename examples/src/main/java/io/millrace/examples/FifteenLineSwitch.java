/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.virtqueue.VhostUser;

/** A learning switch between the VMs that connect to these sockets. The README shows it; a test keeps both equal. */
final class FifteenLineSwitch {
    public static void main(final String... sockets) {
        try (Dataplane dataplane = Dataplane.create()) {
            LearningSwitch bridge = new LearningSwitch(sockets.length);
            Graph graph = new Graph();
            for (String socket : sockets) {
                Port port = dataplane.open(VhostUser.listen(socket));
                graph.from(port).to(bridge);
                graph.from(bridge.port(port.id())).to(port);
            }
            dataplane.start(graph);
            dataplane.await();
        }
    }
}
