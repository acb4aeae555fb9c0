/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DataplaneException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Who looks at what a data plane drops. Unlike a watched wire it is no matter of the graph, which stays as it is: each
 * worker is told between two passes, and new workers when they are made.
 *
 * <p>Thread safety: guarded by the data plane.
 */
final class DropWatchers {
    private static final Logger LOG = LoggerFactory.getLogger(DropWatchers.class);
    private static final long PATIENCE_SECONDS = 5;

    private final Dataplane dataplane;
    private final Crew crew;
    private List<DropProbe.Maker> makers = List.of();

    DropWatchers(final Dataplane dataplane, final Crew crew) {
        this.dataplane = dataplane;
        this.crew = crew;
    }

    /** For a new worker. */
    List<DropProbe.Maker> makers() {
        return makers;
    }

    Watching add(final DropProbe.Maker maker) {
        final List<DropProbe.Maker> more = new ArrayList<>(makers);
        more.add(maker);
        final List<DropProbe.Maker> before = makers;
        makers = more;
        try {
            tell();
        } catch (final DataplaneException e) {
            makers = before;
            // A worker that wakes up some day has it in order.
            crew.threads().values().forEach(thread -> thread.call(() -> thread.duty().dropWatch().by(before)));
            throw e;
        }
        return () -> remove(maker);
    }

    private void remove(final DropProbe.Maker maker) {
        synchronized (dataplane) {
            final List<DropProbe.Maker> less = new ArrayList<>(makers);
            if (less.remove(maker)) {
                makers = less;
                try {
                    tell();
                } catch (final DataplaneException e) {
                    LOG.warn("drops are still watched: {}", e.getMessage());
                }
            }
        }
    }

    /** Tells every worker, and waits until all have heard. */
    private void tell() {
        final List<DropProbe.Maker> now = makers;
        final List<CompletableFuture<Void>> answers = new ArrayList<>();
        crew.threads().values().forEach(thread ->
            answers.add(thread.call(() -> thread.duty().dropWatch().by(now))));
        try {
            CompletableFuture.allOf(answers.toArray(new CompletableFuture<?>[0])).get(PATIENCE_SECONDS,
                TimeUnit.SECONDS);
        } catch (final TimeoutException e) {
            throw new DataplaneException("a worker of " + crew.workers() + " has not answered for " + PATIENCE_SECONDS
                + " seconds: a node or a driver of it blocks", e);
        } catch (final ExecutionException e) {
            throw new DataplaneException("drops cannot be watched: " + e.getCause().getMessage(), e.getCause());
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataplaneException("interrupted while workers were told who looks at drops", e);
        }
    }
}
