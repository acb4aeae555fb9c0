/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
 * <p>Immutable but for the packets on the way; made by {@link Linker}, passive until {@link #begin}. A worker that is
 * given another graph gets another program.
 */
final class Program {
    /** Does nothing. */
    static final Program EMPTY = new Builder().build();

    private final Node[] nodes;
    private final Source[] sources;
    private final Source[] arrivals;
    private final Stage[] stages;
    private final Meter[] sourceMeters;
    private final Meter[] stageMeters;
    private final Map<Output, Burst> targets;
    private final Map<Watch, Probe> probes;
    private final List<Runnable> beginnings;

    private Program(final Builder parts) {
        nodes = parts.nodes.toArray(new Node[0]);
        arrivals = parts.arrivals.toArray(new Source[0]);
        sources = parts.sources.toArray(new Source[0]);
        stages = parts.stages.toArray(new Stage[0]);
        sourceMeters = parts.sourceMeters.toArray(new Meter[0]);
        stageMeters = parts.stageMeters.toArray(new Meter[0]);
        targets = parts.targets;
        probes = parts.probes;
        beginnings = parts.beginnings;
    }

    Node[] nodes() {
        return nodes;
    }

    /** What is polled, one for each receive queue and each handoff. */
    Source[] sources() {
        return sources;
    }

    /** Who looks at its wires. */
    Map<Watch, Probe> probes() {
        return probes;
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

    /** One pass with a clock at every stage. */
    int runTimed() {
        int received = 0;
        long before = System.nanoTime();
        for (int i = 0; i < sources.length; i++) {
            final int n = sources[i].run();
            before = note(sourceMeters[i], before, n);
            received += n;
        }
        for (int i = 0; i < stages.length; i++) {
            before = note(stageMeters[i], before, stages[i].run());
        }
        return received;
    }

    private static long note(final Meter meter, final long before, final int packets) {
        final long now = System.nanoTime();
        if (packets > 0) {
            meter.add(now - before, packets);
        }
        return now;
    }

    /** One pass over what other workers hand over; ports are left alone. Returns how many packets came in. */
    int drain() {
        int received = 0;
        for (final Source arrival : arrivals) {
            received += arrival.run();
        }
        for (final Stage stage : stages) {
            stage.run();
        }
        return received;
    }

    /** Has every queue do now what it has put off. */
    void flush() {
        for (final Stage stage : stages) {
            stage.flush();
        }
    }

    /** Publishes what queues and nodes count for themselves. */
    void publish() {
        for (final Source source : sources) {
            source.publish();
        }
        for (final Node node : nodes) {
            node.publish();
        }
    }

    /**
     * Leads every output to where it goes from now on. On the worker's thread, which runs it from then on.
     *
     * @param watch who looks at what the worker drops.
     */
    void begin(final DropWatch watch) {
        watch.clear();
        for (final Node node : nodes) {
            node.connect(targets::get, watch);
        }
        for (final Source source : sources) {
            source.dropPoints().forEach(watch::add);
        }
        for (final Stage stage : stages) {
            stage.dropPoints().forEach(watch::add);
        }
        beginnings.forEach(Runnable::run);
    }

    /**
     * Lets go of what the next program does not have. On the worker's thread, between two passes.
     *
     * @param next   what the worker runs next.
     * @param faults where probes are reported that do not close.
     */
    void release(final Program next, final FaultLog faults) {
        final Set<Object> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        for (final Source source : next.sources) {
            kept.add(source.queue());
        }
        for (final Source source : sources) {
            source.disarm();
            if (!kept.contains(source.queue())) {
                source.close();
            }
        }
        kept.clear();
        for (final Stage stage : next.stages) {
            kept.add(stage.queue());
        }
        for (final Stage stage : stages) {
            if (stage.queue() == null || !kept.contains(stage.queue())) {
                stage.close();
            }
        }
        publish();
        probes.forEach((watch, probe) -> {
            if (next.probes.get(watch) != probe) {
                try {
                    probe.close();
                } catch (final Throwable e) {
                    faults.report("a probe of wire " + watch.wire(), e);
                }
            }
        });
    }

    /** What a program is made from, in order. */
    static final class Builder {
        private final List<Node> nodes = new ArrayList<>();
        private final List<Source> sources = new ArrayList<>();
        private final List<Source> arrivals = new ArrayList<>();
        private final List<Stage> stages = new ArrayList<>();
        private final List<Meter> sourceMeters = new ArrayList<>();
        private final List<Meter> stageMeters = new ArrayList<>();
        private final Map<Output, Burst> targets = new IdentityHashMap<>();
        private final Map<Watch, Probe> probes = new LinkedHashMap<>();
        private final List<Runnable> beginnings = new ArrayList<>();

        void node(final Node node) {
            nodes.add(node);
        }

        void source(final Source source, final Meter meter) {
            sources.add(source);
            sourceMeters.add(meter);
        }

        void arrival(final Source source, final Meter meter) {
            source(source, meter);
            arrivals.add(source);
        }

        void stage(final Stage stage, final Meter meter) {
            stages.add(stage);
            stageMeters.add(meter);
        }

        void target(final Output output, final Burst inbox) {
            targets.put(output, inbox);
        }

        void probe(final Watch watch, final Probe probe) {
            probes.put(watch, probe);
        }

        /** Something to do on the worker's thread before the first pass. */
        void beginning(final Runnable task) {
            beginnings.add(task);
        }

        Program build() {
            return new Program(this);
        }
    }
}
