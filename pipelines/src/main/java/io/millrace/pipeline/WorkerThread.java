/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DataplaneException;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletableFuture;

/**
 * The thread of one {@link Worker}: runs its {@link Duty} and sleeps as the data plane's {@link Idle} says. In a data
 * plane that is stepped there is none, and whoever steps it, or asks something of it, lends his own.
 *
 * <p>Thread safety: {@link #call}, {@link #wake} and {@link #step} from any thread; the rest is the data plane's, one
 * call at a time.
 */
final class WorkerThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerThread.class);
    private static final int CLOSE_RETRY_MS = 1000;

    private final Worker worker;
    private final Duty duty;
    private final AgentRunner runner;
    private final AdaptiveIdle sleeper;
    private final Object gate = new Object();
    private boolean isClosed;

    private WorkerThread(final Worker worker, final Dataplane dataplane) {
        this.worker = worker;
        duty = new Duty(worker, dataplane.counters(), dataplane.clock(), dataplane.settings());
        duty.dropWatch().by(dataplane.dropWatchers().makers());
        final IdleStrategy idle = dataplane.settings().isStepped() ? null
            : dataplane.settings().idle().strategy(duty, dataplane.settings().maxWaitNs());
        sleeper = idle instanceof final AdaptiveIdle adaptive ? adaptive : null;
        runner = idle == null ? null : new AgentRunner(idle, WorkerThread::failed, null, duty);
    }

    /**
     * Starts it, with nothing to do yet.
     *
     * @throws DataplaneException if it cannot be pinned. There is no thread then.
     */
    static WorkerThread start(final Worker worker, final Dataplane dataplane) {
        final WorkerThread thread = new WorkerThread(worker, dataplane);
        if (thread.runner == null) {
            thread.duty.onStart();
            return thread;
        }
        AgentRunner.startOnThread(thread.runner, WorkerThread::thread);
        try {
            thread.duty.awaitStart();
            return thread;
        } catch (final InterruptedException e) {
            thread.close();
            Thread.currentThread().interrupt();
            throw new DataplaneException("interrupted while " + worker + " started", e);
        } catch (final RuntimeException e) {
            thread.close();
            throw e;
        }
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

    Worker worker() {
        return worker;
    }

    Duty duty() {
        return duty;
    }

    /** What the thread is doing now, for messages; empty if it is not there. */
    StackTraceElement[] stack() {
        final Thread thread = runner == null ? null : runner.thread();
        return thread == null ? new StackTraceElement[0] : thread.getStackTrace();
    }

    /** Whether the calling thread is this one, or is lent to it. */
    boolean isCurrent() {
        return runner == null ? Thread.holdsLock(gate) : runner.thread() == Thread.currentThread();
    }

    /** Has the thread run {@code task} between two passes, soon even if it sleeps. */
    CompletableFuture<Void> call(final Runnable task) {
        final CompletableFuture<Void> result = duty.call(task);
        if (runner == null) {
            synchronized (gate) {
                duty.runTasks();
            }
        }
        wake();
        return result;
    }

    /** Makes one pass on the calling thread, if there is no other. Returns how many packets came in. */
    int step() {
        if (runner != null) {
            return 0;
        }
        synchronized (gate) {
            return isClosed ? 0 : duty.doWork();
        }
    }

    /** Has it look at its queues now. Does nothing once it has ended. */
    void wake() {
        synchronized (gate) {
            if (sleeper != null && !isClosed) {
                sleeper.wake();
            }
        }
    }

    /** Wakes it for good, so that it ends soon when it is closed. */
    void stop() {
        synchronized (gate) {
            if (sleeper != null && !isClosed) {
                sleeper.stop();
            }
        }
    }

    /** Ends it and waits for that. Afterwards no thread touches its queues. */
    @Override
    public void close() {
        stop();
        if (runner == null) {
            synchronized (gate) {
                if (!isClosed) {
                    duty.onClose();
                }
                isClosed = true;
            }
            return;
        }
        runner.close(CLOSE_RETRY_MS, thread -> LOG.warn("{} does not stop: a node or a driver of it blocks",
            thread.getName()));
        synchronized (gate) {
            if (sleeper != null && !isClosed) {
                sleeper.close();
            }
            isClosed = true;
        }
    }

    /** Whether the thread has ended: one that was not waited for to the end may still be in its queues. */
    boolean hasEnded() {
        return runner == null || runner.isClosed();
    }
}
