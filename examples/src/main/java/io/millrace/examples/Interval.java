/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.GraphView.NodeView;
import io.millrace.pipeline.GraphView.PortView;
import io.millrace.pipeline.GraphView.QueueView;
import io.millrace.pipeline.GraphView.WireView;
import io.millrace.pipeline.GraphView.WorkerView;
import io.millrace.pipeline.control.ControlClient;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/**
 * What happened in a running process between two looks at it.
 *
 * @param view  the later view, but all its numbers count from the earlier one: its time is the time between the two.
 *              What came in between counts from its beginning.
 * @param drops packets by the name of their counter, of those that were dropped meanwhile.
 */
record Interval(GraphView view, Map<String, Long> drops) {
    /** One look at a process. */
    record Look(GraphView view, Map<String, Long> drops) {
        static Look at(final ControlClient client) {
            final Map<String, Long> drops = new TreeMap<>();
            client.ask("stats", Map.of()).getAsJsonObject().asMap().forEach((name, value) -> {
                if (Totals.isDrop(name)) {
                    drops.put(name, value.getAsLong());
                }
            });
            return new Look(client.ask("view", GraphView.class), drops);
        }
    }

    /** Looks twice, with so much time in between. */
    static Interval of(final ControlClient client, final long ns) {
        final Look before = Look.at(client);
        final long endNs = System.nanoTime() + ns;
        for (long leftNs = ns; leftNs > 0; leftNs = endNs - System.nanoTime()) {
            LockSupport.parkNanos(leftNs);
        }
        return between(before, Look.at(client));
    }

    static Interval between(final Look before, final Look now) {
        final Map<String, Long> drops = new TreeMap<>();
        now.drops.forEach((name, packets) -> {
            final long more = packets - before.drops.getOrDefault(name, 0L);
            if (more > 0) {
                drops.put(name, more);
            }
        });
        return new Interval(between(before.view, now.view), drops);
    }

    private static GraphView between(final GraphView from, final GraphView to) {
        return new GraphView(to.name(), to.version(), Math.max(1, to.timeNs() - from.timeNs()),
            since(from.workers(), to.workers(), WorkerView::name, Interval::worker),
            since(from.ports(), to.ports(), PortView::name, Interval::port),
            since(from.nodes(), to.nodes(), NodeView::name, Interval::node),
            since(from.wires(), to.wires(), WireView::name, Interval::wire));
    }

    private static <T, K> List<T> since(final List<T> from, final List<T> to, final Function<T, K> key,
        final BinaryOperator<T> minus) {
        final Map<K, T> known = new LinkedHashMap<>();
        from.forEach(part -> known.put(key.apply(part), part));
        return to.stream().map(part -> Optional.ofNullable(known.get(key.apply(part)))
            .map(before -> minus.apply(part, before)).orElse(part)).toList();
    }

    private static WorkerView worker(final WorkerView now, final WorkerView before) {
        return new WorkerView(now.name(), now.cpu(), now.passes() - before.passes(),
            now.busyPasses() - before.busyPasses(), now.packets() - before.packets(),
            // An estimate: a later one can be smaller.
            Math.max(0, now.busyNs() - before.busyNs()), now.runningNs() - before.runningNs());
    }

    private static PortView port(final PortView now, final PortView before) {
        return new PortView(now.name(), now.id(), now.link(), now.offloads(),
            since(before.rx(), now.rx(), QueueView::number, Interval::queue),
            since(before.tx(), now.tx(), QueueView::number, Interval::queue));
    }

    private static QueueView queue(final QueueView now, final QueueView before) {
        return new QueueView(now.number(), now.worker(), now.packets() - before.packets(), now.bytes() - before.bytes(),
            now.drops() - before.drops(), now.sampledNs() - before.sampledNs(),
            now.sampledPackets() - before.sampledPackets());
    }

    private static NodeView node(final NodeView now, final NodeView before) {
        return new NodeView(now.name(), now.type(), now.worker(), now.packets() - before.packets(),
            now.drops() - before.drops(), now.sampledNs() - before.sampledNs(),
            now.sampledPackets() - before.sampledPackets(), now.isQuarantined());
    }

    private static WireView wire(final WireView now, final WireView before) {
        return new WireView(now.name(), now.from(), now.to(), now.packets() - before.packets(),
            now.drops() - before.drops());
    }

    /** How many a second. */
    double rate(final long count) {
        return count * 1e9 / view.timeNs();
    }

    /** How much of its time a worker was busy, in percent. */
    double busyPercent(final WorkerView worker) {
        return Math.min(100, worker.busyNs() * 100.0 / Math.max(1, worker.runningNs()));
    }

    /** What a packet cost, or "-" if none was measured. */
    static String cost(final long sampledNs, final long sampledPackets) {
        return sampledPackets == 0 ? "-" : String.format("%.0f ns", (double) sampledNs / sampledPackets);
    }
}
