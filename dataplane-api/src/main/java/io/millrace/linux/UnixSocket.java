/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.agrona.BufferUtil;

/**
 * One end of a connection between two processes of this machine, over which bytes and descriptors travel. Nothing here
 * ever waits, whatever the peer does.
 *
 * <p>Thread safety: one thread at a time.
 */
public final class UnixSocket implements AutoCloseable {
    static final int AF_UNIX = 1;
    static final int STREAM_NONBLOCK_CLOEXEC = 1 | 0x800 | 0x80000;

    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
    private static final int UCRED_LENGTH = 12;
    private static final int UCRED_UID = 4;
    private static final int ROOT = 0;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private final Fd fd;
    private final SocketMessage message = new SocketMessage();

    UnixSocket(final Fd fd) {
        this.fd = fd;
    }

    /**
     * Connects to whoever listens on {@code path}.
     *
     * @throws LinuxException {@code ENOENT} if there is no such socket, {@code ECONNREFUSED} if nobody serves it,
     *                        {@code EAGAIN} if whoever does has not accepted the connections before this one.
     */
    public static UnixSocket connect(final Path path) {
        final String attempted = "connect to " + path;
        final Fd fd = open(attempted);
        final int errno;
        try (UnixAddress address = new UnixAddress(path, attempted)) {
            errno = LibC.connect(fd.number(), address.address(), address.length()) == -1 ? LibC.errno() : 0;
        } catch (final LinuxException e) {
            fd.close();
            throw e;
        }
        if (errno != 0) {
            fd.close();
            throw new LinuxException(attempted, errno, switch (errno) {
                case Errno.ENOENT -> "there is no such socket; start the process that serves it";
                case Errno.ECONNREFUSED -> "nobody serves this socket any more; restart the process that did";
                case Errno.EAGAIN -> "the process that serves it is busy; try again";
                case Errno.EACCES -> "this process may not write to the socket; change its owner or mode";
                case Errno.EPROTOTYPE -> "it is not a stream socket; choose another path";
                default -> "";
            });
        }
        return new UnixSocket(fd);
    }

    /**
     * Takes over a socket that somebody else has connected.
     *
     * @param fd a stream socket; owned from now on.
     */
    public static UnixSocket own(final Fd fd) {
        return new UnixSocket(fd);
    }

    /** Makes two that are connected with each other. */
    public static UnixSocket[] pair() {
        try (Scratch fds = new Scratch(2 * Integer.BYTES)) {
            if (LibC.socketpair(AF_UNIX, STREAM_NONBLOCK_CLOEXEC, 0, fds.address()) == -1) {
                throw new LinuxException("create a pair of sockets", LibC.errno(),
                    "raise the limit of open files (ulimit -n)");
            }
            return new UnixSocket[] {
                new UnixSocket(Fd.own(fds.getInt(0))), new UnixSocket(Fd.own(fds.getInt(Integer.BYTES)))
            };
        }
    }

    static Fd open(final String attempted) {
        return Fd.ownResult(LibC.socket(AF_UNIX, STREAM_NONBLOCK_CLOEXEC, 0), attempted,
            "raise the limit of open files (ulimit -n)");
    }

    /** Its descriptor, owned here. */
    public Fd fd() {
        return fd;
    }

    /**
     * Whether the peer ran as the user of this process, or as root, when it connected or began to listen. The kernel
     * tells, so a peer cannot pretend.
     */
    public boolean isOfSameUser() {
        try (Scratch credentials = new Scratch(UCRED_LENGTH + Integer.BYTES)) {
            credentials.putInt(UCRED_LENGTH, UCRED_LENGTH);
            if (LibC.getsockopt(fd.number(), SOL_SOCKET, SO_PEERCRED, credentials.address(),
                credentials.address() + UCRED_LENGTH) == -1) {
                throw new LinuxException("ask who is at the other end of " + fd, LibC.errno(), "");
            }
            final int uid = credentials.getInt(UCRED_UID);
            return uid == LibC.geteuid() || uid == ROOT;
        }
    }

    /**
     * Takes what has arrived. The kernel never returns bytes of two sends at once if both carried descriptors.
     *
     * @param into a direct buffer with room; its position advances by what was received.
     * @param fds  the descriptors that came along are added to it, whatever is returned.
     * @return the number of bytes, 0 if nothing has arrived, -1 if the peer is gone.
     */
    public int receive(final ByteBuffer into, final ReceivedFds fds) {
        if (!into.hasRemaining()) {
            throw new IllegalArgumentException("no room to receive into: " + into);
        }
        message.prepareReceive(address(into), into.remaining());
        long n;
        do {
            n = LibC.recvmsg(fd.number(), message.address(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        } while (LibC.interrupted(n));
        if (n == -1) {
            return wouldBlockOrGone("receive from ");
        }
        message.moveFds(fds);
        into.position(into.position() + (int) n);
        return n == 0 ? -1 : (int) n;
    }

    /**
     * Sends as much as fits.
     *
     * @param from a direct buffer with something in it; its position advances by what was sent.
     * @param fds  descriptors to hand duplicates of to the peer, at most 253, or null. They travel with the first byte:
     *             when fewer bytes are sent than given, pass null with the rest.
     * @return the number of bytes, 0 if none fits now, -1 if the peer is gone.
     */
    public int send(final ByteBuffer from, final int[] fds) {
        if (!from.hasRemaining()) {
            throw new IllegalArgumentException("nothing to send: " + from);
        }
        message.prepareSend(address(from), from.remaining(), fds);
        long n;
        do {
            n = LibC.sendmsg(fd.number(), message.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
        } while (LibC.interrupted(n));
        if (n == -1) {
            return wouldBlockOrGone("send to ");
        }
        from.position(from.position() + (int) n);
        return (int) n;
    }

    private int wouldBlockOrGone(final String verb) {
        final int errno = LibC.errno();
        return switch (errno) {
            case Errno.EAGAIN -> 0;
            case Errno.EPIPE, Errno.ECONNRESET, Errno.ENOTCONN -> -1;
            default -> throw new LinuxException(verb + fd, errno, "");
        };
    }

    private static long address(final ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("the kernel needs a direct buffer, not " + buffer);
        }
        return BufferUtil.address(buffer) + buffer.position();
    }

    /** Closes the connection. What the peer has not read yet still reaches it. */
    @Override
    public void close() {
        fd.close();
        message.close();
    }
}
