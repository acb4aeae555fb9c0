/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ControlLoop;
import io.millrace.linux.Errno;
import io.millrace.linux.LinuxException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks once a second at what nobody is told of: whether the program is still attached, whether a socket has failed,
 * whether the device has got more queues; and reads what the kernel has counted.
 *
 * <p>Thread safety: control loop only.
 */
final class HealthCheck {
    private static final Logger LOG = LoggerFactory.getLogger("io.millrace.afxdp");
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final ControlLoop control;
    private final XdpLink link;
    private final KernelCounters[] counters;
    private ControlLoop.Timer timer;
    private boolean areMoreQueuesKnown;

    HealthCheck(final ControlLoop control, final XdpLink link, final KernelCounters[] counters) {
        this.control = control;
        this.link = link;
        this.counters = counters;
        for (final KernelCounters queue : counters) {
            queue.begin();
        }
    }

    /** Looks from now on, the first time in a second. */
    void start() {
        timer = control.after(INTERVAL, this::look);
    }

    void stop() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void look() {
        start();
        update();
        final XdpSession session = link.session();
        for (int q = 0; q < session.queues(); q++) {
            final int error = session.socket(q).error();
            // ENETDOWN here means deleted, not switched off: a socket survives that.
            if (error != 0) {
                link.onSocketError("the socket of queue " + q + " failed: " + Errno.name(error));
                return;
            }
        }
        if (!session.isAttached()) {
            link.onDetached();
        }
        countQueues(session);
    }

    private void countQueues(final XdpSession session) {
        final int queues;
        try {
            queues = link.queuesOfDevice();
        } catch (final LinuxException e) {
            // The device has just gone: we shall hear of it.
            return;
        }
        if (queues <= session.queues()) {
            areMoreQueuesKnown = false;
        } else if (!areMoreQueuesKnown) {
            areMoreQueuesKnown = true;
            LOG.warn("{}: the device has {} queues now and the port serves {}: what comes in on the others goes to the "
                + "kernel; open the port again to serve them", link.name(), queues, session.queues());
        }
    }

    /** Reads what the kernel has counted. */
    void update() {
        final XdpSession session = link.session();
        for (int q = 0; q < Math.min(counters.length, session.queues()); q++) {
            counters[q].update(session.socket(q));
        }
    }
}
