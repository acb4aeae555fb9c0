/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counters;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.TimeUnit;

/**
 * Counts what becomes of the sessions of one port, below {@code port/NAME/session}, and writes what an operator should
 * know: at most a line a second, for a peer must not be able to fill the disk.
 *
 * <p>Thread safety: control loop only.
 */
final class SessionLog {
    private static final Logger LOG = LoggerFactory.getLogger("io.millrace.virtqueue");
    private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);

    private final String port;
    private final Counters counters;
    private final Counters.Scope scope;
    private long lastLineNs = System.nanoTime() - INTERVAL_NS;
    private long unwritten;
    private boolean isUnreachableKnown;

    SessionLog(final String port, final Counters counters) {
        this.port = port;
        this.counters = counters;
        this.scope = counters.scope("port", port, "session");
        // Zeros that an operator sees from the start, so that their names need not be known.
        scope.counter("accepted");
        scope.counter("refused");
    }

    void accepted() {
        scope.counter("accepted").increment();
        isUnreachableKnown = false;
    }

    /** A second front-end was sent away. */
    void refused() {
        scope.counter("refused").increment();
        warn("a second front-end was sent away");
    }

    void ended(final SessionEnd why) {
        scope.counter(why.counter()).increment();
        if (why.isFault()) {
            warn("the session ended: " + why.sentence());
        }
    }

    void broken(final int ring, final RejectReason reason) {
        counters.scope("port", port, "session", "broken").counter(reason.counterName()).increment();
        // virtio 1.2, 5.1.2: even rings are those that the guest receives from.
        malformed((ring % 2 == 0 ? "tx" : "rx") + ring / 2, reason.counterName());
        warn("the guest broke ring " + ring + ": " + reason.counterName());
    }

    /** What the peer wrote into the ring of a queue makes no sense: counted for the queue. */
    void malformed(final String queue, final String reason) {
        counters.scope("port", port, queue, "broken").counter(reason).increment();
    }

    /** A connection could not be accepted. */
    void failed(final RuntimeException cause) {
        scope.counter("no-resources").increment();
        warn(cause.getMessage());
    }

    /** Nobody is there to connect to. Said once for each time they go. */
    void unreachable(final RuntimeException cause) {
        if (!isUnreachableKnown) {
            isUnreachableKnown = true;
            LOG.info("{}: {}; trying again until it works", port, cause.getMessage());
        }
    }

    private void warn(final String line) {
        final long now = System.nanoTime();
        if (now - lastLineNs < INTERVAL_NS) {
            unwritten++;
            return;
        }
        lastLineNs = now;
        if (unwritten == 0) {
            LOG.warn("{}: {}", port, line);
        } else {
            LOG.warn("{}: {} (and {} lines like it before)", port, line, unwritten);
        }
        unwritten = 0;
    }
}
