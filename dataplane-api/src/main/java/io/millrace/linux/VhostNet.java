/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.file.Path;

/**
 * One instance of the kernel's vhost-net: a device whose worker in the kernel moves packets between a pair of
 * virtqueues in memory of this process and a tap device. Its ring {@value #RX} is the one on which the driver receives,
 * ring {@value #TX} the one on which it transmits.
 *
 * <p>The order of calls is that of include/uapi/linux/vhost.h: {@link #own}, {@link #accept}, {@link #memory}, the
 * calls about each ring, and {@link #attach} last. From then on the kernel reads and writes rings and buffers at any
 * time, until {@link #detach} or {@link #close} has returned.
 *
 * <p>Thread safety: one thread at a time.
 */
public final class VhostNet implements AutoCloseable {
    /** The ring on which the driver receives. */
    public static final int RX = 0;
    /** The ring on which the driver transmits. */
    public static final int TX = 1;

    static final Path NODE = Path.of("/dev/vhost-net");

    private static final int O_RDWR_CLOEXEC = 0x80002;
    private static final int NO_FD = -1;

    // include/uapi/linux/vhost.h
    private static final long GET_FEATURES = 0x8008af00L;
    private static final long SET_FEATURES = 0x4008af00L;
    private static final long SET_OWNER = 0xaf01L;
    private static final long SET_MEM_TABLE = 0x4008af03L;
    private static final long SET_VRING_NUM = 0x4008af10L;
    private static final long SET_VRING_ADDR = 0x4028af11L;
    private static final long SET_VRING_BASE = 0x4008af12L;
    private static final long SET_VRING_KICK = 0x4008af20L;
    private static final long SET_VRING_CALL = 0x4008af21L;
    private static final long NET_SET_BACKEND = 0x4008af30L;
    private static final int ADDRESS_LENGTH = 40;
    private static final int TABLE_HEADER_LENGTH = 8;
    private static final int REGION_LENGTH = 32;

    private final Fd fd;

    private VhostNet(final Fd fd) {
        this.fd = fd;
    }

    /**
     * A stretch of memory of this process under the name that descriptors give it.
     *
     * @param guestAddress its address in descriptors.
     * @param address      where it is in this process.
     */
    public record Region(long guestAddress, long length, long address) {
    }

    /**
     * Opens one.
     *
     * @throws LinuxException {@code ENOENT} or {@code ENODEV} if the kernel's module is missing, {@code EACCES} without
     *                        the right to open it.
     */
    public static VhostNet open() {
        return open(NODE);
    }

    static VhostNet open(final Path node) {
        try (Scratch path = Scratch.ofString(node.toString())) {
            final int number = LibC.open(path.address(), O_RDWR_CLOEXEC, 0);
            if (number == -1) {
                final int errno = LibC.errno();
                throw new LinuxException("open the kernel's vhost-net", errno, switch (errno) {
                    case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV -> "it is missing at " + node
                        + "; load it (modprobe vhost_net), or pass the device to this container (--device "
                        + "/dev/vhost-net)";
                    case Errno.EACCES, Errno.EPERM -> "this process may not open " + node
                        + "; run with sudo or change its mode";
                    case Errno.EMFILE, Errno.ENFILE -> "raise the limit of open files (ulimit -n)";
                    default -> "";
                });
            }
            return new VhostNet(Fd.own(number));
        }
    }

    /** Makes this process the one in whose memory the rings are. */
    public void own() {
        control(SET_OWNER, 0, "become the owner of a vhost-net device");
    }

    /** The virtio features that the kernel offers. */
    public long features() {
        try (Scratch features = new Scratch(Long.BYTES)) {
            control(GET_FEATURES, features.address(), "ask a vhost-net device for its features");
            return features.getLong(0);
        }
    }

    /** Says which features the driver accepts: some of {@link #features()}. */
    public void accept(final long features) {
        try (Scratch argument = new Scratch(Long.BYTES)) {
            argument.putLong(0, features);
            control(SET_FEATURES, argument.address(),
                "negotiate features 0x" + Long.toHexString(features) + " with a vhost-net device");
        }
    }

    /** Says where the memory is that descriptors name. */
    public void memory(final Region... regions) {
        try (Scratch table = new Scratch(TABLE_HEADER_LENGTH + (long) REGION_LENGTH * regions.length)) {
            table.putInt(0, regions.length);
            long at = TABLE_HEADER_LENGTH;
            for (final Region region : regions) {
                table.putLong(at, region.guestAddress);
                table.putLong(at + 8, region.length);
                table.putLong(at + 16, region.address);
                at += REGION_LENGTH;
            }
            control(SET_MEM_TABLE, table.address(), "share memory with a vhost-net device");
        }
    }

    /**
     * Says where a ring is, and that nothing is in flight on it.
     *
     * @param size        descriptors in it, a power of two.
     * @param descriptors address in this process, as are the two others.
     */
    public void ring(final int ring, final int size, final long descriptors, final long avail, final long used) {
        state(SET_VRING_NUM, ring, size, "set the size of");
        state(SET_VRING_BASE, ring, 0, "set the base of");
        try (Scratch addresses = new Scratch(ADDRESS_LENGTH)) {
            addresses.putInt(0, ring);
            addresses.putLong(8, descriptors);
            addresses.putLong(16, used);
            addresses.putLong(24, avail);
            control(SET_VRING_ADDR, addresses.address(), "set the place of ring " + ring + " of a vhost-net device");
        }
    }

    /**
     * Says by which eventfds driver and kernel tell each other about a ring. They stay the caller's.
     *
     * @param kick signalled by the driver.
     * @param call signalled by the kernel.
     */
    public void notifications(final int ring, final Fd kick, final Fd call) {
        state(SET_VRING_KICK, ring, kick.number(), "set the kick of");
        state(SET_VRING_CALL, ring, call.number(), "set the call of");
    }

    /**
     * Starts a ring.
     *
     * @param queue what packets come from and go to. Stays the caller's; the kernel holds it until {@link #detach}.
     */
    public void attach(final int ring, final TunDevice queue) {
        state(NET_SET_BACKEND, ring, queue.fd().number(), "attach a tap device to");
    }

    /** Stops a ring: the kernel has let go of it and of its buffers when this returns. */
    public void detach(final int ring) {
        state(NET_SET_BACKEND, ring, NO_FD, "stop");
    }

    private void state(final long command, final int ring, final int value, final String verb) {
        try (Scratch state = new Scratch(2 * Integer.BYTES)) {
            state.putInt(0, ring);
            state.putInt(Integer.BYTES, value);
            control(command, state.address(), verb + " ring " + ring + " of a vhost-net device");
        }
    }

    private void control(final long command, final long argument, final String attempted) {
        if (LibC.ioctl(fd.number(), command, argument) == -1) {
            throw new LinuxException(attempted, LibC.errno(), "");
        }
    }

    /** Closes it: the kernel has let go of all rings when this returns. Idempotent. */
    @Override
    public void close() {
        fd.close();
    }
}
