/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.linux.Cpus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Gives every worker its share of a graph: what was placed on it, or else whole components. A component of which some
 * worker has a queue already stays with that one.
 */
final class Shares {
    private static final Logger LOG = LoggerFactory.getLogger(Shares.class);

    private final Dataplane dataplane;
    private final Map<PortEnd, Worker> present;
    private final Placement placement;
    private final Map<Worker, List<Section>> byWorker = new LinkedHashMap<>();

    private Shares(final Dataplane dataplane, final Map<PortEnd, Worker> present, final Placement placement) {
        this.dataplane = dataplane;
        this.present = present;
        this.placement = placement;
    }

    /**
     * What each worker runs.
     *
     * @param present who polls which receive queue now; empty if nothing runs.
     * @throws WiringException if there are parts left and no CPU for them.
     */
    static Map<Worker, List<Section>> of(final Graph graph, final Dataplane dataplane,
                                         final Map<PortEnd, Worker> present) {
        final Shares shares = new Shares(dataplane, present, Placement.of(graph));
        shares.placement.workers().forEach(worker -> shares.byWorker.put(worker, new ArrayList<>()));
        final Set<String> crossings = new HashSet<>();
        final List<Component> unplaced = new ArrayList<>();
        for (final Component component : Components.of(graph)) {
            // All of a component is placed, or nothing: what is connected follows.
            if (shares.placement.rx(component.queues().get(0)) == null) {
                unplaced.add(component);
            } else {
                Sections.of(component, shares.placement, crossings).forEach(shares::add);
            }
        }
        if (!unplaced.isEmpty()) {
            shares.divide(unplaced);
        }
        return shares.byWorker;
    }

    private void add(final Worker worker, final Section section) {
        byWorker.computeIfAbsent(worker, w -> new ArrayList<>()).add(section);
    }

    /** The largest component first, each to whom has the fewest queues so far. */
    private void divide(final List<Component> components) {
        final int[] cpus = freeCpus(components.get(0));
        // Without a list one CPU is left for the control thread, the compiler and the collector.
        final int most = cpus.length > 0 ? cpus.length
            : Math.max(1, Cpus.available().length - 1 - placement.workers().size());
        final int count = Math.min(components.size(), most);
        if (count < cpus.length && present.isEmpty()) {
            LOG.info("{} of {} CPUs used: the graph has {} independent part{}", count, cpus.length,
                components.size(), components.size() == 1 ? "" : "s");
        }
        final Set<String> names = dataplane.roster().names();
        final Worker[] workers = new Worker[count];
        final int[] queues = new int[count];
        for (int i = 0; i < count; i++) {
            workers[i] = dataplane.roster().unnamed("worker-" + i, cpus.length == 0 ? Worker.UNPINNED : cpus[i], names);
        }
        for (final Component component : components) {
            int chosen = Arrays.asList(workers).indexOf(presentWorker(component));
            for (int i = 0; chosen < 0 && i < count; i++) {
                final int queuesHere = queues[i];
                chosen = IntStream.of(queues).allMatch(other -> queuesHere <= other) ? i : -1;
            }
            add(workers[chosen], Section.whole(component));
            queues[chosen] += component.queues().size();
        }
    }

    private Worker presentWorker(final Component component) {
        return component.queues().stream().map(present::get).filter(Objects::nonNull).findFirst().orElse(null);
    }

    /** The CPUs of the data plane that no worker which something was placed on is pinned to. */
    private int[] freeCpus(final Component unplaced) {
        final int[] cpus = dataplane.settings().cpus();
        final int[] free = IntStream.of(cpus)
            .filter(cpu -> placement.workers().stream().noneMatch(worker -> worker.cpu() == cpu)).toArray();
        if (cpus.length > 0 && free.length == 0) {
            throw new WiringException("port " + unplaced.queues().get(0).port().name() + " is placed on no worker, and "
                + "every CPU of " + Arrays.toString(cpus) + " has a worker with something else: place it too, or give "
                + "data plane " + dataplane.name() + " one more CPU");
        }
        return free;
    }
}
