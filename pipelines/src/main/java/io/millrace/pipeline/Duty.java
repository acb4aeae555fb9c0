/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DataplaneException;
import io.millrace.linux.Cpus;
import org.agrona.concurrent.Agent;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/**
 * What the thread of a {@link Worker} does: one program, over and over.
 *
 * <p>Thread safety: {@link #roleName} and {@link #awaitStart} from any thread; the rest is for the thread that runs it.
 */
final class Duty implements Agent {
    // The clock is read and counters are written in one of so many passes.
    private static final int HOUSEKEEPING_MASK = 63;
    private static final long TICK_NS = 100_000_000;

    private final Worker worker;
    private final Program program;
    private final FaultLog faults;
    private final Counter cyclesCounter;
    private final Counter busyCyclesCounter;
    private final Counter packetsCounter;
    private final Counters.Scope scope;
    private final CountDownLatch started = new CountDownLatch(1);
    private Throwable startFailure;
    private int startedNodes;
    private long cycles;
    private long busyCycles;
    private long packets;
    private long publishedCycles;
    private long publishedBusyCycles;
    private long publishedPackets;
    private long nextTickNs;

    Duty(final Worker worker, final Program program, final FaultLog faults, final Counters counters) {
        this.worker = worker;
        this.program = program;
        this.faults = faults;
        scope = counters.scope("worker", worker.name());
        cyclesCounter = scope.counter("cycles");
        busyCyclesCounter = scope.counter("busy-cycles");
        packetsCounter = scope.counter("packets");
    }

    @Override
    public String roleName() {
        return worker.name();
    }

    /** Pins the thread and starts the nodes. Called by the runner. */
    @Override
    public void onStart() {
        try {
            if (worker.isPinned()) {
                Cpus.pin(worker.cpu());
            }
            for (final Node node : program.nodes()) {
                node.onStart(worker);
                startedNodes++;
            }
            nextTickNs = System.nanoTime() + TICK_NS;
        } catch (final Throwable e) {
            startFailure = e;
            // Never an Error: the runner would skip onClose, and the queues would not be released.
            throw new DataplaneException(worker.name() + " did not start", e);
        } finally {
            started.countDown();
        }
    }

    /**
     * One pass over everything. Called by the runner.
     *
     * @return how many packets came in; 0 lets the worker idle.
     */
    @Override
    public int doWork() {
        final int received = program.run();
        if (received > 0) {
            busyCycles++;
            packets += received;
        }
        if ((++cycles & HOUSEKEEPING_MASK) == 0) {
            keepHouse();
        }
        return received;
    }

    /** What this worker does between passes if it is to sleep. Before it starts. */
    AdaptiveIdle adaptiveIdle(final long maxWaitNs) {
        return new AdaptiveIdle(new WakeUps(program.sources(), faults), maxWaitNs, this::keepHouse,
            scope.counter("waits"), scope.counter("woken"));
    }

    private void keepHouse() {
        publish();
        final long nowNs = System.nanoTime();
        if (nowNs - nextTickNs >= 0) {
            nextTickNs = nowNs + TICK_NS;
            for (final Node node : program.nodes()) {
                tick(node, nowNs);
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
        cyclesCounter.add(cycles - publishedCycles);
        busyCyclesCounter.add(busyCycles - publishedBusyCycles);
        packetsCounter.add(packets - publishedPackets);
        publishedCycles = cycles;
        publishedBusyCycles = busyCycles;
        publishedPackets = packets;
    }

    /** Ends the nodes, releases the queues and gives every frame back. Called by the runner, on its thread. */
    @Override
    public void onClose() {
        for (final Node node : Arrays.copyOf(program.nodes(), startedNodes)) {
            try {
                node.onClose();
            } catch (final Throwable e) {
                faults.report(node + " onClose", e);
            }
        }
        program.close();
        worker.frames().close();
        publish();
    }

    /**
     * Waits until the thread has started its nodes. Any other thread.
     *
     * @throws DataplaneException if one of them, or the pinning, failed.
     */
    void awaitStart() throws InterruptedException {
        started.await();
        if (startFailure != null) {
            throw new DataplaneException(worker.name() + " did not start: " + startFailure.getMessage(), startFailure);
        }
    }
}
