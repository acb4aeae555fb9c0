/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.Epoll;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import org.agrona.collections.Long2ObjectHashMap;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The one thread on which all control work of a data plane runs: sockets of every session, timers, link events. Nothing
 * here may block, for a handler that waits makes every other port wait.
 *
 * <p>Thread safety: {@link #execute}, {@link #call} and {@link #close} from any thread; everything else only on the
 * loop itself, that is in a handler, a timer or a task.
 */
public final class ControlLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlLoop.class);
    private static final long WAKE_UP = 0;

    private final Epoll epoll = Epoll.create();
    private final EventFd wakeUp = EventFd.create();
    private final Queue<Runnable> tasks = new MpscUnboundedVarHandleArrayQueue<>(64);
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final Long2ObjectHashMap<Watch> watches = new Long2ObjectHashMap<>();
    private final Thread thread;
    // Guards hasEnded: no task may come, and nobody may signal the eventfd, once the loop has let go of both.
    private final Object gate = new Object();
    private boolean hasEnded;
    private boolean isRunning = true;
    private long nextToken = WAKE_UP + 1;
    private long nextTimer;

    private ControlLoop(final String name) {
        thread = new Thread(this::run, name);
        thread.setDaemon(true);
        epoll.add(wakeUp.fd(), Epoll.IN, WAKE_UP);
    }

    /** Starts a loop on a thread of that name. */
    public static ControlLoop start(final String name) {
        final ControlLoop loop = new ControlLoop(name);
        loop.thread.start();
        return loop;
    }

    /** Called when a watched descriptor is ready. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Handles it.
         *
         * @param events the {@link Epoll} bits that are set.
         */
        void onReady(int events);
    }

    /**
     * Runs {@code task} on the loop, soon, behind the tasks that were there before. Any thread. What it throws is
     * logged.
     *
     * @throws IllegalStateException if the loop has ended: the task will not run.
     */
    public void execute(final Runnable task) {
        if (!offer(task)) {
            throw new IllegalStateException(thread.getName() + " has ended");
        }
    }

    private boolean offer(final Runnable task) {
        synchronized (gate) {
            if (hasEnded) {
                return false;
            }
            tasks.add(task);
            wakeUp.signal();
            return true;
        }
    }

    /**
     * Runs {@code task} on the loop and waits for what it returns. Any thread; on the loop itself it runs at once.
     *
     * @throws RuntimeException      what {@code task} threw; errors come through as well.
     * @throws DataplaneException    with the cause, if it threw a checked exception.
     * @throws IllegalStateException if the loop has ended: the task has not run.
     */
    public <T> T call(final Callable<T> task) {
        final CompletableFuture<T> result = new CompletableFuture<>();
        final Runnable run = () -> {
            try {
                result.complete(task.call());
            } catch (final Throwable e) {
                result.completeExceptionally(e);
            }
        };
        if (isInLoop()) {
            run.run();
        } else {
            execute(run);
        }
        return await(result);
    }

    private static <T> T await(final CompletableFuture<T> result) {
        try {
            return result.join();
        } catch (final CompletionException e) {
            if (e.getCause() instanceof final RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof final Error cause) {
                throw cause;
            }
            throw new DataplaneException("a control task failed: " + e.getCause(), e.getCause());
        }
    }

    /** Whether the calling thread is the loop's. */
    public boolean isInLoop() {
        return Thread.currentThread() == thread;
    }

    /**
     * Calls {@code handler} whenever {@code fd} is ready. Loop only.
     *
     * @param fd     stays the caller's; close the watch before it.
     * @param events {@link Epoll} bits.
     */
    public Watch watch(final Fd fd, final int events, final Handler handler) {
        assert isInLoop() : "not on " + thread.getName();
        final Watch watch = new Watch(fd, nextToken++, handler);
        epoll.add(fd, events, watch.token);
        watches.put(watch.token, watch);
        return watch;
    }

    /** Runs {@code task} once, not before {@code delay} has passed. Loop only. What it throws is logged. */
    public Timer after(final Duration delay, final Runnable task) {
        assert isInLoop() : "not on " + thread.getName();
        final Timer timer = new Timer(System.nanoTime() + delay.toNanos(), nextTimer++, task);
        timers.add(timer);
        return timer;
    }

    private void run() {
        try {
            while (isRunning) {
                runHandlers(epoll.await(timeoutMs()));
                runTimers();
                // Only those that are there now: a task that puts itself back must not keep sockets and timers waiting.
                for (int n = tasks.size(); n > 0; n--) {
                    guarded(tasks.poll());
                }
            }
        } finally {
            end();
        }
    }

    private void end() {
        synchronized (gate) {
            hasEnded = true;
        }
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            guarded(task);
        }
        watches.clear();
        timers.clear();
        epoll.close();
        wakeUp.close();
    }

    private void runHandlers(final int ready) {
        for (int i = 0; i < ready; i++) {
            final long token = epoll.token(i);
            if (token == WAKE_UP) {
                wakeUp.drain();
                continue;
            }
            // A handler may close other watches that are ready in the same round.
            final Watch watch = watches.get(token);
            if (watch != null) {
                final int events = epoll.events(i);
                guarded(() -> watch.handler.onReady(events));
            }
        }
    }

    private void runTimers() {
        final long now = System.nanoTime();
        while (!timers.isEmpty() && timers.peek().dueNs - now <= 0) {
            final Timer timer = timers.poll();
            guarded(timer.task);
        }
    }

    private int timeoutMs() {
        if (!tasks.isEmpty()) {
            return 0;
        }
        if (timers.isEmpty()) {
            return -1;
        }
        final long ns = timers.peek().dueNs - System.nanoTime();
        // Rounded up: a round too early would find nothing due and spin.
        return ns <= 0 ? 0 : (int) Math.min(60_000, (ns + 999_999) / 1_000_000);
    }

    private static void guarded(final Runnable task) {
        try {
            task.run();
        } catch (final Throwable e) {
            // One session's bug must not end the control of all others.
            LOG.error("a control task failed", e);
        }
    }

    /**
     * Ends the loop after the tasks it has, and waits for that; on the loop itself it does not wait. Timers that are
     * not due yet never run. What is still watched stays its owner's. Idempotent, from any thread.
     */
    @Override
    public void close() {
        offer(() -> isRunning = false);
        boolean interrupted = false;
        while (thread.isAlive() && !isInLoop()) {
            try {
                thread.join();
            } catch (final InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** One watched descriptor. */
    public final class Watch implements AutoCloseable {
        private final Fd fd;
        private final long token;
        private final Handler handler;

        private Watch(final Fd fd, final long token, final Handler handler) {
            this.fd = fd;
            this.token = token;
            this.handler = handler;
        }

        /** Watches for other events from now on. Loop only, and not after {@link #close()}. */
        public void events(final int events) {
            assert isInLoop() : "not on " + thread.getName();
            epoll.modify(fd, events, token);
        }

        /** Watches no more. Loop only, while the descriptor is still open. Idempotent; does nothing after the loop. */
        @Override
        public void close() {
            assert isInLoop() || !thread.isAlive() : "not on " + thread.getName();
            if (watches.remove(token) != null) {
                epoll.remove(fd);
            }
        }
    }

    /** Something that will run once, unless it is cancelled. */
    public final class Timer implements Comparable<Timer> {
        private final long dueNs;
        private final long number;
        private final Runnable task;

        private Timer(final long dueNs, final long number, final Runnable task) {
            this.dueNs = dueNs;
            this.number = number;
            this.task = task;
        }

        /** Makes it not run. Loop only; no effect once it has run. */
        public void cancel() {
            assert isInLoop() || !thread.isAlive() : "not on " + thread.getName();
            timers.remove(this);
        }

        @Override
        public int compareTo(final Timer other) {
            // Differences, because nanoTime may wrap; of two that are due at once the older one runs first.
            final long later = dueNs == other.dueNs ? number - other.number : dueNs - other.dueNs;
            return Long.signum(later);
        }

        @Override
        public boolean equals(final Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
