/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DataplaneException;
import io.millrace.linux.Cpus;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.NanoClock;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * What the thread of a {@link Worker} does: one program, over and over, and between two passes what others ask of it.
 * That is how it gets another program, in three steps so that several workers can exchange parts:
 *
 * <pre>
 *   running --- drain() ---&gt; draining --- release(next) ---&gt; idle --- adopt(next), resume() ---&gt; running
 *              ports are left alone:      lets go of what is     the next program,
 *              packets between workers    not in the next one    when all have theirs
 *              reach their ports
 * </pre>
 *
 * <p>Thread safety: {@link #roleName}, {@link #awaitStart}, {@link #call} and the numbers from any thread; the rest is
 * for the thread that runs it, which is where what {@link #call} is given runs.
 */
final class Duty implements Agent {
    // The clock is read, stages are timed and counters are written in one of so many passes.
    private static final int HOUSEKEEPING_MASK = 63;
    private static final long TICK_NS = 100_000_000;
    private static final int MOST_TASKS = 1024;
    private static final VarHandle CYCLES;

    static {
        try {
            CYCLES = MethodHandles.lookup().findVarHandle(Duty.class, "cycles", long.class);
        } catch (final ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Worker worker;
    private final NanoClock clock;
    private final int housekeepingMask;
    private final boolean samples;
    private final FaultLog faults = new FaultLog();
    private final DropWatch dropWatch;
    private final MpscVarHandleArrayQueue<Runnable> tasks = new MpscVarHandleArrayQueue<>(MOST_TASKS);
    private final Set<Node> started = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Counters.Scope scope;
    private final Counter cyclesCounter;
    private final Counter busyCyclesCounter;
    private final Counter packetsCounter;
    private final Counter sampledBusyNs;
    private final Counter sampledBusyCycles;
    private final CountDownLatch start = new CountDownLatch(1);
    private Throwable startFailure;
    private Program program = Program.EMPTY;
    private WakeUps wakeUps;
    private boolean isDraining;
    private long cycles;
    private long busyCycles;
    private long packets;
    private long publishedCycles;
    private long publishedBusyCycles;
    private long publishedPackets;
    private long nextTickNs;
    // Written by this thread, read by the one that swaps.
    private volatile long drainPasses;
    private volatile long drained;

    /**
     * Nothing to do yet.
     *
     * @param clock that nodes are told the time by.
     */
    Duty(final Worker worker, final Counters counters, final NanoClock clock, final Settings settings) {
        this.worker = worker;
        this.clock = clock;
        dropWatch = new DropWatch(worker, faults);
        // A worker that is stepped makes few passes.
        housekeepingMask = settings.isStepped() ? 0 : HOUSEKEEPING_MASK;
        samples = settings.samples();
        scope = counters.scope("worker", worker.name());
        cyclesCounter = scope.counter("cycles");
        busyCyclesCounter = scope.counter("busy-cycles");
        packetsCounter = scope.counter("packets");
        sampledBusyNs = scope.counter("sampled-busy-ns");
        sampledBusyCycles = scope.counter("sampled-busy-cycles");
    }

    @Override
    public String roleName() {
        return worker.name();
    }

    /** Pins the thread. Called by the runner. */
    @Override
    public void onStart() {
        try {
            // A thread that is only lent stays where it is.
            if (worker.isPinned() && !worker.dataplane().settings().isStepped()) {
                Cpus.pin(worker.cpu());
            }
            worker.startedAt(System.nanoTime());
            nextTickNs = clock.nanoTime() + TICK_NS;
        } catch (final Throwable e) {
            startFailure = e;
            // Never an Error: the runner would skip onClose.
            throw new DataplaneException(worker.name() + " did not start", e);
        } finally {
            start.countDown();
        }
    }

    /**
     * What was asked for, then one pass over everything. Called by the runner.
     *
     * @return how many packets came in; 0 lets the worker idle.
     */
    @Override
    public int doWork() {
        if (!tasks.isEmpty()) {
            runTasks();
        }
        if (isDraining) {
            return drainOnce();
        }
        final int received;
        if ((++cycles & housekeepingMask) == 0) {
            received = samples ? runTimed() : program.run();
            keepHouse();
        } else {
            received = program.run();
        }
        if (received > 0) {
            busyCycles++;
            packets += received;
        }
        return received;
    }

    private int runTimed() {
        final long beforeNs = System.nanoTime();
        final int received = program.runTimed();
        if (received > 0) {
            sampledBusyNs.add(System.nanoTime() - beforeNs);
            sampledBusyCycles.increment();
        }
        return received;
    }

    /** Before it sleeps: nothing that its queues have put off waits for the next packet. */
    void flush() {
        program.flush();
    }

    private int drainOnce() {
        final int received = program.drain();
        drained += received;
        packets += received;
        drainPasses++;
        cycles++;
        // Others may need this CPU to come to an end; and an idle worker would fall asleep.
        Thread.yield();
        return 1;
    }

    /** Does what {@link #call} was asked for. Called by {@link #doWork}. */
    void runTasks() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /** What this worker does between passes if it is to sleep. Before it starts. */
    AdaptiveIdle adaptiveIdle(final long maxWaitNs) {
        wakeUps = new WakeUps(program.sources(), faults);
        return new AdaptiveIdle(wakeUps, maxWaitNs, this::flush, this::keepHouse, scope.counter("waits"),
            scope.counter("woken"));
    }

    private void keepHouse() {
        publish();
        final long nowNs = clock.nanoTime();
        if (nowNs - nextTickNs >= 0) {
            nextTickNs = nowNs + TICK_NS;
            for (final Node node : program.nodes()) {
                if (started.contains(node)) {
                    tick(node, nowNs);
                }
            }
        }
    }

    private void tick(final Node node, final long nowNs) {
        try {
            node.onTick(nowNs);
        } catch (final Throwable e) {
            faults.report(node + " onTick", e);
        }
    }

    private void publish() {
        program.publish();
        cyclesCounter.add(cycles - publishedCycles);
        busyCyclesCounter.add(busyCycles - publishedBusyCycles);
        packetsCounter.add(packets - publishedPackets);
        publishedCycles = cycles;
        publishedBusyCycles = busyCycles;
        publishedPackets = packets;
    }

    /** Starts nodes that are new in the next program, while this one still runs. What they throw is thrown. */
    void prepare(final Collection<Node> nodes) {
        for (final Node node : nodes) {
            node.onStart(worker);
            started.add(node);
        }
    }

    /** Ends the nodes that were started and are not in the program: the change did not come about. */
    void abandon() {
        endAllBut(program);
    }

    /** Receives no more from ports, but what other workers hand over. */
    void drain() {
        isDraining = true;
    }

    /** Receives from ports again. */
    void resume() {
        isDraining = false;
    }

    /** Lets go of all that is not in the next program. Nothing is on the way any more. */
    void release(final Program next) {
        endAllBut(next);
        program.release(next, faults);
        program = Program.EMPTY;
    }

    private void endAllBut(final Program next) {
        final Set<Node> gone = Collections.newSetFromMap(new IdentityHashMap<>());
        gone.addAll(started);
        for (final Node node : next.nodes()) {
            gone.remove(node);
        }
        for (final Node node : gone) {
            started.remove(node);
            try {
                node.onClose();
            } catch (final Throwable e) {
                faults.report(node + " onClose", e);
            }
        }
    }

    /**
     * Has another program from now on; it runs when {@link #resume} says that all workers have theirs. Nodes that
     * another worker had are started here.
     */
    void adopt(final Program next) {
        for (final Node node : next.nodes()) {
            if (started.add(node)) {
                try {
                    node.onStart(worker);
                } catch (final Throwable e) {
                    faults.report(node + " onStart", e);
                    started.remove(node);
                    node.quarantine().begin();
                }
            }
        }
        program = next;
        next.begin(dropWatch);
        if (wakeUps != null) {
            wakeUps.watch(next.sources());
        }
    }

    /** Ends the nodes, releases the queues and gives every frame back. Called by the runner, on its thread. */
    @Override
    public void onClose() {
        runTasks();
        release(Program.EMPTY);
        worker.frames().close();
        publish();
    }

    /**
     * Waits until the thread runs. Any other thread.
     *
     * @throws DataplaneException if the pinning failed.
     */
    void awaitStart() throws InterruptedException {
        start.await();
        if (startFailure != null) {
            throw new DataplaneException(worker.name() + " did not start: " + startFailure.getMessage(), startFailure);
        }
    }

    /** Has the thread run {@code task} between two passes; the future ends when it has, as it did. Any thread. */
    CompletableFuture<Void> call(final Runnable task) {
        final CompletableFuture<Void> result = new CompletableFuture<>();
        final boolean isTaken = tasks.offer(() -> {
            try {
                task.run();
                result.complete(null);
            } catch (final Throwable e) {
                result.completeExceptionally(e);
            }
        });
        if (!isTaken) {
            result.completeExceptionally(new DataplaneException(worker + " has " + MOST_TASKS
                + " tasks waiting already: a node or a driver of it blocks"));
        }
        return result;
    }

    /** A sign of life: another number, another pass. Any thread. */
    long passes() {
        return (long) CYCLES.getOpaque(this);
    }

    /** How many passes it has ended while draining. Any thread. */
    long drainPasses() {
        return drainPasses;
    }

    /** How many packets it received while draining. Any thread. */
    long drained() {
        return drained;
    }

    /** Who looks at the wires of its program. On its thread, or while it does not run. */
    Map<Watch, Probe> probes() {
        return program.probes();
    }

    /** Who looks at what it drops. On its thread, or before that runs. */
    DropWatch dropWatch() {
        return dropWatch;
    }

    /** Where its faults are reported. */
    FaultLog faults() {
        return faults;
    }
}
