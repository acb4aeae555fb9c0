/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.Epoll;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

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
    private final Map<Long, Watch> watches = new HashMap<>();
    private final Thread thread;
    private long nextToken = WAKE_UP + 1;
    private volatile boolean isRunning = true;

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

    /** Runs {@code task} on the loop, soon. Any thread. */
    public void execute(final Runnable task) {
        tasks.add(task);
        wakeUp.signal();
    }

    /**
     * Runs {@code task} on the loop and waits for what it returns. Any thread; on the loop itself it runs at once.
     *
     * @throws RuntimeException whatever {@code task} threw.
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
        } else if (!isRunning) {
            throw new IllegalStateException(thread.getName() + " has ended");
        } else {
            execute(run);
        }
        return await(result);
    }

    private static <T> T await(final CompletableFuture<T> result) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (final InterruptedException e) {
                    interrupted = true;
                } catch (final ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException) {
                        throw (RuntimeException) e.getCause();
                    }
                    throw new DataplaneException("a control task failed: " + e.getCause(), e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
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
        final Watch watch = new Watch(fd, nextToken++, handler);
        epoll.add(fd, events, watch.token);
        watches.put(watch.token, watch);
        return watch;
    }

    /** Runs {@code task} once, not before {@code delay} has passed. Loop only. */
    public Timer after(final Duration delay, final Runnable task) {
        final Timer timer = new Timer(System.nanoTime() + delay.toNanos(), task);
        timers.add(timer);
        return timer;
    }

    private void run() {
        while (isRunning) {
            final int ready = epoll.await(timeoutMs());
            for (int i = 0; i < ready; i++) {
                final long token = epoll.token(i);
                if (token == WAKE_UP) {
                    wakeUp.drain();
                } else {
                    // A handler may close other watches that are ready in the same round.
                    final Watch watch = watches.get(token);
                    if (watch != null) {
                        final int events = epoll.events(i);
                        guarded(() -> watch.handler.onReady(events));
                    }
                }
            }
            runTimers();
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                guarded(task);
            }
        }
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            guarded(task);
        }
        epoll.close();
        wakeUp.close();
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

    /** Ends the loop after the tasks it has, and waits for that. What is still watched stays its owner's. */
    @Override
    public void close() {
        if (!isRunning) {
            return;
        }
        execute(() -> isRunning = false);
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

        /** Watches for other events from now on. Loop only. */
        public void events(final int events) {
            epoll.modify(fd, events, token);
        }

        /** Watches no more. Loop only, while the descriptor is still open. Idempotent. */
        @Override
        public void close() {
            if (watches.remove(token) != null) {
                epoll.remove(fd);
            }
        }
    }

    /** Something that will run once, unless it is cancelled. */
    public final class Timer implements Comparable<Timer> {
        private final long dueNs;
        private final Runnable task;

        private Timer(final long dueNs, final Runnable task) {
            this.dueNs = dueNs;
            this.task = task;
        }

        /** Makes it not run. Loop only; no effect once it has run. */
        public void cancel() {
            timers.remove(this);
        }

        @Override
        public int compareTo(final Timer other) {
            return Long.signum(dueNs - other.dueNs);
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
