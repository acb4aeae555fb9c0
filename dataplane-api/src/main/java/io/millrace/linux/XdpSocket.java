/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.ArrayList;
import java.util.List;

/**
 * An AF_XDP socket: four rings shared with the kernel, through which frames of a user's memory (the UMEM) go to and
 * come from one queue of a network interface.
 *
 * <p>Order of use: {@link #open}, {@link #register} unless the UMEM of another socket will be shared, {@link #rings},
 * {@link #bind} or {@link #bindShared}. Then the rings may be used, and the wake-ups called.
 *
 * <p>Thread safety: set up and closed by one thread; {@link #wakeSender} and {@link #wakeReceiver} by the thread that
 * uses the rings, {@link #statistics} and {@link #error} by one other thread. Nobody may use rings or wake-ups when it
 * is closed: the rings are unmapped.
 */
public final class XdpSocket implements AutoCloseable {
    /** Flag of {@link #bind}: the kernel copies. */
    public static final int COPY = 1 << 1;
    /** Flag of {@link #bind}: the device reads and writes the UMEM itself. */
    public static final int ZERO_COPY = 1 << 2;
    /** Flag of {@link #bind}: {@link XdpRing#NEED_WAKEUP} tells whether a wake-up is needed. */
    public static final int USE_NEED_WAKEUP = 1 << 3;
    /** Flag of {@link #bind}: packets may fill several descriptors. Linux 6.6. */
    public static final int MULTI_BUFFER = 1 << 4;
    /** Bytes the kernel leaves free at the start of each chunk, before a received packet. */
    public static final int PACKET_HEADROOM = 256;
    /** How many numbers {@link #statistics} gives. */
    public static final int STATISTICS = 6;

    // include/uapi/linux/if_xdp.h
    private static final int AF_XDP = 44;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_XDP = 283;
    private static final int XDP_MMAP_OFFSETS = 1;
    private static final int XDP_RX_RING = 2;
    private static final int XDP_TX_RING = 3;
    private static final int XDP_UMEM_REG = 4;
    private static final int XDP_UMEM_FILL_RING = 5;
    private static final int XDP_UMEM_COMPLETION_RING = 6;
    private static final int XDP_STATISTICS = 7;
    private static final int XDP_OPTIONS = 8;
    private static final int XDP_MAX_TX_SKB_BUDGET = 9;
    private static final int SHARED_UMEM = 1;
    private static final int OPTION_ZERO_COPY = 1;
    private static final long PGOFF_RX_RING = 0;
    private static final long PGOFF_TX_RING = 0x80000000L;
    private static final long PGOFF_FILL_RING = 0x100000000L;
    private static final long PGOFF_COMPLETION_RING = 0x180000000L;
    private static final int UMEM_REG_LENGTH = 32;
    private static final int ADDRESS_LENGTH = 16;
    // struct xdp_mmap_offsets: rx, tx, fill, completion, of producer, consumer, entries and flags each
    private static final int OFFSETS_LENGTH = 4 * 32;
    private static final int OFFSETS_LENGTH_BEFORE_5_4 = 4 * 24;

    private static final int SOL_SOCKET = 1;
    private static final int SO_ERROR = 4;
    private static final int SO_BUSY_POLL = 46;
    private static final int SO_PREFER_BUSY_POLL = 69;
    private static final int SO_BUSY_POLL_BUDGET = 70;
    private static final int MSG_DONTWAIT = 0x40;

    private final Fd fd;
    private final Scratch scratch = new Scratch(OFFSETS_LENGTH + Integer.BYTES);
    private final List<Mapping> mappings = new ArrayList<>();
    private XdpRing fill;
    private XdpRing completion;
    private XdpRing rx;
    private XdpRing tx;

    private XdpSocket(final Fd fd) {
        this.fd = fd;
    }

    /**
     * Makes a socket in the network namespace of the calling thread.
     *
     * @throws LinuxException {@code EPERM} without the right to, {@code EAFNOSUPPORT} if the kernel has no AF_XDP.
     */
    public static XdpSocket open() {
        final int number = LibC.socket(AF_XDP, SOCK_RAW_CLOEXEC, 0);
        if (number == -1) {
            final int errno = LibC.errno();
            throw new LinuxException("open an AF_XDP socket", errno, switch (errno) {
                case Errno.EPERM, Errno.EACCES -> "run as root, or with CAP_NET_RAW";
                case Errno.EAFNOSUPPORT -> "this kernel was built without CONFIG_XDP_SOCKETS";
                case Errno.EMFILE, Errno.ENFILE -> "raise the limit of open files (ulimit -n)";
                default -> "";
            });
        }
        return new XdpSocket(Fd.own(number));
    }

    /** Its descriptor, owned here. Readable when a packet has come. */
    public Fd fd() {
        return fd;
    }

    /**
     * Makes a stretch of memory the UMEM of this socket, cut into chunks. The kernel keeps its pages until the last
     * socket that uses it is closed.
     *
     * @param address   a multiple of the page size.
     * @param length    a multiple of {@code chunkSize}.
     * @param chunkSize 2048 or 4096.
     */
    public void register(final long address, final long length, final int chunkSize) {
        try (Scratch registration = new Scratch(UMEM_REG_LENGTH)) {
            registration.putLong(0, address);
            registration.putLong(8, length);
            registration.putInt(16, chunkSize);
            if (LibC.setsockopt(fd.number(), SOL_XDP, XDP_UMEM_REG, registration.address(), UMEM_REG_LENGTH) == -1) {
                final int errno = LibC.errno();
                throw new LinuxException("register " + length + " bytes as packet memory of an AF_XDP socket", errno,
                    switch (errno) {
                        case Errno.ENOBUFS, Errno.ENOMEM -> "raise the limit of locked memory (ulimit -l), run with "
                            + "CAP_IPC_LOCK, or take fewer frames";
                        default -> "";
                    });
            }
        }
    }

    /**
     * Makes and maps the rings. All sizes are powers of two.
     *
     * @param txSize 0: this socket only receives.
     */
    public void rings(final int fillSize, final int completionSize, final int rxSize, final int txSize) {
        option(XDP_UMEM_FILL_RING, fillSize, "fill ring");
        option(XDP_UMEM_COMPLETION_RING, completionSize, "completion ring");
        option(XDP_RX_RING, rxSize, "rx ring");
        if (txSize > 0) {
            option(XDP_TX_RING, txSize, "tx ring");
        }
        scratch.putInt(OFFSETS_LENGTH, OFFSETS_LENGTH);
        if (LibC.getsockopt(fd.number(), SOL_XDP, XDP_MMAP_OFFSETS, scratch.address(),
            scratch.address() + OFFSETS_LENGTH) == -1) {
            throw new LinuxException("ask for the layout of AF_XDP rings", LibC.errno(), "");
        }
        if (scratch.getInt(OFFSETS_LENGTH) == OFFSETS_LENGTH_BEFORE_5_4) {
            throw new LinuxException("use AF_XDP", Errno.ENOSYS, "Linux 5.4 or newer is needed");
        }
        rx = map(0, rxSize, XdpRing.DESCRIPTOR_LENGTH, PGOFF_RX_RING, "rx ring");
        tx = txSize == 0 ? null : map(1, txSize, XdpRing.DESCRIPTOR_LENGTH, PGOFF_TX_RING, "tx ring");
        fill = map(2, fillSize, XdpRing.ADDRESS_LENGTH, PGOFF_FILL_RING, "fill ring");
        completion = map(3, completionSize, XdpRing.ADDRESS_LENGTH, PGOFF_COMPLETION_RING, "completion ring");
    }

    private void option(final int option, final int value, final String what) {
        scratch.putInt(0, value);
        if (LibC.setsockopt(fd.number(), SOL_XDP, option, scratch.address(), Integer.BYTES) == -1) {
            throw new LinuxException("make the " + what + " of an AF_XDP socket with " + value + " entries",
                LibC.errno(), "take a power of two, or a smaller one");
        }
    }

    private XdpRing map(final int ring, final int size, final int entryLength, final long offset, final String name) {
        final long start = 32L * ring;
        final long entries = scratch.getLong(start + 16);
        final Mapping mapping = Mapping.map(fd, offset, entries + (long) size * entryLength, name);
        mappings.add(mapping);
        final long base = mapping.address();
        return new XdpRing(size, base + scratch.getLong(start), base + scratch.getLong(start + 8),
            base + scratch.getLong(start + 24), base + entries);
    }

    /**
     * Attaches the socket to one queue of an interface, with the UMEM it has registered. A socket that was refused is
     * of no further use.
     *
     * @param flags {@link #COPY} or {@link #ZERO_COPY}, {@link #USE_NEED_WAKEUP}, {@link #MULTI_BUFFER}.
     */
    public void bind(final int ifindex, final int queue, final int flags) {
        bind(ifindex, queue, flags, 0);
    }

    /**
     * The same with the UMEM, and the flags, of another socket that is bound.
     *
     * @throws LinuxException {@code EBADF} if that one is bound no more, as when its device was deleted.
     */
    public void bindShared(final int ifindex, final int queue, final XdpSocket other) {
        bind(ifindex, queue, SHARED_UMEM, other.fd.number());
    }

    private void bind(final int ifindex, final int queue, final int flags, final int other) {
        // struct sockaddr_xdp
        scratch.putShort(0, AF_XDP);
        scratch.putShort(2, flags);
        scratch.putInt(4, ifindex);
        scratch.putInt(8, queue);
        scratch.putInt(12, other);
        if (LibC.bind(fd.number(), scratch.address(), ADDRESS_LENGTH) == -1) {
            final int errno = LibC.errno();
            throw new LinuxException("bind an AF_XDP socket to interface " + ifindex + " queue " + queue, errno,
                switch (errno) {
                    case Errno.EBUSY -> "another socket has this queue";
                    case Errno.EINVAL -> "the interface has no such queue, or the kernel does not know a flag";
                    case Errno.ENODEV -> "there is no such interface";
                    case Errno.EOPNOTSUPP -> "the driver of the interface cannot do this";
                    default -> "";
                });
        }
    }

    /** Where fresh frames go. */
    public XdpRing fill() {
        return fill;
    }

    /** Where frames that were sent come back. */
    public XdpRing completion() {
        return completion;
    }

    /** Where packets come in. */
    public XdpRing rx() {
        return rx;
    }

    /** Where packets go out; null for a socket that only receives. */
    public XdpRing tx() {
        return tx;
    }

    /** Whether the device reads and writes the UMEM itself. */
    public boolean isZeroCopy() {
        scratch.putInt(OFFSETS_LENGTH, Integer.BYTES);
        final int result = LibC.getsockopt(fd.number(), SOL_XDP, XDP_OPTIONS, scratch.address(),
            scratch.address() + OFFSETS_LENGTH);
        return result == 0 && (scratch.getInt(0) & OPTION_ZERO_COPY) != 0;
    }

    /**
     * What the kernel has counted since the socket was made.
     *
     * @param into receives rx_dropped, rx_invalid_descs, tx_invalid_descs, rx_ring_full, rx_fill_ring_empty_descs and
     *             tx_ring_empty_descs, in this order.
     */
    public void statistics(final long[] into) {
        scratch.putInt(OFFSETS_LENGTH, STATISTICS * Long.BYTES);
        final int result = LibC.getsockopt(fd.number(), SOL_XDP, XDP_STATISTICS, scratch.address(),
            scratch.address() + OFFSETS_LENGTH);
        // Kernels before 5.9 know the first three only.
        final int known = result == -1 ? 0 : scratch.getInt(OFFSETS_LENGTH) / Long.BYTES;
        for (int i = 0; i < STATISTICS; i++) {
            into[i] = i < known ? scratch.getLong((long) i * Long.BYTES) : 0;
        }
    }

    /**
     * What has gone wrong since this was asked last.
     *
     * @return 0, or an error number, such as {@link Errno#ENETDOWN} once after the device was deleted.
     */
    public int error() {
        scratch.putInt(OFFSETS_LENGTH, Integer.BYTES);
        final int result = LibC.getsockopt(fd.number(), SOL_SOCKET, SO_ERROR, scratch.address(),
            scratch.address() + OFFSETS_LENGTH);
        return result == -1 ? LibC.errno() : scratch.getInt(0);
    }

    /**
     * Has the wake-ups run the device's driver, instead of interrupts.
     *
     * @param budget packets per wake-up.
     * @param micros how long the driver is polled.
     */
    public void busyPoll(final int budget, final int micros) {
        socketOption(SO_PREFER_BUSY_POLL, 1, "Linux 5.11 or newer is needed");
        socketOption(SO_BUSY_POLL, micros, "run with CAP_NET_ADMIN");
        socketOption(SO_BUSY_POLL_BUDGET, budget, "take a budget of 64 or less, or run with CAP_NET_ADMIN");
    }

    private void socketOption(final int option, final int value, final String remedy) {
        scratch.putInt(0, value);
        if (LibC.setsockopt(fd.number(), SOL_SOCKET, option, scratch.address(), Integer.BYTES) == -1) {
            throw new LinuxException("switch on busy polling for an AF_XDP socket", LibC.errno(), remedy);
        }
    }

    /**
     * Has one {@link #wakeSender} in copy mode send more than the 32 descriptors it does otherwise.
     *
     * @param descriptors 32 to the size of the tx ring.
     * @return false if the kernel cannot: it is older than 6.18.
     */
    public boolean sendBudget(final int descriptors) {
        scratch.putInt(0, descriptors);
        return LibC.setsockopt(fd.number(), SOL_XDP, XDP_MAX_TX_SKB_BUDGET, scratch.address(), Integer.BYTES) == 0;
    }

    /**
     * Has the kernel look at the tx ring. Never waits, allocates nothing.
     *
     * @return 0, or an error number: {@link Errno#EAGAIN} means that there is more to be sent.
     */
    public int wakeSender() {
        return LibC.sendto(fd.number(), 0, 0, MSG_DONTWAIT, 0, 0) == -1 ? LibC.errno() : 0;
    }

    /**
     * Has the kernel look at the fill ring. Never waits, allocates nothing.
     *
     * @return 0, or an error number.
     */
    public int wakeReceiver() {
        return LibC.recvfrom(fd.number(), 0, 0, MSG_DONTWAIT, 0, 0) == -1 ? LibC.errno() : 0;
    }

    /**
     * Gives up queue and rings. When this returns, in copy mode nothing is written to the UMEM any more; in zero-copy
     * mode the driver lets go a moment later, when its queue can be bound again.
     */
    @Override
    public void close() {
        fd.close();
        mappings.forEach(Mapping::close);
        scratch.close();
    }
}
