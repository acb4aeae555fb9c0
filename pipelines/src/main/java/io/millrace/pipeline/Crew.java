/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DataplaneException;
import io.millrace.FrameCache;
import io.millrace.linux.Cpus;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The running workers of a data plane and the graph they run.
 *
 * <p>Thread safety: none; the data plane guards it.
 */
final class Crew implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Crew.class);
    private static final int CLOSE_RETRY_MS = 1000;

    private final List<Node> nodes;
    private final List<Worker> workers = new ArrayList<>();
    private final List<AgentRunner> runners = new ArrayList<>();
    private final List<AdaptiveIdle> sleepers = new ArrayList<>();

    private Crew(final List<Node> nodes) {
        this.nodes = nodes;
    }

    /**
     * Compiles a checked graph and starts its workers.
     *
     * @throws DataplaneException if that fails; nothing runs then.
     */
    static Crew start(final Dataplane dataplane, final Graph graph) {
        final List<Component> components = Components.of(graph);
        final Map<Node, String> names = NodeNames.of(graph);
        final Crew crew = new Crew(List.copyOf(names.keySet()));
        try {
            names.forEach((node, name) -> node.bind(name, dataplane.counters()));
            final int[] cpus = dataplane.cpus();
            final List<List<Component>> shares = shares(components, cpus);
            for (int i = 0; i < shares.size(); i++) {
                crew.hire("worker-" + i, cpus.length == 0 ? Worker.UNPINNED : cpus[i], shares.get(i), dataplane);
            }
            for (final AgentRunner runner : crew.runners) {
                AgentRunner.startOnThread(runner, Crew::thread);
            }
            for (final Worker worker : crew.workers) {
                worker.awaitStart();
            }
            return crew;
        } catch (final InterruptedException e) {
            crew.close();
            Thread.currentThread().interrupt();
            throw new DataplaneException("interrupted while the workers started", e);
        } catch (final RuntimeException e) {
            crew.close();
            throw e;
        }
    }

    /** One list of components for each worker: the largest first, each to whom has the fewest queues so far. */
    private static List<List<Component>> shares(final List<Component> components, final int[] cpus) {
        // Without a list one CPU is left for the control thread, the compiler and the collector.
        final int most = cpus.length > 0 ? cpus.length : Math.max(1, Cpus.available().length - 1);
        final int count = Math.min(components.size(), most);
        if (count < cpus.length) {
            LOG.info("{} of {} CPUs used: the graph has {} independent part{}", count, cpus.length,
                components.size(), components.size() == 1 ? "" : "s");
        }
        final List<List<Component>> shares = new ArrayList<>();
        final int[] queues = new int[count];
        for (int i = 0; i < count; i++) {
            shares.add(new ArrayList<>());
        }
        for (final Component component : components) {
            int least = 0;
            for (int i = 1; i < count; i++) {
                least = queues[i] < queues[least] ? i : least;
            }
            shares.get(least).add(component);
            queues[least] += component.queues().size();
        }
        return shares;
    }

    private void hire(final String name, final int cpu, final List<Component> share, final Dataplane dataplane) {
        final FrameCache frames = dataplane.pool().cache(name);
        final FaultLog faults = new FaultLog();
        final Program program =
            new Linker(frames, dataplane.counters(), faults, dataplane.burst(), dataplane.offloads()).link(share);
        final Worker worker = new Worker(name, cpu, frames, program, faults, dataplane.counters());
        workers.add(worker);
        final IdleStrategy idle = dataplane.idle().strategy(worker, dataplane.maxWaitNs());
        if (idle instanceof final AdaptiveIdle adaptive) {
            sleepers.add(adaptive);
        }
        runners.add(new AgentRunner(idle, Crew::failed, null, worker));
    }

    private static Thread thread(final Runnable runner) {
        final Thread thread = new Thread(runner);
        // A forgotten close must not keep the process alive.
        thread.setDaemon(true);
        return thread;
    }

    private static void failed(final Throwable failure) {
        // A failed start reaches the caller of start; nothing else gets here, for a worker guards each of its steps.
        LOG.debug("a worker failed", failure);
    }

    List<Worker> workers() {
        return List.copyOf(workers);
    }

    /** Stops every worker and waits for that. Afterwards no thread touches the queues. */
    @Override
    public void close() {
        sleepers.forEach(AdaptiveIdle::stop);
        for (final AgentRunner runner : runners) {
            runner.close(CLOSE_RETRY_MS, thread -> LOG.warn("{} does not stop: a node or a driver of it blocks",
                thread.getName()));
        }
        sleepers.forEach(AdaptiveIdle::close);
        sleepers.clear();
        nodes.forEach(Node::unbind);
    }
}
