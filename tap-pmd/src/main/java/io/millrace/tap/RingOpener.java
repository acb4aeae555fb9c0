/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.ConfigurationException;
import io.millrace.Counter;
import io.millrace.linux.Fd;
import io.millrace.linux.IoUring;
import io.millrace.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each queue its io_uring, or does without, and says so once.
 *
 * <p>Thread safety: control loop only.
 */
final class RingOpener {
    private static final Logger LOG = LoggerFactory.getLogger(RingOpener.class);

    private final Settings settings;
    private final Counter without;
    private boolean isSaid;

    /**
     * An opener.
     *
     * @param without counts the directions of queues that wanted a ring and have none.
     */
    RingOpener(final Settings settings, final Counter without) {
        this.settings = settings;
        this.without = without;
    }

    /**
     * One direction of a queue.
     *
     * @throws ConfigurationException if it cannot have the ring that the settings insist on.
     */
    TapQueue open(final Fd fd, final boolean receives, final int mtu, final Runnable onBroken) {
        IoUring ring = null;
        if (settings.io != Io.PLAIN) {
            try {
                ring = IoUring.open(receives ? Landing.PLACES : TapTxQueue.COLUMN, fd);
            } catch (final LinuxException e) {
                if (settings.io == Io.URING) {
                    throw new ConfigurationException(settings + ": " + e.getMessage());
                }
                without.increment();
                say(e.getMessage());
            }
        }
        return new TapQueue(fd, ring, mtu, onBroken);
    }

    private void say(final String why) {
        if (!isSaid) {
            isSaid = true;
            LOG.info("{}: one system call for each packet, about a fifth slower: {}", settings, why);
        }
    }
}
