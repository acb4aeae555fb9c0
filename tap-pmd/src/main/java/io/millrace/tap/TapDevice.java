/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.linux.Interfaces;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.TunDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;

/**
 * An open device with all its queues, and what it was before.
 *
 * <p>Thread safety: one thread at a time; made and closed by whoever opens the port, else the control loop's.
 */
final class TapDevice implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TapDevice.class);

    private final List<TunDevice> queues;
    private final NetInterface before;
    private final NetInterface after;
    private final int offloads;

    /**
     * A device.
     *
     * @param queues   owned from now on.
     * @param before   what it was; null if it did not exist, or is not known.
     * @param after    what it is; null if it cannot be looked at.
     * @param offloads bits of {@link io.millrace.Offload} that the kernel accepted.
     */
    TapDevice(final List<TunDevice> queues, final NetInterface before, final NetInterface after, final int offloads) {
        this.queues = queues;
        this.before = before;
        this.after = after;
        this.offloads = offloads;
    }

    List<TunDevice> queues() {
        return queues;
    }

    /** What it is; null if it cannot be looked at. */
    NetInterface now() {
        return after;
    }

    int offloads() {
        return offloads;
    }

    /** Its name now; null if it has been deleted. */
    String name() {
        return queues.get(0).name();
    }

    /** The namespace it is in now; null if the kernel does not tell. The caller closes it. */
    NetNamespace namespace() {
        try {
            return queues.get(0).namespace();
        } catch (final LinuxException e) {
            return null;
        }
    }

    /**
     * Gives a device that was there before what it had, unless somebody else has changed or moved it since.
     *
     * @param home where it was opened; null for the process's own namespace.
     */
    void restore(final NetNamespace home) {
        final String name = name();
        if (before == null || name == null) {
            return;
        }
        try {
            queues.get(0).offloads(0);
            NetNamespace.in(home, () -> {
                try (Interfaces interfaces = Interfaces.open()) {
                    final NetInterface now = interfaces.find(before.index());
                    if (now != null && now.name().equals(name)) {
                        restore(interfaces, now);
                    }
                }
                return null;
            });
        } catch (final LinuxException e) {
            LOG.warn("{} could not be left as it was found: {}", name, e.getMessage());
        }
    }

    private void restore(final Interfaces interfaces, final NetInterface now) {
        if (now.mtu() == after.mtu() && now.mtu() != before.mtu()) {
            interfaces.mtu(now.index(), before.mtu());
        }
        if (now.mac() == after.mac() && now.mac() != before.mac()) {
            interfaces.mac(now.index(), before.mac());
        }
        if (now.isUp() && after.isUp() && !before.isUp()) {
            interfaces.down(now.index());
        }
    }

    /** Closes the queues; that deletes the device if it is not persistent. */
    @Override
    public void close() {
        queues.forEach(TunDevice::close);
    }
}
