/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.agrona.concurrent.ShutdownSignalBarrier;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * When a run ends: at SIGTERM, SIGINT, or when somebody says so. Between the signal and {@link #close()} the JVM waits,
 * so what is open can be closed and the last lines printed.
 *
 * <p>Thread safety: {@link #now()} from any thread, the rest from one.
 */
final class Stop implements AutoCloseable {
    private final CountDownLatch requested = new CountDownLatch(1);
    private final ShutdownSignalBarrier barrier = new ShutdownSignalBarrier(this::onSignal);
    private volatile boolean isSignalled;

    private void onSignal() {
        isSignalled = true;
        now();
    }

    /** Ends the wait. */
    void now() {
        requested.countDown();
    }

    boolean isRequested() {
        return requested.getCount() == 0;
    }

    /** Waits for the end, at most {@code timeoutNs}; returns whether it has come. */
    boolean await(final long timeoutNs) {
        try {
            return requested.await(timeoutNs, TimeUnit.NANOSECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /**
     * Ends the process with {@code exitCode} if a signal asked for that. Without this the JVM would answer a signal
     * with a code of its own, and the verdict of a run would be lost. Only after everything is closed and printed.
     */
    void exitIfSignalled(final int exitCode) {
        if (isSignalled) {
            System.out.flush();
            System.err.flush();
            Runtime.getRuntime().halt(exitCode);
        }
    }

    @Override
    public void close() {
        barrier.close();
    }
}
