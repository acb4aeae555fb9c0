/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.GraphView.End;
import io.millrace.pipeline.GraphView.NodeView;
import io.millrace.pipeline.GraphView.OffloadView;
import io.millrace.pipeline.GraphView.PortView;
import io.millrace.pipeline.GraphView.QueueView;
import io.millrace.pipeline.GraphView.WireView;
import io.millrace.pipeline.GraphView.WorkerView;

import java.util.List;
import java.util.Map;

/** Looks at a graph a, b -&gt; bridge -&gt; a on one worker, b on another, made up. */
final class Views {
    private static final long SECOND_NS = 1_000_000_000L;

    private Views() {
    }

    /** After so many seconds of 1000 packets each: from a, through the bridge (200 ns), to b (50 ns) by a handoff. */
    static Interval.Look at(final int seconds) {
        final long packets = 1000L * seconds;
        final QueueView idle = new QueueView(0, "edge", 0, 0, 0, 0, 0);
        final QueueView rx = new QueueView(0, "edge", packets, 100 * packets, 0, 100L * seconds, seconds);
        final QueueView tx = new QueueView(0, "core", packets, 100 * packets, 7L * seconds, 50L * seconds, seconds);
        return new Interval.Look(new GraphView("millrace", 1, seconds * SECOND_NS,
            List.of(new WorkerView("edge", 2, 500L * seconds, 500L * seconds, packets, 320L * packets,
                    seconds * SECOND_NS / 1000),
                new WorkerView("core", -1, 500L * seconds, 100L * seconds, packets, 60L * packets,
                    seconds * SECOND_NS)),
            List.of(
                new PortView("a", 0, "up", new OffloadView("csum+tso4", "csum", "none", List.of()), List.of(rx),
                    List.of(idle)),
                new PortView("b", 1, "down", new OffloadView("none", "csum", "tso4", List.of("a")), List.of(idle),
                    List.of(tx))),
            List.of(new NodeView("bridge", "LearningSwitch", "edge", packets, 0, 200L * seconds, seconds, false)),
            List.of(
                new WireView("a-bridge", new End("a", true, "", -1, "edge"), new End("bridge", false, "", -1, "edge"),
                    packets, 0),
                new WireView("bridge-b", new End("bridge", false, "port1", -1, "edge"),
                    new End("b", true, "", -1, "core"), packets, 3L * seconds))),
            Map.of("port/b/tx0/drop/ring-full", 7L * seconds, "port/a/rx0/drop/runt", 5L));
    }

    /** The second between the first and the second one. */
    static Interval second() {
        return Interval.between(at(1), at(2));
    }
}
