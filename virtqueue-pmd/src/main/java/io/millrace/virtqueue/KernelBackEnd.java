/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.linux.LinuxException;
import io.millrace.linux.VhostNet;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The kernel as back-end: a vhost-net device for each pair of rings, whose worker moves packets between them and a
 * queue of a tap device. It answers at once, and is trusted: it can reach all memory of this process anyway.
 */
final class KernelBackEnd implements BackEnd {
    private static final int RINGS = 2;

    private final VirtioUser config;
    private final TapQueues tap;
    private final Owner owner;
    private final List<VhostNet> devices = new ArrayList<>();

    /**
     * Opens the devices.
     *
     * @param tap stays the caller's; used until {@link #close()}.
     * @throws LinuxException if the kernel refuses one.
     */
    KernelBackEnd(final VirtioUser config, final TapQueues tap, final Owner owner) {
        this.config = config;
        this.tap = tap;
        this.owner = owner;
        try {
            for (int pair = 0; pair < config.queues(); pair++) {
                devices.add(VhostNet.open());
            }
        } catch (final LinuxException e) {
            close();
            throw e;
        }
    }

    @Override
    public void start(final DriverMemory memory, final List<Fd> kicks, final List<Fd> calls,
                      final LongConsumer onReady) {
        final long features;
        try {
            final long kernel = devices.get(0).features();
            features = config.features(offered(kernel));
            tap.headerLength(NetHeader.length(features));
            for (int pair = 0; pair < devices.size(); pair++) {
                start(devices.get(pair), pair, features & kernel, memory, kicks, calls);
            }
        } catch (final LinuxException e) {
            close();
            owner.onEnd(SessionEnd.ofResources(e));
            return;
        }
        onReady.accept(features);
    }

    /** What kernel and tap offer together. Queues and offloads are the tap's. */
    private long offered(final long kernel) {
        // Bit 27 is VHOST_NET_F_VIRTIO_NET_HDR here: headers that the tap would not see.
        return kernel & ~Features.VIRTIO_F_ANY_LAYOUT | Features.VIRTIO_NET_F_MQ | OffloadFeatures.of(tap.offloads());
    }

    private void start(final VhostNet device, final int pair, final long features, final DriverMemory memory,
                       final List<Fd> kicks, final List<Fd> calls) {
        device.own();
        device.accept(features);
        device.memory(
            new VhostNet.Region(memory.poolStart(), memory.pool().size(), memory.pool().baseAddress()),
            new VhostNet.Region(memory.ringsStart(), memory.ringsBytes(), memory.descriptors(0)));
        for (int ring = 0; ring < RINGS; ring++) {
            final int index = pair * RINGS + ring;
            device.ring(ring, config.ringSize(), memory.descriptors(index), memory.avail(index), memory.used(index));
            device.notifications(ring, kicks.get(index), calls.get(index));
        }
        for (int ring = 0; ring < RINGS; ring++) {
            device.attach(ring, tap.queue(pair));
        }
    }

    @Override
    public void stop(final int ring, final Runnable then) {
        devices.get(ring / RINGS).detach(ring % RINGS);
        then.run();
    }

    @Override
    public void close() {
        devices.forEach(VhostNet::close);
    }
}
