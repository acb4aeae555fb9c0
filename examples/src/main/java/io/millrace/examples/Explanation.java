/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.GraphView.NodeView;
import io.millrace.pipeline.GraphView.PortView;
import io.millrace.pipeline.GraphView.QueueView;
import io.millrace.pipeline.GraphView.WorkerView;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Where the time of each worker goes, worked out from what was measured in an interval, and what a cut would gain.
 *
 * @param workers in the order of the view; those that nothing was measured of are left out.
 * @param split   of the busiest worker; empty if it has nothing to cut.
 */
record Explanation(List<Cost> workers, Optional<Split> split) {
    private static final String REST = "handing over, and the loop itself";

    /**
     * What a worker spends.
     *
     * @param busyPercent      of its time.
     * @param packetsPerSecond that it received.
     * @param nsPerPacket      of its time, for each packet that it received.
     * @param packetsPerPass   that came together.
     * @param stages           in the order in which packets take them; the last one is what is left over.
     */
    record Cost(String worker, double busyPercent, double packetsPerSecond, double nsPerPacket, double packetsPerPass,
                List<Stage> stages) {
        /** Packets a second, if it had no idle time and packets cost what they do now. */
        double fullLoad() {
            return 1e9 / nsPerPacket;
        }
    }

    /**
     * One stage of a worker.
     *
     * @param kind        {@code rx}, {@code node}, {@code tx} or {@code rest}.
     * @param nsPerPacket for each packet that the worker received, whether it comes here or not.
     * @param ns          for each packet that comes here; 0 for the rest.
     */
    record Stage(String kind, String name, double nsPerPacket, double ns) {
        String label() {
            return kind.equals("node") || kind.equals("rest") ? name : kind + ' ' + name;
        }
    }

    /**
     * A cut of one worker into two.
     *
     * @param worker   that is cut.
     * @param stay     what it keeps.
     * @param move     what goes to a worker of its own.
     * @param stayNs   for each packet, as in {@link Cost#nsPerPacket}.
     * @param moveNs   the same.
     * @param fullLoad packets a second of the slower of the two.
     * @param gain     how many times as many as before.
     */
    record Split(String worker, List<String> stay, List<String> move, double stayNs, double moveNs, double fullLoad,
                 double gain) {
    }

    static Explanation of(final Interval interval) {
        final List<Cost> costs = new ArrayList<>();
        for (final WorkerView worker : interval.view().workers()) {
            final Cost cost = cost(interval, worker);
            if (cost.nsPerPacket() > 0) {
                costs.add(cost);
            }
        }
        return new Explanation(costs,
            costs.stream().max(Comparator.comparingDouble(Cost::busyPercent)).flatMap(Explanation::split));
    }

    private static Cost cost(final Interval interval, final WorkerView worker) {
        final GraphView view = interval.view();
        final List<Stage> stages = new ArrayList<>();
        for (final PortView port : view.ports()) {
            queues("rx", port, port.rx(), worker, stages);
        }
        for (final NodeView node : view.nodes()) {
            if (node.worker().equals(worker.name())) {
                stage("node", node.name(), node.packets(), node.sampledNs(), node.sampledPackets(), worker, stages);
            }
        }
        for (final PortView port : view.ports()) {
            queues("tx", port, port.tx(), worker, stages);
        }
        final double inStages = stages.stream().mapToDouble(Stage::nsPerPacket).sum();
        // Both are estimates from samples, so the sum of the parts can exceed the whole.
        final double all = Math.max(inStages, (double) worker.busyNs() / Math.max(1, worker.packets()));
        stages.add(new Stage("rest", REST, all - inStages, 0));
        return new Cost(worker.name(), interval.busyPercent(worker), interval.rate(worker.packets()), all,
            (double) worker.packets() / Math.max(1, worker.busyPasses()), stages);
    }

    private static void queues(final String kind, final PortView port, final List<QueueView> queues,
        final WorkerView worker, final List<Stage> stages) {
        for (final QueueView queue : queues) {
            if (queue.worker().equals(worker.name())) {
                stage(kind, queues.size() == 1 ? port.name() : port.name() + " queue " + queue.number(),
                    queue.packets(), queue.sampledNs(), queue.sampledPackets(), worker, stages);
            }
        }
    }

    private static void stage(final String kind, final String name, final long packets, final long sampledNs,
        final long sampledPackets, final WorkerView worker, final List<Stage> stages) {
        if (worker.packets() > 0 && packets > 0 && sampledPackets > 0 && sampledNs > 0) {
            final double ns = (double) sampledNs / sampledPackets;
            stages.add(new Stage(kind, name, ns * packets / worker.packets(), ns));
        }
    }

    /** The best place to cut: behind the receive queues, or behind a node. */
    private static Optional<Split> split(final Cost cost) {
        final List<Stage> stages = cost.stages();
        final double rest = stages.get(stages.size() - 1).nsPerPacket();
        Split best = null;
        for (int cut = 1; cut < stages.size() - 1; cut++) {
            if (stages.get(cut).kind().equals("rx") || stages.get(cut - 1).kind().equals("tx")) {
                continue;
            }
            final double stay = rest + sum(stages.subList(0, cut));
            final double move = sum(stages.subList(cut, stages.size() - 1));
            final double fullLoad = 1e9 / Math.max(stay, move);
            if (best == null || fullLoad > best.fullLoad) {
                best = new Split(cost.worker(), labels(stages.subList(0, cut)),
                    labels(stages.subList(cut, stages.size() - 1)), stay, move, fullLoad, fullLoad / cost.fullLoad());
            }
        }
        return Optional.ofNullable(best);
    }

    private static double sum(final List<Stage> stages) {
        return stages.stream().mapToDouble(Stage::nsPerPacket).sum();
    }

    private static List<String> labels(final List<Stage> stages) {
        return stages.stream().map(Stage::label).toList();
    }
}
