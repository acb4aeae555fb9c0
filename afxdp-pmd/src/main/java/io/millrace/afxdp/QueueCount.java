/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import io.millrace.linux.Channels;
import io.millrace.linux.Ethtool;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many queues a device has in use, set to what the port wants and set back afterwards.
 *
 * <p>Thread safety: none. Everything is called in the network namespace of the device.
 */
final class QueueCount {
    private static final Logger LOG = LoggerFactory.getLogger(QueueCount.class);

    private final String device;
    private final Channels before;
    private int rx;
    private int tx;
    private final boolean isExact;

    private QueueCount(final String device, final Channels before, final int rx, final int tx,
                       final boolean isExact) {
        this.device = device;
        this.before = before;
        this.rx = rx;
        this.tx = tx;
        this.isExact = isExact;
    }

    /**
     * Finds out how many there are, and changes that if it has to.
     *
     * @param wanted {@link AfXdp#ALL_QUEUES}: what is in use.
     * @throws ConfigurationException if the driver cannot have so many.
     */
    static QueueCount set(final NetInterface device, final int wanted) {
        final Channels now = Ethtool.channels(device.name());
        if (now == null) {
            if (wanted > device.rxQueues()) {
                throw tooMany(device, wanted, device.rxQueues());
            }
            if (wanted != AfXdp.ALL_QUEUES && wanted != device.rxQueues()) {
                throw new ConfigurationException(device.name() + " has " + device.rxQueues() + " queues and its driver "
                    + "cannot use " + wanted + " of them: leave queues= away");
            }
            return new QueueCount(device.name(), null, device.rxQueues(), device.txQueues(), false);
        }
        if (wanted == AfXdp.ALL_QUEUES || wanted == now.rxQueues()) {
            return new QueueCount(device.name(), null, now.rxQueues(), now.txQueues(), true);
        }
        if (wanted > now.mostQueues()) {
            throw tooMany(device, wanted, now.mostQueues());
        }
        final Channels changed = now.withQueues(wanted);
        try {
            Ethtool.channels(device.name(), changed);
        } catch (final LinuxException e) {
            throw new ConfigurationException("the driver of " + device.name() + " does not change from "
                + now.rxQueues() + " to " + wanted + " queues (" + e.getMessage() + "): leave queues= away");
        }
        return new QueueCount(device.name(), now, changed.rxQueues(), changed.txQueues(), true);
    }

    private static ConfigurationException tooMany(final NetInterface device, final int wanted, final int most) {
        return new ConfigurationException(device.name() + " has at most " + most + " queues, not " + wanted
            + ": set queues=" + most + " or leave it away");
    }

    /** How many receive queues a device has in use now; a driver that does not say is taken to use all. */
    static int inUse(final NetInterface device) {
        final Channels now = Ethtool.channels(device.name());
        return now == null ? device.rxQueues() : now.rxQueues();
    }

    /** Receive queues in use. */
    int rx() {
        return rx;
    }

    /** Transmit queues in use. */
    int tx() {
        return tx;
    }

    /** Whether the driver did not say how many are in use, so that there may be fewer than {@link #rx()}. */
    boolean mayBeFewer() {
        return !isExact;
    }

    /** There were only that many. */
    void found(final int queues) {
        rx = queues;
        tx = Math.min(tx, queues);
    }

    /** Sets back what {@link #set} changed. A device that has gone needs nothing. */
    void restore() {
        if (before == null) {
            return;
        }
        try {
            Ethtool.channels(device, before);
        } catch (final LinuxException e) {
            LOG.info("{}: the number of queues could not be set back to {} ({})", device, before.rxQueues(),
                e.getMessage());
        }
    }
}
