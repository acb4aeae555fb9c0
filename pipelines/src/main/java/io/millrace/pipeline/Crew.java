/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.FrameCache;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The running workers of a data plane and the graph they run. {@link Swap} gives them another one.
 *
 * <p>Thread safety: {@link #wake}, {@link #workers} and {@link #graph} from any thread; the rest is the data plane's,
 * one call at a time.
 */
final class Crew implements AutoCloseable {
    /** What a running handoff is known by from one graph to the next. */
    record Route(String name, Worker from, Worker to) {
        static Route of(final Crossing crossing) {
            return new Route(crossing.name(), crossing.from(), crossing.to());
        }
    }

    private final Map<Route, Handoff> handoffs = new LinkedHashMap<>();
    // Replaced as a whole, for others read them.
    private volatile Map<Worker, WorkerThread> threads = Map.of();
    private volatile Map<Worker, List<Section>> shares = Map.of();
    private volatile Graph graph = new Graph();
    private volatile long version;

    /** What runs: not to be changed. Without wires before the first start. */
    Graph graph() {
        return graph;
    }

    /** How many graphs there were. */
    long version() {
        return version;
    }

    /** What each worker runs. */
    Map<Worker, List<Section>> shares() {
        return shares;
    }

    /** Who polls which receive queue. */
    Map<PortEnd, Worker> receivers() {
        final Map<PortEnd, Worker> receivers = new LinkedHashMap<>();
        shares.forEach((worker, share) ->
            share.forEach(section -> section.rx().forEach(queue -> receivers.put(queue, worker))));
        return receivers;
    }

    /** The threads that run, by their workers. */
    Map<Worker, WorkerThread> threads() {
        return threads;
    }

    List<Worker> workers() {
        return List.copyOf(threads.keySet());
    }

    Map<Route, Handoff> handoffs() {
        return handoffs;
    }

    /** Takes note of what runs from now on. */
    void runs(final Graph next, final Map<Worker, List<Section>> nextShares,
              final Map<Worker, WorkerThread> nextThreads) {
        threads = nextThreads;
        shares = nextShares;
        graph = next;
        version++;
    }

    /** Has every worker that sleeps look at its queues now. Any thread; does nothing once the crew has ended. */
    void wake() {
        threads.values().forEach(WorkerThread::wake);
    }

    /**
     * Stops every worker and waits for that, then frees what was on the way between them. Afterwards no thread touches
     * the queues.
     */
    @Override
    public void close() {
        final List<WorkerThread> ending = new ArrayList<>(threads.values());
        ending.forEach(WorkerThread::stop);
        ending.forEach(WorkerThread::close);
        // A worker that was not waited for to the end may still be in its queues.
        if (ending.stream().allMatch(WorkerThread::hasEnded)) {
            handoffs.forEach((route, handoff) -> {
                final FrameCache frames = route.to().frames();
                handoff.drain(frames);
                frames.close();
                handoff.close();
            });
            handoffs.clear();
        }
        graph.nodes().forEach(Node::unbind);
        threads = Map.of();
    }
}
