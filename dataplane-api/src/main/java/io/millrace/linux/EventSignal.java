/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Signals eventfds that belong to somebody else, and never waits for it.
 *
 * <p>Writing to a stranger's eventfd can stop the writer for good: the owner sets it to its maximum and makes it
 * blocking, now or after we looked. So no write happens here. Linux has one more way to signal an eventfd: an
 * asynchronous read names it as the one to signal when done, and the kernel then adds to the counter with a call that
 * stops at the maximum instead of waiting. The read itself is of no bytes, from a file of our own, so it is done at
 * once:
 *
 * <pre>
 *   io_submit( pread 0 bytes of our memfd, IOCB_FLAG_RESFD, their eventfd )  ->  eventfd_signal()
 * </pre>
 *
 * <p>That costs half a microsecond more than a write. Where the kernel has no asynchronous I/O, or a seccomp filter
 * forbids it, the weaker form is used and logged once: look whether it takes a signal, then write. A peer that fills
 * its eventfd between the two stops the worker.
 *
 * <p>The kernel's side of this is one {@link SignalContext} for the process: to give one back takes tens of
 * milliseconds.
 *
 * <p>Thread safety: one thread at a time.
 */
public final class EventSignal implements AutoCloseable {
    private static final int REAP_AT_MOST = 64;
    private static final int REAP_EVERY = 32;
    private static final int IO_EVENT_LENGTH = 32;

    // struct iocb; aio_data, aio_rw_flags, aio_buf, aio_nbytes and aio_offset stay 0
    private static final int AIO_OPCODE_OFFSET = 16;
    private static final int AIO_FD_OFFSET = 20;
    private static final int AIO_FLAGS_OFFSET = 56;
    private static final int AIO_RESULT_FD_OFFSET = 60;
    private static final int IOCB_LENGTH = 64;
    private static final int IOCB_CMD_PREAD = 0;
    private static final int IOCB_FLAG_RESFD = 1;

    // What follows the iocb in the same memory: a pointer to it, an empty timespec, and the results.
    private static final int POINTER_OFFSET = IOCB_LENGTH;
    private static final int TIMEOUT_OFFSET = POINTER_OFFSET + 8;
    private static final int EVENTS_OFFSET = TIMEOUT_OFFSET + 16;

    // struct pollfd { int fd; short events; short revents; }, then the 8 bytes to write
    private static final int POLLOUT = 4;
    private static final int POLL_EVENTS_OFFSET = 4;
    private static final int POLL_RESULT_OFFSET = 6;
    private static final int ONE_OFFSET = 8;

    private final Scratch memory = new Scratch(EVENTS_OFFSET + REAP_AT_MOST * IO_EVENT_LENGTH);
    private final long address = memory.address();
    private final long context;
    private int pending;

    private EventSignal(final long context) {
        this.context = context;
        if (context == SignalContext.REFUSED) {
            memory.putShort(POLL_EVENTS_OFFSET, POLLOUT);
            memory.putLong(ONE_OFFSET, 1);
        } else {
            memory.putShort(AIO_OPCODE_OFFSET, IOCB_CMD_PREAD);
            memory.putInt(AIO_FD_OFFSET, SignalContext.source().number());
            memory.putInt(AIO_FLAGS_OFFSET, IOCB_FLAG_RESFD);
            memory.putLong(POINTER_OFFSET, address);
        }
    }

    /** Makes one. Cheap. */
    public static EventSignal open() {
        return new EventSignal(SignalContext.context());
    }

    /** The weaker form, for tests of it. */
    static EventSignal openPolling() {
        return new EventSignal(SignalContext.REFUSED);
    }

    /** Whether this is the strong form, which no peer can stop. */
    public boolean neverBlocks() {
        return context != 0;
    }

    /**
     * Adds one to an eventfd, unless it is at its maximum and so signalled anyway. Allocates nothing.
     *
     * @return false if that is impossible: the descriptor is closed or not an eventfd.
     */
    public boolean signal(final int fd) {
        return context == SignalContext.REFUSED ? pollAndWrite(fd) : submit(fd);
    }

    private boolean submit(final int fd) {
        memory.putInt(AIO_RESULT_FD_OFFSET, fd);
        if (pending == REAP_EVERY) {
            reap();
        }
        boolean submitted = submitOnce();
        if (!submitted && LibC.errno() == Errno.EAGAIN) {
            reap();
            submitted = submitOnce();
        }
        pending += submitted ? 1 : 0;
        return submitted;
    }

    private boolean submitOnce() {
        return LibC.syscall(SyscallNumbers.IO_SUBMIT, context, 1, address + POINTER_OFFSET, 0, 0) == 1;
    }

    /** Takes the results away, which nobody wants, to make room for more. */
    private void reap() {
        LibC.syscall(SyscallNumbers.IO_GETEVENTS, context, 0, REAP_AT_MOST, address + EVENTS_OFFSET,
            address + TIMEOUT_OFFSET);
        pending = 0;
    }

    private boolean pollAndWrite(final int fd) {
        memory.putInt(0, fd);
        final int ready = LibC.poll(address, 1, 0);
        final int events = memory.getShort(POLL_RESULT_OFFSET);
        if (ready == 1 && (events & POLLOUT) == 0) {
            return false;
        }
        // Not writable means that it is at its maximum: signalled already.
        return ready == 0 || LibC.write(fd, address + ONE_OFFSET, Long.BYTES) == Long.BYTES;
    }

    @Override
    public void close() {
        memory.close();
    }
}
