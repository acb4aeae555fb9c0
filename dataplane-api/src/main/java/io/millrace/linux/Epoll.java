/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Waits until one of many descriptors is ready. Each was added with a token, a number that says to the caller what it
 * is; nothing is allocated while waiting.
 *
 * <p>Thread safety: {@link #add}, {@link #modify} and {@link #remove} from any thread; all else from one thread.
 */
public final class Epoll implements AutoCloseable {
    /** Readable, or an incoming connection. */
    public static final int IN = 1;
    /** Writable. */
    public static final int OUT = 4;
    /** An error; reported whether asked for or not. */
    public static final int ERR = 8;
    /** Closed in both directions; reported whether asked for or not. */
    public static final int HUP = 16;
    /** The peer has closed its sending side. */
    public static final int RDHUP = 0x2000;
    /** Report changes only, so that a descriptor that stays ready is reported once. */
    public static final int ET = 1 << 31;

    private static final int CAPACITY = 64;
    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLL_CTL_MOD = 3;

    // struct epoll_event { u32 events; u64 data; }, packed on x86-64 only
    private static final int TOKEN_OFFSET = SyscallNumbers.IS_X86_64 ? 4 : 8;
    private static final int EVENT_LENGTH = TOKEN_OFFSET + Long.BYTES;

    private static final int NS_PER_MS = 1_000_000;
    private static final long NS_PER_SECOND = 1_000_000_000;

    // Whether the kernel lacks epoll_pwait2, which Linux has since 5.11, or a seccomp filter forbids it: older filters
    // do so with EPERM.
    static volatile boolean isCoarse;

    private final Fd fd;
    // struct timespec { s64 tv_sec; s64 tv_nsec; }
    private final Scratch timeout = new Scratch(2 * Long.BYTES);
    private final Scratch ready = new Scratch(CAPACITY * EVENT_LENGTH);
    private int readyCount;

    private Epoll(final Fd fd) {
        this.fd = fd;
    }

    /** Makes one that waits for nothing yet. */
    public static Epoll create() {
        return new Epoll(Fd.ownResult(LibC.epollCreate1(EPOLL_CLOEXEC), "create an epoll instance",
            "raise the limit of open files (ulimit -n)"));
    }

    /**
     * Starts waiting for a descriptor.
     *
     * @param events what to wait for: {@link #IN} and the other bits.
     * @param token  handed back by {@link #token(int)}.
     */
    public void add(final Fd watched, final int events, final long token) {
        control(EPOLL_CTL_ADD, "watch ", watched, events, token);
    }

    /** Changes what a descriptor that was added is waited for, and its token. */
    public void modify(final Fd watched, final int events, final long token) {
        control(EPOLL_CTL_MOD, "change what is watched on ", watched, events, token);
    }

    /** Stops waiting for a descriptor. Do so before it is closed: duplicates of it keep it watched otherwise. */
    public void remove(final Fd watched) {
        control(EPOLL_CTL_DEL, "stop watching ", watched, 0, 0);
    }

    private void control(final int operation, final String verb, final Fd watched, final int events, final long token) {
        try (Scratch event = new Scratch(EVENT_LENGTH)) {
            event.putInt(0, events);
            event.putLong(TOKEN_OFFSET, token);
            if (LibC.epollCtl(fd.number(), operation, watched.number(), event.address()) == -1) {
                final int errno = LibC.errno();
                throw new LinuxException(verb + watched, errno, switch (errno) {
                    case Errno.EEXIST -> "it is watched already";
                    case Errno.ENOENT -> "it is not watched";
                    case Errno.EPERM -> "this kind of file is always ready and cannot be watched";
                    default -> "";
                });
            }
        }
    }

    /**
     * Waits. A signal to the process ends the wait early, as if the time were up.
     *
     * @param timeoutMs 0 to look only, -1 to wait for ever.
     * @return how many descriptors are ready, at most 64; the others come next time.
     */
    public int await(final int timeoutMs) {
        return took(LibC.epollWait(fd.number(), ready.address(), CAPACITY, timeoutMs));
    }

    /**
     * Waits like {@link #await}, for a time in nanoseconds. The kernel adds up to 50 microseconds; one without
     * {@code epoll_pwait2} rounds up to whole milliseconds.
     *
     * @param timeoutNs 0 or more.
     */
    public int awaitNs(final long timeoutNs) {
        if (!isCoarse) {
            timeout.putLong(0, timeoutNs / NS_PER_SECOND);
            timeout.putLong(Long.BYTES, timeoutNs % NS_PER_SECOND);
            final long count = LibC.syscall(SyscallNumbers.EPOLL_PWAIT2, fd.number(), ready.address(), CAPACITY,
                timeout.address(), 0);
            if (count != -1 || LibC.errno() != Errno.ENOSYS && LibC.errno() != Errno.EPERM) {
                return took((int) count);
            }
            isCoarse = true;
        }
        return await((int) Math.min(Integer.MAX_VALUE, timeoutNs / NS_PER_MS + (timeoutNs % NS_PER_MS == 0 ? 0 : 1)));
    }

    private int took(final int count) {
        if (count == -1 && LibC.errno() != Errno.EINTR) {
            throw new LinuxException("wait for events", LibC.errno(), "");
        }
        readyCount = Math.max(0, count);
        return readyCount;
    }

    /** What the {@code i}-th ready descriptor is ready for. */
    public int events(final int i) {
        return ready.getInt(offset(i));
    }

    /** The token of the {@code i}-th ready descriptor. */
    public long token(final int i) {
        return ready.getLong(offset(i) + TOKEN_OFFSET);
    }

    private int offset(final int i) {
        if (i < 0 || i >= readyCount) {
            throw new IndexOutOfBoundsException(i + " of " + readyCount + " ready descriptors");
        }
        return i * EVENT_LENGTH;
    }

    /** Stops waiting for everything. */
    @Override
    public void close() {
        readyCount = 0;
        fd.close();
        ready.close();
        timeout.close();
    }
}
