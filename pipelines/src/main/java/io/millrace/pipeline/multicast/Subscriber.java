/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A thread that reads one {@link Subscription} until it has enough, fails, or is closed. What was published before the
 * close is still read.
 *
 * <p>Thread safety: the methods to override are called by its thread only; the others from any thread.
 */
abstract class Subscriber implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Subscriber.class);
    private static final int CLOSE_SECONDS = 5;
    private static final int PAUSE_EVERY = 256;
    private static final int MAX_SPINS = 100;
    private static final int MAX_YIELDS = 10;
    private static final long MIN_PARK_NS = 10_000;
    // Short against the time in which a ring fills, long against what a wake-up costs.
    private static final long MAX_PARK_NS = 500_000;

    private final Subscription subscription;
    private final String name;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean isClosing;
    private volatile long closingNs;
    private volatile String failure;

    /**
     * Not running yet.
     *
     * @param kind         what it is, in messages: {@code capture}.
     * @param subscription its own from now on.
     */
    Subscriber(final String kind, final Subscription subscription) {
        this.subscription = subscription;
        this.name = kind + ' ' + subscription.name();
    }

    /** Deals with one copy. @return false if that was the last one it wants. */
    abstract boolean take(PacketCopy copy) throws IOException;

    /** Called first. */
    abstract void begin() throws IOException;

    /** Called when there is nothing to take, and now and then while there is. */
    abstract void pause(long nowNs, boolean isIdle) throws IOException;

    /** Called after the last copy, unless something failed. */
    abstract void finish() throws IOException;

    /** Lets go of what it has open. Called last, in any case. */
    abstract void release() throws IOException;

    /** Called at the very end, in any case. */
    void ended() {
    }

    /** What to say when {@code e} ended it. */
    abstract String explain(IOException e);

    final void start() {
        final Thread thread = new Thread(this::run, name.replace(' ', '-'));
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            begin();
            read();
            finish();
        } catch (final IOException e) {
            fail(name + " stopped: " + explain(e));
        } catch (final RuntimeException e) {
            LOG.error("{} stopped by a mistake in it", name, e);
            failure = name + " stopped: " + e;
        } finally {
            end();
        }
    }

    private void read() throws IOException {
        final IdleStrategy idle = new BackoffIdleStrategy(MAX_SPINS, MAX_YIELDS, MIN_PARK_NS, MAX_PARK_NS);
        boolean wantsMore = true;
        for (int n = 1; wantsMore; n++) {
            // Read before the ring is: what was published before the close is in there.
            final boolean isLast = isClosing;
            final PacketCopy copy = subscription.next();
            if (copy == null || n % PAUSE_EVERY == 0) {
                pause(System.nanoTime(), copy == null);
            }
            if (copy == null) {
                wantsMore = !isLast;
                idle.idle();
            } else if (isLast && copy.timeNs() - closingNs > 0) {
                wantsMore = false;
            } else {
                wantsMore = take(copy);
                idle.reset();
            }
        }
    }

    private void end() {
        // The numbers are those of the end.
        subscription.close();
        try {
            release();
        } catch (final IOException e) {
            fail(name + " stopped: " + explain(e));
        }
        try {
            ended();
        } catch (final RuntimeException e) {
            LOG.error("{} could not be switched off", name, e);
        }
        ended.countDown();
    }

    private void fail(final String message) {
        if (failure == null) {
            failure = message;
            LOG.warn(message);
        }
    }

    /** Its subscription: for its numbers. */
    final Subscription subscription() {
        return subscription;
    }

    /** How many copies it has lost so far because it was too slow. */
    public final long lost() {
        return subscription.lost();
    }

    /** Whether it has ended: it has all it wanted, was closed, or failed. */
    public final boolean isDone() {
        return ended.getCount() == 0;
    }

    /**
     * Waits for the end.
     *
     * @return false if only the time has passed.
     * @throws InterruptedException if the thread is interrupted meanwhile.
     */
    public final boolean await(final Duration timeout) throws InterruptedException {
        return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** One sentence that says what ended it, or null if nothing failed. */
    public final String failure() {
        return failure;
    }

    /**
     * Ends it after what was published so far, and waits for that, for 5 seconds at most: a reader of a pipe that does
     * not read holds up nobody else. Idempotent.
     */
    @Override
    public final void close() {
        closingNs = System.nanoTime();
        isClosing = true;
        try {
            ended.await(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
