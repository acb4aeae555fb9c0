/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.traffic.Traffic;

import java.time.Duration;

/** Three stations around a switch on two workers; the first sends to the second. All of it in memory. */
final class RunningGraph implements AutoCloseable {
    private static final String RECEIVER = "02:00:00:00:00:01";

    private final Dataplane dataplane = Dataplane.builder().name("lab").frames(4096).jumboFrames(0).build();
    private final LivePage page;

    RunningGraph() {
        final LearningSwitch bridge = new LearningSwitch(3);
        final Graph graph = new Graph();
        final Port[] ports = {dataplane.open(Traffic.named("sender").destination(RECEIVER).rate(50_000)),
            dataplane.open(Traffic.named("receiver").sinkOnly().source(RECEIVER)),
            dataplane.open(Traffic.named("idler").sinkOnly().source("02:00:00:00:00:02"))};
        for (final Port port : ports) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        graph.place(dataplane.worker("edge"), ports[0]).place(dataplane.worker("core"), bridge, ports[1], ports[2]);
        dataplane.start(graph);
        // A browser with a clock of its own asks many times in a moment.
        page = LivePage.open(0, dataplane::view, dataplane.counters(), Duration.ZERO);
    }

    LivePage page() {
        return page;
    }

    @Override
    public void close() {
        page.close();
        dataplane.close();
    }
}
