/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashSet;
import java.util.Set;

/**
 * Reports each kind of fault once: one message for a part and a class of exception, however often it happens. The
 * counters say how often.
 *
 * <p>Thread safety: none; a worker has its own.
 */
final class FaultLog {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final Set<String> reported = new HashSet<>();

    /** Says that a part is given no more packets. */
    void quarantined(final String part) {
        LOG.error("{} is in quarantine: it threw {} times with fewer than {} good bursts in between, so what comes to "
            + "it is dropped and counted", part, Quarantine.MOST_FAULTS, Quarantine.FORGIVEN_AFTER);
    }

    /**
     * Takes note of a fault.
     *
     * @param part  what was at work, such as {@code node bridge}.
     * @param fault what it threw.
     */
    void report(final String part, final Throwable fault) {
        if (reported.add(part + ' ' + fault.getClass().getName())) {
            LOG.error("{} failed: the packets it was given are dropped and counted, the worker goes on "
                + "(said once for this kind of fault)", part, fault);
        }
    }
}
