/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

import java.util.List;

/**
 * What one worker runs: the stages of its sections in an order in which one pass takes every packet from its receive
 * queue to its transmit queue, either of which may be a handoff. At the end of a pass all inboxes are empty.
 *
 * <pre>
 *   sources                    stages
 *  [rx][rx][rx]   -&gt;  [node][node][node] ... [spread][tx][tx]
 *       each appends to the inboxes of those behind it
 * </pre>
 *
 * <p>Immutable but for the packets on the way; made by {@link Linker}. A worker that is given another graph gets
 * another program.
 */
final class Program {
    private final Node[] nodes;
    private final Source[] sources;
    private final Stage[] stages;

    Program(final List<Node> nodes, final List<Source> sources, final List<Stage> stages) {
        this.nodes = nodes.toArray(new Node[0]);
        this.sources = sources.toArray(new Source[0]);
        this.stages = stages.toArray(new Stage[0]);
    }

    Node[] nodes() {
        return nodes;
    }

    /** What is polled, one for each receive queue. */
    Source[] sources() {
        return sources;
    }

    /** One pass. Returns how many packets came in. */
    int run() {
        int received = 0;
        for (final Source source : sources) {
            received += source.run();
        }
        for (final Stage stage : stages) {
            stage.run();
        }
        return received;
    }

    /** Releases every queue and frees every {@link Burst}. On the worker's thread. */
    void close() {
        for (final Source source : sources) {
            source.close();
        }
        for (final Stage stage : stages) {
            stage.close();
        }
    }
}
