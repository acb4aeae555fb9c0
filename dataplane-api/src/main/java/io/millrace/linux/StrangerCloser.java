/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes descriptors that came from strangers. Even {@code close} can wait for ever: for a file on FUSE it asks the
 * file's server, which the stranger may be himself, and no signal ends the wait. What is not known to close at once is
 * closed on a thread of its own; that thread may be lost, the caller is not.
 *
 * <p>Thread safety: any thread.
 */
final class StrangerCloser {
    private static final Logger LOG = LoggerFactory.getLogger(StrangerCloser.class);
    private static final int PATIENCE_MS = 20;
    private static final int F_GET_SEALS = 1034;

    private static final ExecutorService CLOSER = Executors.newSingleThreadExecutor(task -> {
        final Thread thread = new Thread(task, "millrace-closer");
        thread.setDaemon(true);
        return thread;
    });

    // Whether the thread has not come back from a close yet: from then on nobody waits for it.
    private static volatile boolean stuck;

    private StrangerCloser() {
    }

    /** Closes; on return it is closed, unless closing hangs. */
    static void close(final int number) {
        if (closesAtOnce(number)) {
            LibC.close(number);
            return;
        }
        final Future<?> closed = CLOSER.submit(() -> {
            LibC.close(number);
            stuck = false;
        });
        try {
            if (!stuck) {
                closed.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
            }
        } catch (final TimeoutException e) {
            stuck = true;
            LOG.warn("fd {} of a peer does not close - its file server does not answer; end that process", number);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (final ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Memory and eventfds, which is what peers that mean well send. */
    private static boolean closesAtOnce(final int number) {
        if (LibC.fcntl(number, F_GET_SEALS, 0) != -1) {
            return true;
        }
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + number)).toString().startsWith("anon_inode:");
        } catch (final IOException e) {
            return false;
        }
    }
}
