/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.agrona.concurrent.ShutdownSignalBarrier;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets threads wait for the end of a data plane. From the first wait on it also ends by a signal to the process, and
 * then keeps the process alive until {@link #close()}.
 *
 * <p>Thread safety: any thread.
 */
final class ShutdownLatch implements AutoCloseable {
    private final CountDownLatch latch = new CountDownLatch(1);
    private ShutdownSignalBarrier barrier;

    void signal() {
        latch.countDown();
    }

    void await() {
        watchSignals();
        try {
            latch.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean await(final Duration timeout) {
        watchSignals();
        try {
            return latch.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    // Not in the constructor: a program that never waits here may deal with signals in its own way.
    private synchronized void watchSignals() {
        if (barrier == null && latch.getCount() > 0) {
            barrier = new ShutdownSignalBarrier(latch::countDown);
        }
    }

    @Override
    public synchronized void close() {
        latch.countDown();
        if (barrier != null) {
            barrier.close();
        }
    }
}
