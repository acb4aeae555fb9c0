/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The sole owner of one file descriptor.
 *
 * <p>Thread safety: any thread may close it, and only the first close counts. The kernel hands a closed number out
 * again at once, so a thread that still uses {@link #number()} while another closes acts on a stranger: stop users
 * first.
 */
public final class Fd implements AutoCloseable {
    private static final int CLOSED = -1;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int O_NONBLOCK = 0x800;

    private final AtomicInteger number;

    private final boolean strange;

    private Fd(final int number, final boolean strange) {
        this.number = new AtomicInteger(number);
        this.strange = strange;
    }

    /**
     * Takes ownership of a descriptor: nobody else may close it from now on.
     *
     * @param number 0 or more.
     */
    public static Fd own(final int number) {
        if (number < 0) {
            throw new IllegalArgumentException("a file descriptor is 0 or more, not " + number);
        }
        return new Fd(number, false);
    }

    /** Takes ownership of one that came from another process: closing it may be a trap. */
    static Fd ownStrange(final int number) {
        return new Fd(number, true);
    }

    /** Takes ownership of what a call returned, or throws with its errno. */
    static Fd ownResult(final int result, final String attempted, final String remedy) {
        if (result == -1) {
            throw new LinuxException(attempted, LibC.errno(), remedy);
        }
        return own(result);
    }

    /**
     * The number for a system call. Still owned here: do not close it, do not keep it.
     *
     * @throws IllegalStateException if it is closed.
     */
    public int number() {
        final int value = number.get();
        if (value == CLOSED) {
            throw new IllegalStateException("this file descriptor is closed");
        }
        return value;
    }

    /** Whether it has not been closed yet. */
    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /** A second descriptor of the same open file, owned by the caller. */
    public Fd duplicate() {
        final int twin = LibC.fcntl(number(), F_DUPFD_CLOEXEC, 0);
        if (twin == -1) {
            throw new LinuxException("duplicate " + this, LibC.errno(), "raise the limit of open files (ulimit -n)");
        }
        return new Fd(twin, strange);
    }

    /**
     * What the kernel calls the file behind it: a path, or something like {@code anon_inode:[eventfd]}. Asks nobody but
     * the kernel, so it is safe on descriptors that came from strangers.
     */
    public String target() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + number())).toString();
        } catch (final IOException e) {
            throw new LinuxException("read what " + this + " refers to", Errno.ENOENT, "mount /proc");
        }
    }

    /** What kind of file it is, for deciding whether a stranger's descriptor may be used. */
    public FileStatus status() {
        return FileStatus.of(this);
    }

    /** Makes calls on it return {@code EAGAIN} instead of waiting. Whoever shares the open file can undo this. */
    public void nonBlocking() {
        final int flags = LibC.fcntl(number(), F_GETFL, 0);
        if (flags == -1 || LibC.fcntl(number(), F_SETFL, flags | O_NONBLOCK) == -1) {
            throw new LinuxException("make " + this + " non-blocking", LibC.errno(), "");
        }
    }

    /** Closes the descriptor. Later calls do nothing. Does not wait for the stranger whose file it may be. */
    @Override
    public void close() {
        final int value = number.getAndSet(CLOSED);
        if (value == CLOSED) {
            return;
        }
        if (strange) {
            StrangerCloser.close(value);
        } else {
            // Never again, whatever it returns: Linux frees the number even when it reports EINTR or EIO.
            LibC.close(value);
        }
    }

    @Override
    public String toString() {
        final int value = number.get();
        return value == CLOSED ? "fd (closed)" : "fd " + value;
    }
}
