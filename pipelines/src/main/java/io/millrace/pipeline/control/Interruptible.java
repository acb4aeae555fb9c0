/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

/**
 * A piece of work of the thread that makes this: it can be interrupted until {@link #close}, and not what the thread
 * does afterwards.
 *
 * <p>Thread safety: {@link #interrupt} from any thread, {@link #close} from the one that works.
 */
final class Interruptible implements AutoCloseable {
    // Guarded by this. Null when the work is done.
    private Thread worker = Thread.currentThread();

    synchronized void interrupt() {
        if (worker != null) {
            worker.interrupt();
        }
    }

    /** The work is done. */
    @Override
    public synchronized void close() {
        worker = null;
    }
}
