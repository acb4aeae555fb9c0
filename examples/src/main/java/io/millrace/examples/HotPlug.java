/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.Plan;

/** Joins a port to a switch that runs. The README shows it; a test keeps both equal. */
final class HotPlug {
    static Plan plug(final Dataplane dataplane, final LearningSwitch bridge, final PollModeDriver driver) {
        Port port = dataplane.open(driver);
        Graph graph = dataplane.graph();
        graph.from(port).to(bridge);
        graph.from(bridge.port(port.id())).to(port);
        return dataplane.apply(graph);
    }
}
