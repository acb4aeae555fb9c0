/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;

import java.nio.file.Path;

/**
 * A virtio network device as its driver sees it, without a virtual machine: the peer of a vhost-user back-end such as
 * another Millrace, DPDK's net_vhost, OVS-DPDK or VPP, or of the kernel's vhost-net. What a container attaches to a
 * virtual switch with.
 *
 * <p>The frame pool is the memory that is shared with the back-end, so packets are not copied here. The price: a
 * back-end may read and write every packet of this data plane at any time, also those of other ports. Rings and indexes
 * are checked as if it were hostile; the bytes of packets cannot be.
 *
 * <p>Immutable: every method returns a new description. Open it with a data plane; the link comes up when a back-end
 * has answered, and again after it was restarted.
 */
public final class VirtioUser implements PollModeDriver {
    static final int MAX_QUEUES = 128;
    static final int MIN_RING = 1;
    static final int MAX_RING = 32768;

    static final int MIN_MTU = 68;
    static final int MAX_MTU = 65_521;

    private static final int MAX_DEVICE_NAME = 15;
    private static final int DEFAULT_RING = 256;
    private static final long WANTED = Features.VIRTIO_F_VERSION_1 | Features.VIRTIO_F_ANY_LAYOUT
        | Features.VHOST_USER_F_PROTOCOL_FEATURES | Features.VIRTIO_NET_F_MQ | Features.VIRTIO_NET_F_MRG_RXBUF
        | Features.VIRTIO_F_INDIRECT_DESC | Features.VIRTIO_F_EVENT_IDX | Features.VIRTIO_F_IN_ORDER
        | Features.VIRTIO_F_RING_PACKED
        | OffloadFeatures.of(OffloadFeatures.ALL);

    private final String path;
    private final boolean server;
    private final Tap tap;
    private final String name;
    private final int queues;
    private final int ringSize;
    private final long unwanted;

    /**
     * The device behind vhost-net.
     *
     * @param mtu 0: as it is.
     */
    record Tap(String device, int mtu) {
    }

    private VirtioUser(final String path, final boolean server, final Tap tap, final String name, final int queues,
                       final int ringSize, final long unwanted) {
        this.path = path;
        this.server = server;
        this.tap = tap;
        this.name = name;
        this.queues = queues;
        this.ringSize = ringSize;
        this.unwanted = unwanted;
    }

    /**
     * A driver that connects to the socket of a back-end, again and again until one is there.
     *
     * @param path of the socket, at most 107 bytes. It need not exist yet.
     * @throws ConfigurationException if the path is empty or too long.
     */
    public static VirtioUser connect(final String path) {
        return of(path, false);
    }

    /**
     * A driver that makes the socket and waits for a back-end to connect.
     *
     * @param path of the socket, at most 107 bytes. Its folder must exist.
     * @throws ConfigurationException if the path is empty or too long.
     */
    public static VirtioUser listen(final String path) {
        return of(path, true);
    }

    /**
     * A driver whose back-end is the kernel's vhost-net: its worker moves packets between the rings and a tap device.
     * The device is made and brought up when the port opens, unless one of that name is there; what was made goes with
     * the port. While the interface is down the link is too; when the interface is deleted the link is
     * {@link io.millrace.LinkState#GONE}, and it is made again a second later.
     *
     * <p>Needs {@code /dev/vhost-net} (modprobe vhost_net), and CAP_NET_ADMIN unless the device was made for this user.
     * Opening the port fails where the kernel refuses.
     *
     * @param device 1 to 15 characters, neither a blank nor one of {@code / : %}.
     * @throws ConfigurationException if it cannot be a name.
     */
    public static VirtioUser vhostNet(final String device) {
        if (!device.matches("[!-~&&[^/:%]]{1," + MAX_DEVICE_NAME + "}") || device.equals(".") || device.equals("..")) {
            throw new ConfigurationException("\"" + device + "\" cannot be the name of a tap device: take 1 to "
                + MAX_DEVICE_NAME + " characters without blanks, slashes, colons and percent signs, such as tap0");
        }
        return new VirtioUser(device, false, new Tap(device, 0), device.replaceAll("[^A-Za-z0-9._-]", "-"), 1,
            DEFAULT_RING, Features.VIRTIO_F_RING_PACKED);
    }

    private static VirtioUser of(final String path, final boolean server) {
        SocketPath.check(path);
        return new VirtioUser(path, server, null, SocketPath.portName(path), 1, DEFAULT_RING,
            Features.VIRTIO_F_RING_PACKED);
    }

    /**
     * Names the port. Without this it has the name of its socket's file, or of its tap device.
     *
     * @throws ConfigurationException if it is not 1 to 64 letters, digits, {@code . _ -}.
     */
    public VirtioUser name(final String newName) {
        return new VirtioUser(path, server, tap, SocketPath.checkName(newName), queues, ringSize, unwanted);
    }

    /**
     * How many queue pairs to use, 1 to 128. A back-end with fewer is refused; the link stays down.
     *
     * @throws ConfigurationException if there cannot be so many.
     */
    public VirtioUser queues(final int newQueues) {
        if (newQueues < 1 || newQueues > MAX_QUEUES) {
            throw new ConfigurationException(
                "a virtio-user port has 1 to " + MAX_QUEUES + " queue pairs, not " + newQueues);
        }
        return new VirtioUser(path, server, tap, name, newQueues, ringSize, unwanted);
    }

    /**
     * How many descriptors every ring has: 1 to 32768, 256 if not said; a power of two unless {@link #packed} was said
     * before. Each receive queue keeps that many frames of the pool posted. No packet can be received that is longer
     * than all of them together, and no more packets than that can be on their way.
     *
     * @throws ConfigurationException if it is another number.
     */
    public VirtioUser ringSize(final int newSize) {
        if (newSize < MIN_RING || newSize > MAX_RING || !isPacked() && Integer.bitCount(newSize) != 1) {
            throw new ConfigurationException("a ring has " + (isPacked() ? "" : "a power of two from ") + MIN_RING
                + " to " + MAX_RING + " descriptors, not " + newSize);
        }
        return new VirtioUser(path, server, tap, name, queues, newSize, unwanted);
    }

    /**
     * The MTU of the tap device, 68 to 65521. Left as it is if not said.
     *
     * @throws ConfigurationException if it is another number, or there is no tap device.
     */
    public VirtioUser mtu(final int newMtu) {
        if (tap == null || newMtu < MIN_MTU || newMtu > MAX_MTU) {
            throw new ConfigurationException(tap == null ? "only the port of a tap device has an MTU to be set"
                : "a tap device has an MTU of " + MIN_MTU + " to " + MAX_MTU + ", not " + newMtu);
        }
        return new VirtioUser(path, server, new Tap(tap.device, newMtu), name, queues, ringSize, unwanted);
    }

    /**
     * Whether to use VIRTIO_F_RING_PACKED where the back-end offers it: one ring instead of three areas. Off if not
     * said, as with DPDK's virtio-user.
     *
     * @throws ConfigurationException if it is switched off and the rings have a size that only packed ones can have, or
     *                                the back-end is the kernel, which has none.
     */
    public VirtioUser packed(final boolean wanted) {
        if (wanted && tap != null) {
            throw new ConfigurationException("the kernel's vhost-net has no packed rings: leave packed=on away");
        }
        return with(Features.VIRTIO_F_RING_PACKED, wanted).ringSize(ringSize);
    }

    private boolean isPacked() {
        return !Features.has(unwanted, Features.VIRTIO_F_RING_PACKED);
    }

    /** Whether to use VIRTIO_F_IN_ORDER where the back-end offers it. On if not said. */
    public VirtioUser inOrder(final boolean wanted) {
        return with(Features.VIRTIO_F_IN_ORDER, wanted);
    }

    /** Whether to use VIRTIO_NET_F_MRG_RXBUF where offered; without it no packet above 1728 bytes comes in. On. */
    public VirtioUser mergeable(final boolean wanted) {
        return with(Features.VIRTIO_NET_F_MRG_RXBUF, wanted);
    }

    /** Whether to use VIRTIO_F_INDIRECT_DESC where the back-end offers it. On if not said. */
    public VirtioUser indirect(final boolean wanted) {
        return with(Features.VIRTIO_F_INDIRECT_DESC, wanted);
    }

    /** Whether to use VIRTIO_F_EVENT_IDX where the back-end offers it. On if not said. */
    public VirtioUser eventIndex(final boolean wanted) {
        return with(Features.VIRTIO_F_EVENT_IDX, wanted);
    }

    /**
     * Which work the back-end and this port may leave to each other where both know how, as bits of
     * {@link io.millrace.Offload}: all if not said. Packets larger than the MTU come in only in mergeable buffers, and
     * with jumbo frames in the pool.
     *
     * @throws ConfigurationException if there is an unknown bit, or any without {@link io.millrace.Offload#CSUM}.
     */
    public VirtioUser offloads(final int bits) {
        return with(OffloadFeatures.of(OffloadFeatures.ALL), false)
            .with(OffloadFeatures.of(OffloadFeatures.check(bits)), true);
    }

    private VirtioUser with(final long feature, final boolean wanted) {
        return new VirtioUser(path, server, tap, name, queues, ringSize,
            wanted ? unwanted & ~feature : unwanted | feature);
    }

    @Override
    public Port open(final PortContext context) {
        final boolean hasJumbo = context.pool().jumboFrames() > 0;
        return VirtioUserPort.open(hasJumbo ? this : with(OffloadFeatures.of(OffloadFeatures.LARGE), false), context);
    }

    Path path() {
        return Path.of(path);
    }

    /** The device behind the kernel's vhost-net; null where the back-end is behind a socket. */
    Tap tap() {
        return tap;
    }

    boolean isServer() {
        return server;
    }

    String name() {
        return name;
    }

    int queues() {
        return queues;
    }

    int ringSize() {
        return ringSize;
    }

    /** The features to accept of those that a back-end offers. */
    long features(final long offered) {
        long features = offered & WANTED & ~unwanted;
        if (queues == 1) {
            features &= ~Features.VIRTIO_NET_F_MQ;
        }
        if (!Features.has(features, Features.VIRTIO_NET_F_MRG_RXBUF)) {
            // One buffer is one normal frame.
            features &= ~OffloadFeatures.guestFeatures(OffloadFeatures.LARGE);
        }
        return OffloadFeatures.consistent(features);
    }

    @Override
    public String toString() {
        return tap != null ? "vhost-net:" + tap.device : "virtio-user:" + path + (server ? ",server" : "");
    }
}
