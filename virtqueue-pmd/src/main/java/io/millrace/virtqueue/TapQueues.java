/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Offload;
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
    // What to go without, one after the other, where a kernel knows less.
    private static final int[] DISPENSABLE = {Offload.USO, Offload.ECN, Offload.TSO6, Offload.TSO4, Offload.CSUM};

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
            tap.grant(OffloadFeatures.guest(config.features(-1)));
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

    /** Asks for offloads; also for none, for whoever had the device before may have left some. */
    private void grant(final int wanted) {
        offloads = wanted;
        for (int i = 0; !queues.get(0).offloads(kernelBits(offloads)) && i < DISPENSABLE.length; i++) {
            offloads &= ~DISPENSABLE[i];
        }
    }

    private static int kernelBits(final int bits) {
        return bit(bits, Offload.CSUM, TunDevice.OFFLOAD_CSUM) | bit(bits, Offload.TSO4, TunDevice.OFFLOAD_TSO4)
            | bit(bits, Offload.TSO6, TunDevice.OFFLOAD_TSO6) | bit(bits, Offload.ECN, TunDevice.OFFLOAD_ECN)
            | bit(bits, Offload.USO, TunDevice.OFFLOAD_USO4 | TunDevice.OFFLOAD_USO6);
    }

    private static int bit(final int bits, final int ours, final int theirs) {
        return (bits & ours) == 0 ? 0 : theirs;
    }

    /** What the kernel agreed to, as bits of {@link Offload}. */
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
