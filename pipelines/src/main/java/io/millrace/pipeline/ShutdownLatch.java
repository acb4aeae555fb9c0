/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.agrona.concurrent.ShutdownSignalBarrier;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets threads wait for the end of a data plane, which a signal to the process also brings. The process then lives on
 * until {@link #close()}: by the thread that waited, or, if none ever did, by this object itself.
 *
 * <p>Thread safety: any thread.
 */
final class ShutdownLatch implements AutoCloseable {
    private final CountDownLatch latch = new CountDownLatch(1);
    private final Runnable closer;
    private ShutdownSignalBarrier barrier;
    private volatile boolean isAwaited;

    /**
     * A latch.
     *
     * @param closer closes the data plane, and this latch with it.
     */
    ShutdownLatch(final Runnable closer) {
        this.closer = closer;
    }

    /** Lets signals to the process end the waiting from now on. */
    synchronized void watchSignals() {
        if (barrier == null && latch.getCount() > 0) {
            barrier = new ShutdownSignalBarrier(this::signalled);
        }
    }

    // Also called when the barrier is closed; the data plane is closing then, and closer does nothing.
    private void signalled() {
        latch.countDown();
        if (!isAwaited) {
            closer.run();
        }
    }

    void signal() {
        latch.countDown();
    }

    void await() {
        isAwaited = true;
        watchSignals();
        try {
            latch.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean await(final Duration timeout) {
        isAwaited = true;
        watchSignals();
        try {
            return latch.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void close() {
        latch.countDown();
        final ShutdownSignalBarrier watching;
        synchronized (this) {
            watching = barrier;
        }
        if (watching != null) {
            watching.close();
        }
    }
}
