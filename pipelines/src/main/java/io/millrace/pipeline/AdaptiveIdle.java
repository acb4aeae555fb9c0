/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Counter;
import org.agrona.concurrent.IdleStrategy;

/**
 * Polls on for a while after the last packet, then sleeps in the kernel until a queue has something.
 *
 * <pre>
 *              nothing, many times          nothing
 *   polling --------------------&gt; armed ----------------&gt; asleep
 *     ^  ^                          |                       |  |
 *     |  +------- packets ----------+                       |  | the time has passed
 *     |                                                     |  +-----------------------&gt; armed, after one more poll
 *     +------------------- woken ---------------------------+
 * </pre>
 *
 * <p>Between armed and asleep every queue is polled once more, so that a packet which came before its queue was armed
 * is not left lying.
 *
 * <p>Thread safety: {@link #wake} and {@link #stop} from any thread; the rest for the worker.
 */
final class AdaptiveIdle implements IdleStrategy, AutoCloseable {
    private static final int MAX_SPINS = 200;
    private static final int MAX_ROUNDS = MAX_SPINS + 100;
    // How long while every queue can wake the worker. Then only what the control side asks of a queue has to wait.
    private static final long WOKEN_WAIT_NS = 10_000_000;

    private final WakeUps wakeUps;
    private final long maxWaitNs;
    private final Runnable beforeWait;
    private final Runnable afterWait;
    private final Counter waits;
    private final Counter woken;
    private int rounds;
    private boolean isArmed;
    private long waitNs;

    /**
     * What one worker does between two passes.
     *
     * @param wakeUps    where it sleeps; closed with this.
     * @param maxWaitNs  how long it sleeps at most while some queue cannot wake it.
     * @param beforeWait what it does before it sleeps.
     * @param afterWait  what it does after each sleep.
     * @param waits      counts how often it sleeps.
     * @param woken      counts how often it was woken before the time had passed.
     */
    AdaptiveIdle(final WakeUps wakeUps, final long maxWaitNs, final Runnable beforeWait, final Runnable afterWait,
                 final Counter waits, final Counter woken) {
        this.wakeUps = wakeUps;
        this.maxWaitNs = maxWaitNs;
        this.beforeWait = beforeWait;
        this.afterWait = afterWait;
        this.waits = waits;
        this.woken = woken;
    }

    @Override
    public void idle(final int packets) {
        if (packets > 0) {
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        if (isArmed) {
            sleep();
        } else if (rounds < MAX_SPINS) {
            rounds++;
            Thread.onSpinWait();
        } else if (rounds < MAX_ROUNDS) {
            rounds++;
            Thread.yield();
        } else {
            isArmed = true;
            waitNs = wakeUps.arm() ? Math.max(maxWaitNs, WOKEN_WAIT_NS) : maxWaitNs;
        }
    }

    private void sleep() {
        beforeWait.run();
        final boolean isWoken = wakeUps.await(waitNs);
        disarm();
        waits.increment();
        if (isWoken) {
            woken.increment();
            // More will follow soon, or it is not there quite yet.
            rounds = 0;
        }
        afterWait.run();
    }

    @Override
    public void reset() {
        if (isArmed) {
            disarm();
        }
        rounds = 0;
    }

    private void disarm() {
        isArmed = false;
        wakeUps.disarm();
    }

    /** Has the worker look at its queues now. */
    void wake() {
        wakeUps.wake();
    }

    /** Nobody sleeps any more, now or later. */
    void stop() {
        wakeUps.stop();
    }

    /** Once the worker has ended. */
    @Override
    public void close() {
        wakeUps.close();
    }
}
