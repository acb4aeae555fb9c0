/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * A wake-up flag of our own that {@link Epoll} can wait for.
 *
 * <p>It does not block, but a process that was handed the descriptor can change that, for it shares the open file.
 * Where the peer is not trusted, signal through {@link EventSignal} and do not drain: wait with {@link Epoll#ET}.
 *
 * <p>Thread safety: any thread signals; one thread drains and, after the others have stopped, closes.
 */
public final class EventFd implements AutoCloseable {
    private static final int EFD_NONBLOCK_CLOEXEC = 0x80800;
    // Shared by all and never freed, so that a late signal cannot read memory that is gone.
    private static final long ONE = one();

    private final Fd fd;
    private final Scratch count = new Scratch(Long.BYTES);

    private EventFd(final Fd fd) {
        this.fd = fd;
    }

    /** Makes one that is not signalled. */
    public static EventFd create() {
        return new EventFd(Fd.ownResult(LibC.eventfd(0, EFD_NONBLOCK_CLOEXEC), "create an eventfd",
            "raise the limit of open files (ulimit -n)"));
    }

    /** Its descriptor, owned here. */
    public Fd fd() {
        return fd;
    }

    /** Makes it readable until it is drained. Signalling twice is the same as once, but for the count. */
    public void signal() {
        // EAGAIN means it is at its maximum: signalled all the same.
        LibC.write(fd.number(), ONE, Long.BYTES);
    }

    /**
     * Takes the signal away.
     *
     * @return how many signals there were, 0 if none.
     */
    public long drain() {
        return LibC.read(fd.number(), count.address(), Long.BYTES) == Long.BYTES ? count.getLong(0) : 0;
    }

    /** Closes the descriptor. */
    @Override
    public void close() {
        fd.close();
        count.close();
    }

    private static long one() {
        final Scratch scratch = new Scratch(Long.BYTES);
        scratch.putLong(0, 1);
        return scratch.address();
    }
}
