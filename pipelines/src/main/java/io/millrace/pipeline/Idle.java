/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.SleepingMillisIdleStrategy;

import java.util.concurrent.TimeUnit;

/** What a worker does when no queue had a packet for it. */
public enum Idle {
    /** Asks again at once. The least latency, for a worker that has its CPU to itself. */
    SPIN {
        @Override
        IdleStrategy strategy(final Duty duty, final long maxWaitNs) {
            return BusySpinIdleStrategy.INSTANCE;
        }
    },
    /** Spins, then yields, then sleeps for up to 100 microseconds. For a CPU that others use too. */
    BACKOFF {
        @Override
        IdleStrategy strategy(final Duty duty, final long maxWaitNs) {
            return new FlushingIdle(duty::flush, new BackoffIdleStrategy(MAX_SPINS, MAX_YIELDS,
                TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MICROSECONDS.toNanos(100)));
        }
    },
    /**
     * Spins, then yields, then sleeps until a queue has a packet. Next to no CPU time while nothing arrives, if every
     * queue can wake the worker; where one cannot, it sleeps for {@link DataplaneBuilder#maxWait} at most.
     */
    ADAPTIVE {
        @Override
        IdleStrategy strategy(final Duty duty, final long maxWaitNs) {
            return duty.adaptiveIdle(maxWaitNs);
        }
    },
    /** Sleeps for a millisecond. Next to no CPU time while nothing arrives; for tests and lightly used planes. */
    SLEEP {
        @Override
        IdleStrategy strategy(final Duty duty, final long maxWaitNs) {
            return new FlushingIdle(duty::flush, new SleepingMillisIdleStrategy(1));
        }
    };

    private static final int MAX_SPINS = 200;
    private static final int MAX_YIELDS = 100;

    /** What a worker with that {@code duty} does between passes, which the caller closes when it can be closed. */
    abstract IdleStrategy strategy(Duty duty, long maxWaitNs);
}
