/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.TunOffloads;
import io.millrace.linux.Errno;
import io.millrace.linux.Interfaces;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.TunDevice;

import java.util.ArrayList;
import java.util.List;

/**
 * The tap device behind a vhost-net port: a queue for each pair of rings, with virtio-net headers in front of packets.
 *
 * <p>Thread safety: control loop only.
 */
final class TapQueues implements AutoCloseable {
    private final List<TunDevice> queues = new ArrayList<>();
    private int offloads;

    private TapQueues() {
    }

    /**
     * Makes the device, or opens the one that is there, and brings it up.
     *
     * @throws LinuxException if it cannot be as described.
     */
    static TapQueues open(final VirtioUser config) {
        final TapQueues tap = new TapQueues();
        try (Interfaces interfaces = Interfaces.open()) {
            final VirtioUser.Tap described = config.tap();
            final NetInterface before = interfaces.find(described.device());
            tap.open(described.device(), config.queues(), before);
            tap.offloads = TunOffloads.ask(tap.queues.get(0), OffloadFeatures.guest(config.features(-1)));
            final NetInterface now = interfaces.find(described.device());
            if (now == null) {
                throw new LinuxException("open the tap device " + described.device(), Errno.ENODEV,
                    "somebody has deleted or renamed it just now");
            }
            if (described.mtu() != 0 && described.mtu() != now.mtu()) {
                interfaces.mtu(now.index(), described.mtu());
            }
            if (!now.isUp()) {
                interfaces.up(now.index());
            }
            return tap;
        } catch (final RuntimeException e) {
            tap.close();
            throw e;
        }
    }

    private void open(final String device, final int wanted, final NetInterface before) {
        if (before != null && wanted > 1 && before.rxQueues() == 1) {
            throw new LinuxException("open " + wanted + " queues of the tap device " + device, Errno.EINVAL,
                "it was made for one; take queues=1, or make it anew: ip tuntap add dev " + device
                    + " mode tap multi_queue");
        }
        final boolean isMulti = before == null ? wanted > 1 : before.rxQueues() > 1;
        final int flags = TunDevice.TAP | TunDevice.VNET_HEADER | (isMulti ? TunDevice.MULTI_QUEUE : 0);
        for (int queue = 0; queue < wanted; queue++) {
            queues.add(TunDevice.open(device, flags));
        }
    }

    /** What the kernel agreed to, as bits of {@link io.millrace.Offload}. */
    int offloads() {
        return offloads;
    }

    /** Sets how long the header in front of packets is. */
    void headerLength(final int length) {
        queues.get(0).headerLength(length);
    }

    TunDevice queue(final int pair) {
        return queues.get(pair);
    }

    /** Its name now; null if it has been deleted. */
    String name() {
        return queues.get(0).name();
    }

    /** The namespace it is in now; null if the kernel does not tell. The caller closes it. */
    NetNamespace namespace() {
        return queues.get(0).namespace();
    }

    /** Closes the queues; that deletes the device if it is not persistent. */
    @Override
    public void close() {
        queues.forEach(TunDevice::close);
    }
}
