/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;

/**
 * What ends with a client.
 *
 * <p>Thread safety: any thread.
 */
final class Belongings implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Belongings.class);

    private final List<AutoCloseable> parts = new ArrayList<>();
    private boolean isClosed;

    void add(final AutoCloseable part) {
        synchronized (parts) {
            if (!isClosed) {
                parts.add(part);
                return;
            }
        }
        close(part);
    }

    /** Closes all, the last one first. Idempotent. */
    @Override
    public void close() {
        final List<AutoCloseable> all;
        synchronized (parts) {
            isClosed = true;
            all = new ArrayList<>(parts);
            parts.clear();
        }
        for (int i = all.size() - 1; i >= 0; i--) {
            close(all.get(i));
        }
    }

    private static void close(final AutoCloseable part) {
        try {
            part.close();
        } catch (final Exception e) {
            LOG.error("what a client had switched on could not be closed", e);
        }
    }
}
