/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;

import java.nio.file.Path;

/**
 * A port for a virtual machine, or for any process that acts like one (virtio-user): the device side of vhost-user.
 *
 * <pre>
 *   dataplane.open(VhostUser.listen("/run/vm0.sock"))                        QEMU: -chardev socket,path=/run/vm0.sock
 *   dataplane.open(VhostUser.connect("/run/vm1.sock").queues(4).name("db"))  QEMU: ...,server=on,wait=off
 * </pre>
 *
 * <p>Whichever side listens, the port outlives its peer: it serves the next one that connects, or connects again.
 * Connected with {@code server=on} a virtual machine also outlives this process.
 *
 * <p>Immutable: each method returns another description and leaves this one as it is.
 */
public final class VhostUser implements PollModeDriver {
    private static final int MAX_QUEUES = 128;

    private final Path path;
    private final boolean isServer;
    private final String name;
    private final DeviceOffer offer;
    private final Coalescing coalescing;

    private VhostUser(final Path path, final boolean isServer, final String name, final DeviceOffer offer,
        final Coalescing coalescing) {
        this.path = path;
        this.isServer = isServer;
        this.name = name;
        this.offer = offer;
        this.coalescing = coalescing;
    }

    /**
     * A port that makes the socket and waits for the front-end. A socket that a dead process left behind is replaced.
     *
     * @param path of the socket, at most 107 bytes.
     */
    public static VhostUser listen(final String path) {
        return of(path, true);
    }

    /**
     * A port that connects to the front-end's socket, and goes on trying while there is none.
     *
     * @param path of the socket, at most 107 bytes.
     */
    public static VhostUser connect(final String path) {
        return of(path, false);
    }

    private static VhostUser of(final String path, final boolean isServer) {
        SocketPath.check(path);
        return new VhostUser(Path.of(path), isServer, SocketPath.portName(path), DeviceOffer.DEFAULT, Coalescing.OFF);
    }

    /** The same port by another name. Without it, the name comes from the socket's: {@code vm0} from vm0.sock. */
    public VhostUser name(final String newName) {
        return new VhostUser(path, isServer, SocketPath.checkName(newName), offer, coalescing);
    }

    /**
     * The same port with that many queues.
     *
     * @param queues pairs of a receive and a transmit queue, 1 to 128; at least as many as the front-end is given.
     */
    public VhostUser queues(final int queues) {
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new ConfigurationException(
                "a vhost-user port has 1 to " + MAX_QUEUES + " queues, not " + queues);
        }
        return with(new DeviceOffer(queues, offer.mtu(), offer.withheld()));
    }

    /**
     * The same port with the MTU feature, by which the front-end can tell the guest its MTU.
     *
     * @param mtu the largest it may be told, 68 to 65535.
     */
    public VhostUser mtu(final int mtu) {
        if (mtu < DeviceOffer.MIN_MTU || mtu > DeviceOffer.MAX_MTU) {
            throw new ConfigurationException("an MTU is a number from " + DeviceOffer.MIN_MTU + " to "
                + DeviceOffer.MAX_MTU + ", not " + mtu);
        }
        return with(new DeviceOffer(offer.queues(), mtu, offer.withheld()));
    }

    /**
     * Which work the guest and this port may leave to each other, as bits of {@link io.millrace.Offload}: all if not
     * said. The guest takes what it likes of it. Without jumbo frames in the pool, packets larger than the MTU are not
     * among it.
     *
     * @throws ConfigurationException if there is an unknown bit, or any without {@link io.millrace.Offload#CSUM}.
     */
    public VhostUser offloads(final int bits) {
        return with(offer.offloads(OffloadFeatures.check(bits)));
    }

    /**
     * Whether to offer VIRTIO_NET_F_MRG_RXBUF; on if not said. Without it a guest that takes large packets has to keep
     * 64 KiB for each receive buffer.
     */
    public VhostUser mergeable(final boolean wanted) {
        return with(offer.with(Features.VIRTIO_NET_F_MRG_RXBUF, wanted));
    }

    /**
     * The same port with fewer calls to the driver. Packets are visible to it after every burst as ever, but whether it
     * wants to be called for them is asked only after some packets or some time, whichever comes first, and before the
     * worker sleeps. Saves a driver that sleeps interrupts, and costs it up to that time. Not said: after every burst.
     *
     * <p>The time is kept by the worker that transmits, to within one round of it.
     *
     * @param packets 1 to 1024; one that is spread over several buffers counts as so many.
     * @param micros  since the first packet that was not yet called for: 1 to 100000 microseconds.
     */
    public VhostUser coalesce(final int packets, final int micros) {
        return new VhostUser(path, isServer, name, offer, Coalescing.of(packets, micros));
    }

    /**
     * Whether to offer VIRTIO_F_RING_PACKED; on if not said. Which rings there are is the front-end's choice.
     */
    public VhostUser packed(final boolean wanted) {
        return with(offer.with(Features.VIRTIO_F_RING_PACKED, wanted));
    }

    private VhostUser with(final DeviceOffer newOffer) {
        return new VhostUser(path, isServer, name, newOffer, coalescing);
    }

    @Override
    public Port open(final PortContext context) {
        final boolean hasJumbo = context.pool().jumboFrames() > 0;
        return VhostUserPort.open(
            hasJumbo ? this : with(offer.with(OffloadFeatures.of(OffloadFeatures.LARGE), false)), context);
    }

    Path path() {
        return path;
    }

    boolean isServer() {
        return isServer;
    }

    String name() {
        return name;
    }

    DeviceOffer offer() {
        return offer;
    }

    Coalescing coalescing() {
        return coalescing;
    }

    @Override
    public String toString() {
        return "vhost-user:" + path;
    }
}
