/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A socket to the kernel: questions and their answers, or news it subscribes to. It belongs to the network namespace of
 * the thread that opened it, wherever that thread or the caller goes later.
 *
 * <p>Thread safety: one thread at a time.
 */
final class NetlinkSocket implements AutoCloseable {
    static final int ROUTE = 0;
    static final int SOCK_DIAG = 4;
    static final int GENERIC = 16;

    private static final int AF_NETLINK = 16;
    private static final int RAW_NONBLOCK_CLOEXEC = 3 | 0x800 | 0x80000;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_CAP_ACK = 10;
    private static final int NETLINK_EXT_ACK = 11;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVBUF = 8;
    private static final int MSG_TRUNC = 0x20;

    // struct sockaddr_nl { u16 family; u16 pad; u32 port; u32 groups; }
    private static final int ADDRESS_LENGTH = 12;
    private static final int PORT_OFFSET = 4;
    private static final int GROUPS_OFFSET = 8;
    private static final int ADDRESS_LENGTH_OFFSET = 12;
    private static final int POLL_OFFSET = 16;
    private static final int POLL_EVENTS_OFFSET = POLL_OFFSET + 4;
    private static final int POLLIN = 1;

    // No dump of the kernel's has more in one datagram than 32 KiB.
    private static final int CAPACITY = 1 << 16;
    private static final int MORE_DUMPS = 3;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(5);

    private final Fd fd;
    private final Scratch arguments = new Scratch(POLL_OFFSET + 8);
    private final Scratch buffer = new Scratch(CAPACITY);
    private int sequence;

    private NetlinkSocket(final Fd fd) {
        this.fd = fd;
    }

    /**
     * Opens one.
     *
     * @param protocol {@link #ROUTE}, {@link #SOCK_DIAG} or {@link #GENERIC}.
     * @param groups   what news to subscribe to, a bit each; 0 for none.
     */
    static NetlinkSocket open(final int protocol, final int groups) {
        final String attempted = "open a netlink socket";
        final NetlinkSocket socket = new NetlinkSocket(Fd.ownResult(
            LibC.socket(AF_NETLINK, RAW_NONBLOCK_CLOEXEC, protocol), attempted,
            "raise the limit of open files (ulimit -n), and allow netlink in the container's seccomp profile"));
        // Comfort only, for better messages; old kernels lack them.
        socket.option(SOL_NETLINK, NETLINK_CAP_ACK, 1);
        socket.option(SOL_NETLINK, NETLINK_EXT_ACK, 1);
        socket.arguments.putShort(0, AF_NETLINK);
        socket.arguments.putInt(GROUPS_OFFSET, groups);
        if (LibC.bind(socket.fd.number(), socket.arguments.address(), ADDRESS_LENGTH) == -1) {
            final int errno = LibC.errno();
            socket.close();
            throw new LinuxException(attempted, errno, "");
        }
        socket.arguments.putInt(GROUPS_OFFSET, 0);
        return socket;
    }

    Fd fd() {
        return fd;
    }

    /** How much news the kernel keeps for us, in bytes of its memory. */
    void receiveBuffer(final int bytes) {
        option(SOL_SOCKET, SO_RCVBUF, bytes);
    }

    private void option(final int level, final int option, final int value) {
        try (Scratch number = new Scratch(Integer.BYTES)) {
            number.putInt(0, value);
            LibC.setsockopt(fd.number(), level, option, number.address(), Integer.BYTES);
        }
    }

    /**
     * Sends a request and waits, at most five seconds, until it is answered in full. Requests that are no dump are to
     * ask for an {@link NetlinkRequest#ACK}.
     *
     * @return the answers, without the confirmation that ends them.
     * @throws NetlinkException what the kernel answered instead.
     */
    List<NetlinkMessage> ask(final NetlinkRequest request, final String attempted) {
        List<NetlinkMessage> answers = askOnce(request, attempted);
        // A dump that saw things come and go may have missed others.
        for (int i = 0; i < MORE_DUMPS && answers.stream().anyMatch(NetlinkMessage::isInterrupted); i++) {
            answers = askOnce(request, attempted);
        }
        return answers;
    }

    private List<NetlinkMessage> askOnce(final NetlinkRequest request, final String attempted) {
        sequence++;
        send(request.finish(sequence), attempted);
        final long deadline = System.nanoTime() + PATIENCE_NS;
        final List<NetlinkMessage> answers = new ArrayList<>();
        while (true) {
            for (final NetlinkMessage message : await(deadline, attempted)) {
                // Others are late answers to a question that was given up.
                if (message.sequence() != sequence) {
                    continue;
                }
                if (message.type() != NetlinkMessage.ERROR && message.type() != NetlinkMessage.DONE) {
                    answers.add(message);
                } else if (message.errno() == 0) {
                    return answers;
                } else {
                    throw new NetlinkException(attempted, message.errno(), message.explanation());
                }
            }
        }
    }

    private void send(final byte[] message, final String attempted) {
        buffer.putBytes(0, message);
        long n;
        do {
            n = LibC.sendto(fd.number(), buffer.address(), message.length, 0, arguments.address(), ADDRESS_LENGTH);
        } while (LibC.interrupted(n));
        if (n == -1) {
            throw new NetlinkException(attempted, LibC.errno(), "");
        }
    }

    private List<NetlinkMessage> await(final long deadline, final String attempted) {
        while (true) {
            final List<NetlinkMessage> messages = receive(attempted);
            if (!messages.isEmpty()) {
                return messages;
            }
            final long leftNs = deadline - System.nanoTime();
            if (leftNs <= 0) {
                throw new LinuxException(attempted, Errno.ETIMEDOUT, "the kernel does not answer; try again");
            }
            arguments.putInt(POLL_OFFSET, fd.number());
            arguments.putShort(POLL_EVENTS_OFFSET, POLLIN);
            LibC.poll(arguments.address() + POLL_OFFSET, 1, (int) TimeUnit.NANOSECONDS.toMillis(leftNs) + 1);
        }
    }

    /**
     * Takes one datagram, if there is one.
     *
     * @return its messages; none if nothing has arrived.
     * @throws NetlinkException {@code ENOBUFS} if news were lost because nobody took them in time.
     */
    List<NetlinkMessage> receive(final String attempted) {
        arguments.putInt(ADDRESS_LENGTH_OFFSET, ADDRESS_LENGTH);
        long n;
        do {
            n = LibC.recvfrom(fd.number(), buffer.address(), CAPACITY, MSG_TRUNC, arguments.address(),
                arguments.address() + ADDRESS_LENGTH_OFFSET);
        } while (LibC.interrupted(n));
        final int errno = n == -1 ? LibC.errno() : 0;
        // Whom it was from, and whom requests go to: the kernel has port 0, and other processes could write as well.
        final int sender = arguments.getInt(PORT_OFFSET);
        arguments.putInt(PORT_OFFSET, 0);
        arguments.putInt(GROUPS_OFFSET, 0);
        if (errno == Errno.EAGAIN || n >= 0 && sender != 0) {
            return List.of();
        }
        if (errno != 0) {
            throw new NetlinkException(attempted, errno, "");
        }
        if (n > CAPACITY) {
            throw new LinuxException("read a netlink message of " + n + " bytes, which is over " + CAPACITY,
                Errno.EBADMSG, "");
        }
        return NetlinkMessage.parse(ByteBuffer.wrap(buffer.getBytes(0, (int) n)).order(ByteOrder.nativeOrder()));
    }

    @Override
    public void close() {
        fd.close();
        arguments.close();
        buffer.close();
    }
}
