/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;

import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Says what a {@link FlowLog} remembers and where it writes. Unless said otherwise: 65,536 flows at a time, which end
 * after 15 seconds without a packet and are cut every 5 minutes.
 *
 * <p>Thread safety: none.
 */
public final class FlowLogBuilder {
    private static final int DEFAULT_FLOWS = 65_536;
    private static final Duration DEFAULT_IDLE = Duration.ofSeconds(15);
    private static final Duration DEFAULT_ACTIVE = Duration.ofMinutes(5);

    private final Multicast multicast;
    private String name = "flows";
    private Supplier<Target> target;
    private int flows = DEFAULT_FLOWS;
    private Duration idle = DEFAULT_IDLE;
    private Duration active = DEFAULT_ACTIVE;

    FlowLogBuilder(final Multicast multicast) {
        this.multicast = Objects.requireNonNull(multicast, "of which multicast?");
    }

    /** Its name as a subscriber, {@code flows} unless set. */
    public FlowLogBuilder named(final String newName) {
        name = newName;
        return this;
    }

    /** Writes to a file. One that is there is emptied; a new one can be read by its owner only. */
    public FlowLogBuilder to(final Path path) {
        target = () -> Target.file(path);
        return this;
    }

    /** Writes to a stream, which stays open at the end. */
    public FlowLogBuilder to(final OutputStream stream) {
        target = () -> Target.stream(stream);
        return this;
    }

    /** Remembers at most that many flows at a time, 1 or more; packets of others are counted as {@code overflow}. */
    public FlowLogBuilder flows(final int most) {
        if (most < 1) {
            throw new ConfigurationException("a flow log of " + most + " flows cannot be: take 1 or more");
        }
        flows = most;
        return this;
    }

    /** Ends a flow that long after its last packet, give or take half a second. */
    public FlowLogBuilder idle(final Duration timeout) {
        idle = check(timeout);
        return this;
    }

    /** Cuts a flow that long after its first packet, give or take half a second. */
    public FlowLogBuilder active(final Duration timeout) {
        active = check(timeout);
        return this;
    }

    private static Duration check(final Duration timeout) {
        if (timeout.isNegative() || timeout.compareTo(Duration.ofDays(1)) > 0) {
            throw new ConfigurationException("flows cannot end after " + timeout + ": take 0 to 24 hours");
        }
        return timeout;
    }

    /**
     * Begins to log.
     *
     * @throws ConfigurationException if there is no target, it cannot be opened, or the name is taken.
     */
    public FlowLog start() {
        if (target == null) {
            throw new ConfigurationException("a flow log needs a target: say to(path) or to(stream)");
        }
        final Subscription subscription = multicast.subscribe(name);
        try {
            final FlowLog log = new FlowLog(this, target.get(), subscription);
            log.start();
            return log;
        } catch (final RuntimeException e) {
            subscription.close();
            throw e;
        }
    }

    Multicast multicast() {
        return multicast;
    }

    int flows() {
        return flows;
    }

    long idleNs() {
        return idle.toNanos();
    }

    long activeNs() {
        return active.toNanos();
    }
}
