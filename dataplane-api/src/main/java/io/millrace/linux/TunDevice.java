/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.file.Path;

/**
 * One queue of a tap or tun device: a descriptor on which the kernel's interface of that name sends and receives
 * packets, one each call. Never blocks. A device that is not persistent is deleted when its last queue is closed.
 *
 * <p>Thread safety: none needed; the descriptor may be read by one thread and written by another.
 */
public final class TunDevice implements AutoCloseable {
    /** Flag: IP packets without an Ethernet header. */
    public static final int TUN = 1;
    /** Flag: Ethernet frames. */
    public static final int TAP = 2;
    /** Flag: the device has up to 256 queues. It is one of these for its whole life, or not. */
    public static final int MULTI_QUEUE = 0x100;
    /** Flag, only reported: the device stays when nobody has it open. */
    public static final int PERSISTENT = 0x800;
    /** Flag: no four bytes of protocol information in front of packets. {@link #open} always sets it. */
    public static final int NO_PROTOCOL = 0x1000;
    /** Flag: a virtio-net header is in front of packets. */
    public static final int VNET_HEADER = 0x4000;

    /** Offload bit: checksums need not be filled in. All others need it. */
    public static final int OFFLOAD_CSUM = 1;
    /** Offload bit: large TCP packets over IPv4. */
    public static final int OFFLOAD_TSO4 = 2;
    /** Offload bit: large TCP packets over IPv6. */
    public static final int OFFLOAD_TSO6 = 4;
    /** Offload bit: large TCP packets with ECN. */
    public static final int OFFLOAD_ECN = 8;
    /** Offload bit: large UDP packets over IPv4, since Linux 6.2, and only together with the next one. */
    public static final int OFFLOAD_USO4 = 0x20;
    /** Offload bit: large UDP packets over IPv6. */
    public static final int OFFLOAD_USO6 = 0x40;

    static final Path NODE = Path.of("/dev/net/tun");

    private static final int MAX_NAME = 15;
    private static final int O_RDWR_NONBLOCK_CLOEXEC = 0x80802;

    // include/uapi/linux/if_tun.h
    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETPERSIST = 0x400454cbL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNGETIFF = 0x800454d2L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    private static final long TUNGETDEVNETNS = 0x54e3L;

    // struct ifreq { char name[16]; short flags; ... }
    private static final int FLAGS_OFFSET = 16;
    private static final int IFREQ_LENGTH = 40;

    private final Fd fd;
    private final int flags;

    private TunDevice(final Fd fd, final int flags) {
        this.fd = fd;
        this.flags = flags;
    }

    /**
     * Makes a device in the calling thread's network namespace, or opens a queue of the one that is there.
     *
     * @param name  1 to 15 characters.
     * @param flags {@link #TUN} or {@link #TAP}, and others; for a device that is there they must be its own.
     * @throws LinuxException {@code EBUSY} if all its queues are taken, {@code EINVAL} if something else has that name
     *                        or the flags are others.
     */
    public static TunDevice open(final String name, final int flags) {
        return open(NODE, name, flags);
    }

    static TunDevice open(final Path node, final String name, final int flags) {
        final String attempted = "open the tap device " + name;
        final byte[] bytes = Scratch.pathBytes(name);
        if (bytes.length == 0 || bytes.length > MAX_NAME) {
            throw new LinuxException(attempted, Errno.ENAMETOOLONG, "an interface has a name of 1 to 15 characters");
        }
        final Fd fd = openNode(node, attempted);
        final int wanted = flags | NO_PROTOCOL;
        try (Scratch request = new Scratch(IFREQ_LENGTH)) {
            request.putBytes(0, bytes);
            request.putShort(FLAGS_OFFSET, wanted);
            if (LibC.ioctl(fd.number(), TUNSETIFF, request.address()) == -1) {
                final int errno = LibC.errno();
                fd.close();
                throw new LinuxException(attempted, errno, remedy(errno, name));
            }
        }
        return new TunDevice(fd, wanted);
    }

    private static String remedy(final int errno, final String name) {
        return switch (errno) {
            case Errno.EPERM -> "this needs CAP_NET_ADMIN; run with sudo, or have root make it for this user: "
                + "ip tuntap add dev " + name + " mode tap user NAME";
            case Errno.EBUSY -> "this device is open already, here or in another process; choose another";
            case Errno.E2BIG -> "all queues of this device are open already; ask for fewer";
            case Errno.EINVAL -> "an interface of that name is there and is none such; choose another name";
            default -> "";
        };
    }

    private static Fd openNode(final Path node, final String attempted) {
        try (Scratch path = Scratch.ofString(node.toString())) {
            final int number = LibC.open(path.address(), O_RDWR_NONBLOCK_CLOEXEC, 0);
            if (number == -1) {
                final int errno = LibC.errno();
                throw new LinuxException(attempted, errno, switch (errno) {
                    case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV -> "the kernel's tun driver is missing at " + node
                        + "; load it (modprobe tun), or pass the device to this container (--device /dev/net/tun)";
                    case Errno.EACCES, Errno.EPERM -> "this process may not open " + node
                        + "; run with sudo or change its mode";
                    case Errno.EMFILE, Errno.ENFILE -> "raise the limit of open files (ulimit -n)";
                    default -> "";
                });
            }
            return Fd.own(number);
        }
    }

    /**
     * Takes a queue that somebody else has opened. It no longer blocks, for whoever shares the open file neither.
     *
     * @param fd owned by what is returned, unless this throws.
     * @throws LinuxException if it is no queue of such a device, or that has been deleted.
     */
    public static TunDevice adopt(final Fd fd) {
        try (Scratch request = new Scratch(IFREQ_LENGTH)) {
            if (LibC.ioctl(fd.number(), TUNGETIFF, request.address()) == -1) {
                throw new LinuxException("use " + fd + " as a tap device", LibC.errno(),
                    "it must come from opening " + NODE + " and TUNSETIFF");
            }
            final TunDevice device = new TunDevice(fd, request.getShort(FLAGS_OFFSET));
            fd.nonBlocking();
            return device;
        }
    }

    /** Its descriptor, owned here. */
    public Fd fd() {
        return fd;
    }

    /** What it was opened with, as flags. */
    public int flags() {
        return flags;
    }

    /** The interface's name now; null if it has been deleted. */
    public String name() {
        try (Scratch request = new Scratch(IFREQ_LENGTH)) {
            if (LibC.ioctl(fd.number(), TUNGETIFF, request.address()) == -1) {
                return null;
            }
            final byte[] bytes = new byte[MAX_NAME + 1];
            int length = 0;
            while (length < MAX_NAME) {
                final int half = request.getShort(length & ~1);
                final byte next = (byte) ((length & 1) == 0 ? half : half >>> Byte.SIZE);
                if (next == 0) {
                    break;
                }
                bytes[length++] = next;
            }
            return new String(bytes, 0, length, java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    /**
     * The network namespace its interface is in now, which may have moved; null where the kernel does not tell (before
     * Linux 5.2, or without CAP_NET_ADMIN).
     */
    public NetNamespace namespace() {
        final int number = LibC.ioctl(fd.number(), TUNGETDEVNETNS, 0);
        if (number == -1) {
            return null;
        }
        try (Fd namespace = Fd.own(number)) {
            return NetNamespace.open("/proc/self/fd/" + namespace.number());
        }
    }

    /**
     * Says which work senders of this machine may leave to whoever reads the device. For the whole device.
     *
     * @return false if this kernel does not know one of the bits: nothing has changed.
     */
    public boolean offloads(final int bits) {
        return control(TUNSETOFFLOAD, bits, "set the offloads of " + fd);
    }

    /** Sets how long the virtio-net header in front of packets is: 10 or 12. For the whole device. */
    public void headerLength(final int length) {
        try (Scratch size = new Scratch(Integer.BYTES)) {
            size.putInt(0, length);
            if (LibC.ioctl(fd.number(), TUNSETVNETHDRSZ, size.address()) == -1) {
                throw new LinuxException("set the header length of " + fd, LibC.errno(), "");
            }
        }
    }

    /** Whether the device stays when nobody has it open. */
    public void persistent(final boolean stays) {
        control(TUNSETPERSIST, stays ? 1 : 0, "make " + fd + (stays ? " persistent" : " transient"));
    }

    private boolean control(final long command, final long value, final String attempted) {
        if (LibC.ioctl(fd.number(), command, value) == 0) {
            return true;
        }
        if (LibC.errno() == Errno.EINVAL) {
            return false;
        }
        throw new LinuxException(attempted, LibC.errno(), "");
    }

    /** Closes the queue; the last one of a device that is not persistent deletes it. */
    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        final String name = fd.isOpen() ? name() : null;
        return (name == null ? "no device" : name) + " on " + fd;
    }
}
