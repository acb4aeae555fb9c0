/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ControlLoop;
import io.millrace.Counters;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Sees workers that do not come round: a node or a driver that blocks stops every port of its worker, and nothing else
 * would tell. It can only say so, where the worker is, and count it ({@code worker/NAME/stalls}); the workers of other
 * ports go on.
 *
 * <p>Thread safety: the control thread's.
 */
final class Watchdog {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final Duration EVERY = Duration.ofMillis(100);
    private static final long STALL_NS = TimeUnit.SECONDS.toNanos(1);

    private final ControlLoop control;
    private final Crew crew;
    private final Counters counters;
    private final StallListener listener;
    private final Map<Worker, Round> rounds = new HashMap<>();
    private long lastLookNs;

    /** Hears of a stall, when it is over. */
    @FunctionalInterface
    interface StallListener {
        /**
         * A worker goes on.
         *
         * @param durationNs how long it did not.
         * @param where      it was when that was noticed: the top of its stack.
         */
        void onStall(Worker worker, long durationNs, String where);
    }

    /** The last sign of life of one worker. */
    private static final class Round {
        private long passes = -1;
        private long sinceNs;
        private String where;
    }

    Watchdog(final ControlLoop control, final Crew crew, final Counters counters, final StallListener listener) {
        this.control = control;
        this.crew = crew;
        this.counters = counters;
        this.listener = listener;
    }

    /** Looks now and from now on. */
    void look() {
        final long nowNs = System.nanoTime();
        // After a while in which nothing of the process ran, the workers have had no time either.
        final boolean wasAsleep = nowNs - lastLookNs > STALL_NS / 2;
        lastLookNs = nowNs;
        final Map<Worker, WorkerThread> threads = crew.threads();
        rounds.keySet().retainAll(threads.keySet());
        threads.forEach((worker, thread) -> {
            final Round round = rounds.computeIfAbsent(worker, w -> new Round());
            final long passes = thread.duty().passes();
            if (passes != round.passes) {
                cameRound(worker, round, nowNs);
                round.passes = passes;
                round.sinceNs = nowNs;
            } else if (wasAsleep) {
                round.sinceNs = nowNs;
            } else if (round.where == null && nowNs - round.sinceNs > STALL_NS) {
                stalls(worker, thread, round);
            }
        });
        control.after(EVERY, this::look);
    }

    private void stalls(final Worker worker, final WorkerThread thread, final Round round) {
        final StackTraceElement[] stack = thread.stack();
        // What a node or a driver called says less than who called it.
        round.where = Stream.of(stack).filter(frame -> !frame.getClassName().matches("(java|jdk|sun)\\..*")).findFirst()
            .map(frame -> frame.getClassName() + '.' + frame.getMethodName() + ':' + frame.getLineNumber())
            .orElse("nowhere");
        counters.scope("worker", worker.name()).counter("stalls").increment();
        LOG.warn("{} has not come round for a second: it is in {}; its ports stand still", worker, round.where);
    }

    private void cameRound(final Worker worker, final Round round, final long nowNs) {
        if (round.where != null) {
            LOG.info("{} goes on after {} ms", worker, TimeUnit.NANOSECONDS.toMillis(nowNs - round.sinceNs));
            listener.onStall(worker, nowNs - round.sinceNs, round.where);
            round.where = null;
        }
    }
}
