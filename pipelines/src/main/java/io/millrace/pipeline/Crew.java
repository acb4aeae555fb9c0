/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DataplaneException;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
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
    // Between two workers: packets, and bursts where these are large.
    private static final int MOST_PACKETS = 1024;
    private static final int MOST_BURSTS = 4;

    private final List<Node> nodes;
    private final List<Worker> workers = new ArrayList<>();
    private final List<Duty> duties = new ArrayList<>();
    private final List<AgentRunner> runners = new ArrayList<>();
    private final List<AdaptiveIdle> sleepers = new ArrayList<>();
    private final Map<Crossing, Handoff> handoffs = new LinkedHashMap<>();

    private Crew(final List<Node> nodes) {
        this.nodes = nodes;
    }

    /**
     * Compiles a checked graph and starts its workers.
     *
     * @throws DataplaneException if that fails; nothing runs then.
     */
    static Crew start(final Dataplane dataplane, final Graph graph) {
        final Map<Node, String> names = NodeNames.of(graph);
        final Crew crew = new Crew(List.copyOf(names.keySet()));
        try {
            names.forEach((node, name) -> node.bind(name, dataplane.counters()));
            final Map<Worker, List<Section>> shares = Shares.of(graph, dataplane);
            crew.prepareHandoffs(shares.values(), dataplane);
            shares.forEach((worker, share) -> crew.hire(worker, share, dataplane));
            for (final AgentRunner runner : crew.runners) {
                AgentRunner.startOnThread(runner, Crew::thread);
            }
            for (final Duty duty : crew.duties) {
                duty.awaitStart();
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

    private void prepareHandoffs(final Collection<List<Section>> shares, final Dataplane dataplane) {
        final List<Crossing> crossings = new ArrayList<>();
        shares.forEach(share -> share.forEach(section -> crossings.addAll(section.departures())));
        // However far the receivers fall behind, half of the frames are left for everybody else.
        final int fair = dataplane.pool().frames() / 2 / Math.max(1, crossings.size());
        final int burst = dataplane.burst();
        final int most = Math.max(burst, Math.min(Math.max(MOST_PACKETS, MOST_BURSTS * burst), fair));
        for (final Crossing crossing : crossings) {
            handoffs.put(crossing, new Handoff(burst, most, dataplane.idle() == Idle.ADAPTIVE,
                dataplane.counters().scope("handoff", crossing.name())));
        }
    }

    private void hire(final Worker worker, final List<Section> share, final Dataplane dataplane) {
        workers.add(worker);
        final FaultLog faults = new FaultLog();
        final Program program = new Linker(worker.frames(), dataplane.counters(), faults, dataplane.burst(),
            dataplane.offloads(), handoffs).link(share);
        final Duty duty = new Duty(worker, program, faults, dataplane.counters());
        duties.add(duty);
        final IdleStrategy idle = dataplane.idle().strategy(duty, dataplane.maxWaitNs());
        if (idle instanceof final AdaptiveIdle adaptive) {
            sleepers.add(adaptive);
        }
        runners.add(new AgentRunner(idle, Crew::failed, null, duty));
    }

    private static void empty(final Crossing crossing, final Handoff handoff) {
        handoff.drain(crossing.to().frames());
        crossing.to().frames().close();
        handoff.close();
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

    /** Has every worker that sleeps look at its queues now. Any thread; does nothing once the crew has ended. */
    void wake() {
        synchronized (sleepers) {
            sleepers.forEach(AdaptiveIdle::wake);
        }
    }

    /**
     * Stops every worker and waits for that, then frees what was on the way between them. Afterwards no thread touches
     * the queues.
     */
    @Override
    public void close() {
        sleepers.forEach(AdaptiveIdle::stop);
        for (final AgentRunner runner : runners) {
            runner.close(CLOSE_RETRY_MS, thread -> LOG.warn("{} does not stop: a node or a driver of it blocks",
                thread.getName()));
        }
        synchronized (sleepers) {
            sleepers.forEach(AdaptiveIdle::close);
            sleepers.clear();
        }
        // A worker that was not waited for to the end may still be in its queues.
        if (runners.stream().allMatch(AgentRunner::isClosed)) {
            handoffs.forEach(Crew::empty);
            handoffs.clear();
        }
        nodes.forEach(Node::unbind);
    }
}
