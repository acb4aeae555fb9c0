/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DataplaneException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Gives a {@link Crew} another graph to run while packets flow. In this order, so that until the point of no return
 * everything can be undone and nobody has noticed:
 *
 * <ol>
 * <li>Names, shares, threads of new workers, programs; new nodes are started, on the threads they will run on.
 * <li>The workers concerned, and those they exchange packets with, receive nothing more from their ports and pass on
 * what is on its way between them, until there is nothing.
 * <li>No return. Each lets go of queues and nodes that it will not have; when all have, each is given its next program;
 * when all have that, each receives again.
 * <li>Threads without work end.
 * </ol>
 *
 * <p>Between the second and the third step packets wait in the rings of their ports. Workers that the change does not
 * concern, and that exchange no packets with those it does, go on all the time.
 *
 * <p>No packet is lost, for at the end of a pass all inboxes are empty and in the second step the handoffs become so;
 * none overtakes another, for what was received before has left before anything is received after.
 *
 * <p>Thread safety: one at a time, on the thread of whoever asked for it.
 */
final class Swap {
    private static final Logger LOG = LoggerFactory.getLogger(Swap.class);
    private static final long START_PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_AGAIN_NS = 5_000;
    // Between two workers: packets, and bursts where these are large.
    private static final int MOST_PACKETS = 1024;
    private static final int MOST_BURSTS = 4;

    private final Dataplane dataplane;
    private final Crew crew;
    private final Graph next;
    private final Map<PortEnd, Worker> wanted;
    private final Set<Node> newNodes = new LinkedHashSet<>();
    private final Map<Worker, WorkerThread> threads;
    private final Map<Crossing, Handoff> handoffs = new LinkedHashMap<>();
    private final Map<Worker, Program> programs = new LinkedHashMap<>();
    private Map<Worker, List<Section>> shares;
    private Set<Worker> concerned = Set.of();
    private boolean isDraining;
    private long pauseNs;

    /**
     * A change to come.
     *
     * @param next   checked, and changed by nobody any more.
     * @param wanted who is to poll which queue, where users placed nothing; {@link Crew#receivers} for who does now.
     */
    Swap(final Dataplane dataplane, final Crew crew, final Graph next, final Map<PortEnd, Worker> wanted) {
        this.dataplane = dataplane;
        this.crew = crew;
        this.next = next;
        this.wanted = wanted;
        threads = new LinkedHashMap<>(crew.threads());
    }

    /**
     * Makes the change.
     *
     * @return for how long the workers concerned received nothing, in nanoseconds.
     * @throws DataplaneException if a node, a worker or a probe does not start, or a worker does not answer. Everything
     *                            is as it was then.
     */
    long run() {
        try {
            NodeNames.of(next).forEach(this::bind);
            shares = Shares.of(next, dataplane, wanted);
            concerned = Concerned.by(crew, next, shares);
            hire();
            link();
            prepare();
            drain();
        } catch (final RuntimeException | Error e) {
            undo();
            throw e;
        }
        exchange();
        finish();
        return pauseNs;
    }

    private void bind(final Node node, final String name) {
        if (!node.isBound()) {
            newNodes.add(node);
            node.bind(name, dataplane.counters());
        }
    }

    private void hire() {
        for (final Worker worker : shares.keySet()) {
            if (!threads.containsKey(worker)) {
                threads.put(worker, WorkerThread.start(worker, dataplane));
            }
        }
    }

    private void link() {
        final List<Crossing> crossings = new ArrayList<>();
        shares.values().forEach(share -> share.forEach(section -> crossings.addAll(section.departures())));
        // However far the receivers fall behind, half of the frames are left for everybody else.
        final int fair = dataplane.pool().frames() / 2 / Math.max(1, crossings.size());
        final int burst = dataplane.settings().burst();
        final int most = Math.max(burst, Math.min(Math.max(MOST_PACKETS, MOST_BURSTS * burst), fair));
        for (final Crossing crossing : crossings) {
            final Handoff running = crew.handoffs().get(Crew.Route.of(crossing));
            handoffs.put(crossing, running != null ? running : new Handoff(burst, most,
                dataplane.settings().idle() == Idle.ADAPTIVE, dataplane.counters().scope("handoff", crossing.name())));
        }
        final WireNames wires = WireNames.of(next);
        final OffloadPlan plan = OffloadPlan.of(next);
        for (final Worker worker : concerned) {
            final Duty duty = threads.get(worker).duty();
            programs.put(worker, new Linker(worker, dataplane.counters(), duty.faults(), burst, plan,
                handoffs, wires, duty.probes()).link(shares.getOrDefault(worker, List.of())));
        }
    }

    private void prepare() {
        final Map<Worker, CompletableFuture<Void>> answers = new LinkedHashMap<>();
        for (final Worker worker : concerned) {
            final List<Node> starting = new ArrayList<>(List.of(programs.get(worker).nodes()));
            starting.retainAll(newNodes);
            if (!starting.isEmpty()) {
                final WorkerThread thread = threads.get(worker);
                answers.put(worker, thread.call(() -> thread.duty().prepare(starting)));
            }
        }
        await(answers, START_PATIENCE_NS);
    }

    private void drain() {
        isDraining = true;
        pauseNs = -System.nanoTime();
        await(ask(duty -> duty.drain()), PATIENCE_NS);
        final long deadlineNs = System.nanoTime() + PATIENCE_NS;
        while (!crew.handoffs().isEmpty() && !isQuiet(deadlineNs)) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new DataplaneException("packets between " + concerned + " do not come to an end: "
                    + "a node or a driver of one of them blocks; nothing was changed");
            }
        }
    }

    /**
     * Whether nothing was received while every worker made a whole pass, and nothing waits afterwards. What a pass that
     * was under way took in has left with it, to a port or to a handoff, where it would be seen.
     */
    private boolean isQuiet(final long deadlineNs) {
        final long before = concerned.stream().mapToLong(worker -> threads.get(worker).duty().drained()).sum();
        final Map<Duty, Long> whole = new LinkedHashMap<>();
        for (final Worker worker : concerned) {
            final Duty duty = threads.get(worker).duty();
            whole.put(duty, duty.drainPasses() + 2);
        }
        for (final Map.Entry<Duty, Long> entry : whole.entrySet()) {
            while (entry.getKey().drainPasses() < entry.getValue()) {
                if (System.nanoTime() - deadlineNs > 0) {
                    return false;
                }
                concerned.forEach(worker -> threads.get(worker).step());
                LockSupport.parkNanos(LOOK_AGAIN_NS);
            }
        }
        return crew.handoffs().entrySet().stream()
            .allMatch(entry -> !concerned.contains(entry.getKey().to()) || entry.getValue().isEmpty())
            && before == concerned.stream().mapToLong(worker -> threads.get(worker).duty().drained()).sum();
    }

    private void exchange() {
        awaitForSure(askEach((duty, program) -> duty.release(program)));
        awaitForSure(askEach((duty, program) -> duty.adopt(program)));
        // Not before all have theirs: what one receives another may have to take.
        awaitForSure(ask(Duty::resume));
        pauseNs += System.nanoTime();
    }

    private void finish() {
        final Set<Node> gone = new HashSet<>(crew.graph().nodes());
        gone.removeAll(next.nodes());
        final List<WorkerThread> retired = new ArrayList<>();
        for (final Worker worker : List.copyOf(threads.keySet())) {
            if (!shares.containsKey(worker)) {
                retired.add(threads.remove(worker));
            }
        }
        final Map<Crew.Route, Handoff> running = new LinkedHashMap<>();
        handoffs.forEach((crossing, handoff) -> running.put(Crew.Route.of(crossing), handoff));
        crew.handoffs().values().stream().filter(handoff -> !running.containsValue(handoff)).forEach(Handoff::close);
        crew.handoffs().clear();
        crew.handoffs().putAll(running);
        crew.runs(next, shares, threads);
        retired.forEach(WorkerThread::close);
        gone.forEach(Node::unbind);
    }

    private void undo() {
        if (isDraining) {
            ask(Duty::resume);
        }
        final Map<Worker, CompletableFuture<Void>> abandoned = new LinkedHashMap<>();
        programs.forEach((worker, program) -> {
            final WorkerThread thread = threads.get(worker);
            final Collection<Probe> running = thread.duty().probes().values();
            program.probes().values().stream().filter(probe -> !running.contains(probe)).forEach(Swap::close);
            abandoned.put(worker, thread.call(thread.duty()::abandon));
        });
        try {
            await(abandoned, PATIENCE_NS);
        } catch (final DataplaneException e) {
            LOG.warn("what was begun on a worker could not be ended there: {}", e.getMessage());
        }
        threads.forEach((worker, thread) -> {
            if (!crew.threads().containsKey(worker)) {
                thread.close();
            }
        });
        handoffs.values().stream().filter(handoff -> !crew.handoffs().containsValue(handoff)).forEach(Handoff::close);
        newNodes.forEach(Node::unbind);
    }

    private static void close(final Probe probe) {
        try {
            probe.close();
        } catch (final RuntimeException e) {
            LOG.warn("a probe did not close", e);
        }
    }

    /** Something that a worker is asked to do with its next program. */
    private interface Step {
        void take(Duty duty, Program program);
    }

    private Map<Worker, CompletableFuture<Void>> ask(final Consumer<Duty> step) {
        return askEach((duty, program) -> step.accept(duty));
    }

    private Map<Worker, CompletableFuture<Void>> askEach(final Step step) {
        final Map<Worker, CompletableFuture<Void>> answers = new LinkedHashMap<>();
        for (final Worker worker : concerned) {
            final WorkerThread thread = threads.get(worker);
            answers.put(worker, thread.call(() -> step.take(thread.duty(), programs.get(worker))));
        }
        return answers;
    }

    private static void await(final Map<Worker, CompletableFuture<Void>> answers, final long patienceNs) {
        final long deadlineNs = System.nanoTime() + patienceNs;
        for (final Map.Entry<Worker, CompletableFuture<Void>> answer : answers.entrySet()) {
            try {
                get(answer.getValue(), deadlineNs);
            } catch (final ExecutionException e) {
                throw new DataplaneException(answer.getKey().name() + " did not start: " + e.getCause().getMessage(),
                    e.getCause());
            } catch (final TimeoutException e) {
                throw new DataplaneException(answer.getKey() + " has not answered for "
                    + TimeUnit.NANOSECONDS.toSeconds(patienceNs) + " seconds: a node or a driver of it blocks; "
                    + "nothing was changed", e);
            }
        }
    }

    /** Waits even if it is interrupted: it is not for long, and who ends a trace may well be. */
    private static void get(final CompletableFuture<Void> answer, final long deadlineNs)
        throws ExecutionException, TimeoutException {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    answer.get(Math.max(1, deadlineNs - System.nanoTime()), TimeUnit.NANOSECONDS);
                    return;
                } catch (final InterruptedException e) {
                    isInterrupted = true;
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits as long as it takes: half a change is none. */
    private static void awaitForSure(final Map<Worker, CompletableFuture<Void>> answers) {
        for (final Map.Entry<Worker, CompletableFuture<Void>> answer : answers.entrySet()) {
            while (!answer.getValue().isDone()) {
                try {
                    get(answer.getValue(), System.nanoTime() + PATIENCE_NS);
                } catch (final TimeoutException e) {
                    LOG.warn("{} does not go on to the next graph: a node or a driver of it blocks", answer.getKey());
                } catch (final ExecutionException e) {
                    LOG.error("{} failed between two graphs", answer.getKey(), e.getCause());
                }
            }
        }
    }
}
