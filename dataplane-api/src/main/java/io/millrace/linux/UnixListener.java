/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * A path on which other processes of this machine can connect. As many connections may wait as it was made for; others
 * are refused until one is accepted.
 *
 * <p>A process that dies leaves its socket behind. Such a stale one is replaced; one that somebody serves, or any other
 * kind of file, never is. Two processes that start on the same path in the same instant can still take it from each
 * other: the kernel has no way to replace a socket only if it is stale.
 *
 * <p>Thread safety: one thread at a time.
 */
public final class UnixListener implements AutoCloseable {
    private static final int BACKLOG = 1;
    private static final int OWNER_ONLY = 0600;
    private static final int FOR_ALL = 0777;
    private static final int NONBLOCK_CLOEXEC = 0x80800;
    private static final int S_IFMT = 0xf000;
    private static final int S_IFSOCK = 0xc000;

    private final Path path;
    private final Fd fd;
    private final Object inode;

    private UnixListener(final Path path, final Fd fd) {
        this.path = path;
        this.fd = fd;
        this.inode = inode(path);
    }

    /**
     * Starts to listen on a path, with the rights that the process gives to new files. One connection may wait.
     *
     * @param path at most 107 bytes, in a folder that exists.
     * @throws LinuxException saying what is in the way.
     */
    public static UnixListener bind(final Path path) {
        return bind(path, FOR_ALL, BACKLOG);
    }

    /**
     * Starts to listen on a path to which only the user of this process, and root, can connect: the socket has mode
     * 0600 from the moment that it is there.
     *
     * @param path    at most 107 bytes, in a folder that exists.
     * @param backlog how many connections may wait.
     * @throws LinuxException saying what is in the way.
     */
    public static UnixListener bindForOwner(final Path path, final int backlog) {
        return bind(path, OWNER_ONLY, backlog);
    }

    private static UnixListener bind(final Path path, final int mode, final int backlog) {
        final String attempted = "listen on " + path;
        try (UnixAddress address = new UnixAddress(path, attempted)) {
            final Fd fd = UnixSocket.open(attempted);
            // Linux makes the file with the mode of the socket, less the umask: no moment is left for strangers.
            int errno = LibC.fchmod(fd.number(), mode) == -1 ? LibC.errno() : bind(fd, address, backlog);
            if (errno == Errno.EADDRINUSE) {
                errno = removeStale(path, address);
                errno = errno == 0 ? bind(fd, address, backlog) : errno;
            }
            if (errno == 0) {
                return new UnixListener(path, fd);
            }
            fd.close();
            throw new LinuxException(attempted, errno, remedy(errno, path));
        }
    }

    private static int bind(final Fd fd, final UnixAddress address, final int backlog) {
        if (LibC.bind(fd.number(), address.address(), address.length()) == -1) {
            return LibC.errno();
        }
        return LibC.listen(fd.number(), backlog) == -1 ? LibC.errno() : 0;
    }

    /** Returns 0 when the path is free now, else the error to report. */
    private static int removeStale(final Path path, final UnixAddress address) {
        if (!isSocket(path)) {
            return Errno.ENOTSOCK;
        }
        final Object found = inode(path);
        try (Fd probe = UnixSocket.open("see whether anybody serves " + path)) {
            // Anything but a refusal means that somebody may be there: connected, busy, or of another socket type.
            if (LibC.connect(probe.number(), address.address(), address.length()) == 0) {
                return Errno.EADDRINUSE;
            }
            if (LibC.errno() != Errno.ECONNREFUSED) {
                return LibC.errno() == Errno.EACCES ? Errno.EACCES : Errno.EADDRINUSE;
            }
        }
        return unlink(path, found) ? 0 : Errno.EACCES;
    }

    private static String remedy(final int errno, final Path path) {
        final Path folder = path.toAbsolutePath().getParent();
        return switch (errno) {
            case Errno.EADDRINUSE -> "another process serves this socket; stop it or choose another path";
            case Errno.ENOTSOCK -> "there is a file there that is not a socket; remove it or choose another path";
            case Errno.ENOENT -> Files.isDirectory(folder)
                ? folder + " is of a kind that holds no sockets; choose another path"
                : "the folder " + folder + " does not exist; create it";
            case Errno.ENOTDIR -> folder + " is not a folder; choose another path";
            case Errno.EACCES, Errno.EPERM -> "this process may not create files in " + folder
                + "; change its owner or mode, or choose another path";
            case Errno.EROFS -> folder + " is read-only; choose another path";
            default -> "";
        };
    }

    /** Its descriptor, owned here; readable when somebody waits. */
    public Fd fd() {
        return fd;
    }

    /**
     * Takes the connection that waits.
     *
     * @return null if there is none.
     * @throws LinuxException {@code EMFILE} or {@code ENFILE} if there is no descriptor for it: it goes on waiting.
     */
    public UnixSocket accept() {
        int accepted;
        do {
            accepted = LibC.accept4(fd.number(), 0, 0, NONBLOCK_CLOEXEC);
        } while (LibC.interrupted(accepted));
        if (accepted == -1 && (LibC.errno() == Errno.EAGAIN || LibC.errno() == Errno.ECONNABORTED)) {
            return null;
        }
        return new UnixSocket(Fd.ownResult(accepted, "accept on " + path, "raise the limit of open files (ulimit -n)"));
    }

    /** Stops listening and removes the socket, unless somebody has put another in its place. */
    @Override
    public void close() {
        if (fd.isOpen()) {
            unlink(path, inode);
            fd.close();
        }
    }

    private static boolean unlink(final Path path, final Object inode) {
        try {
            return inode != null && inode.equals(inode(path)) && Files.deleteIfExists(path);
        } catch (final IOException e) {
            return false;
        }
    }

    /** What identifies the file at a path, device and inode number; null if there is none. */
    private static Object inode(final Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
        } catch (final IOException e) {
            return null;
        }
    }

    private static boolean isSocket(final Path path) {
        try {
            final Object mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            return ((Integer) mode & S_IFMT) == S_IFSOCK;
        } catch (final IOException e) {
            return false;
        }
    }
}
