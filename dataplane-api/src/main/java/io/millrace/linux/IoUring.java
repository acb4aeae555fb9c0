/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.agrona.UnsafeApi;

/**
 * Many reads or writes of one file in one system call: an io_uring, as small as it can be. Queue some with
 * {@code read} and its like, {@link #submit} them, then take the results with {@link #next}.
 *
 * <pre>
 *   read, write ...  -&gt;  submission ring  --+
 *                                          submit: one system call carries out all
 *   next, token, result  &lt;- completion ring &lt;--+
 * </pre>
 *
 * <p>Nothing that touches memory is ever left behind in the kernel: reads and writes are told not to wait
 * ({@code RWF_NOWAIT}), so all are done when {@link #submit} returns. Only {@link #watch} is pending, and it has no
 * memory: it is how an idle reader learns of news without a system call ({@link #isQuiet}).
 *
 * <p>Thread safety: one thread at a time; it may be another one after {@link #unwatch}.
 */
public final class IoUring implements AutoCloseable {
    // Tokens that next() keeps to itself.
    private static final long WATCH = -1;
    private static final long UNWATCH = -2;

    // include/uapi/linux/io_uring.h
    private static final int SETUP_SUBMIT_ALL = 1 << 7;
    private static final int SETUP_COOP_TASKRUN = 1 << 8;
    private static final int SETUP_TASKRUN_FLAG = 1 << 9;
    private static final int ENTER_GETEVENTS = 1;
    private static final int REGISTER_FILES = 2;
    private static final int UNREGISTER_FILES = 3;
    private static final long OFFSET_SQES = 0x10000000L;
    private static final int SQ_CQ_OVERFLOW = 2;
    private static final int SQ_TASKRUN = 4;
    private static final int OP_READV = 1;
    private static final int OP_WRITEV = 2;
    private static final int OP_POLL_ADD = 6;
    private static final int OP_POLL_REMOVE = 7;
    private static final int OP_READ = 22;
    private static final int OP_WRITE = 23;
    private static final int IOSQE_FIXED_FILE = 1;
    private static final int RWF_NOWAIT = 8;
    private static final int POLLIN = 1;

    // struct io_uring_params: sq_entries, cq_entries, flags, ..., then the offsets of both rings
    private static final int PARAMS_LENGTH = 120;
    private static final int PARAMS_SQ_ENTRIES = 0;
    private static final int PARAMS_CQ_ENTRIES = 4;
    private static final int PARAMS_FLAGS = 8;
    private static final int PARAMS_SQ = 40;
    private static final int PARAMS_CQ = 80;
    // struct io_sqring_offsets and io_cqring_offsets: head, tail, ring_mask, ...
    private static final int RING_TAIL = 4;
    private static final int SQ_FLAGS = 16;
    private static final int SQ_ARRAY = 24;
    private static final int CQ_CQES = 20;

    // struct io_uring_sqe and io_uring_cqe
    private static final int SQE_LENGTH = 64;
    private static final int SQE_ADDRESS = 16;
    private static final int SQE_LENGTH_FIELD = 24;
    private static final int SQE_FLAGS_FIELD = 28;
    private static final int SQE_TOKEN = 32;
    private static final int CQE_LENGTH = 16;
    private static final int CQE_RESULT = 8;

    private static final int UNWATCH_TRIES = 10_000;

    private final Fd fd;
    private final Mapping rings;
    private final Mapping requests;
    private final long firstRequest;
    private final int entries;
    private final int completionMask;
    private final long sqHead;
    private final long sqTail;
    private final long sqFlags;
    private final long cqHead;
    private final long cqTail;
    private final long completions;
    private int tail;
    private int head;
    private int outstanding;
    private boolean isWatching;
    private int token;
    private int result;

    private IoUring(final Fd fd, final Scratch params) {
        this.fd = fd;
        entries = params.getInt(PARAMS_SQ_ENTRIES);
        final int completionEntries = params.getInt(PARAMS_CQ_ENTRIES);
        completionMask = completionEntries - 1;
        final long array = params.getInt(PARAMS_SQ + SQ_ARRAY);
        final long cqes = params.getInt(PARAMS_CQ + CQ_CQES);
        final long length = Math.max(array + (long) entries * Integer.BYTES,
            cqes + (long) completionEntries * CQE_LENGTH);
        rings = Mapping.map(fd, 0, length, "the rings of an io_uring");
        try {
            requests = Mapping.map(fd, OFFSET_SQES, (long) entries * SQE_LENGTH, "the requests of an io_uring");
        } catch (final LinuxException e) {
            rings.close();
            throw e;
        }
        firstRequest = requests.address();
        final long base = rings.address();
        sqHead = base + params.getInt(PARAMS_SQ);
        sqTail = base + params.getInt(PARAMS_SQ + RING_TAIL);
        sqFlags = base + params.getInt(PARAMS_SQ + SQ_FLAGS);
        cqHead = base + params.getInt(PARAMS_CQ);
        cqTail = base + params.getInt(PARAMS_CQ + RING_TAIL);
        completions = base + cqes;
        for (int i = 0; i < entries; i++) {
            UnsafeApi.putInt(base + array + (long) i * Integer.BYTES, i);
        }
    }

    /**
     * Makes one for one file.
     *
     * @param entries at least so many requests fit into one {@link #submit}, with one {@link #watch} among them.
     * @param file    read from and written to. It stays the caller's, but stays open at least until {@link #close}.
     * @throws LinuxException where io_uring is not to be had: {@code EPERM} or {@code ENOSYS} if it is switched off,
     *                        {@code EINVAL} before Linux 5.19.
     */
    public static IoUring open(final int entries, final Fd file) {
        try (Scratch params = new Scratch(PARAMS_LENGTH); Scratch files = new Scratch(Integer.BYTES)) {
            params.putInt(PARAMS_FLAGS, SETUP_SUBMIT_ALL | SETUP_COOP_TASKRUN | SETUP_TASKRUN_FLAG);
            final long number = LibC.syscall(SyscallNumbers.IO_URING_SETUP, entries + 1L, params.address(), 0, 0, 0);
            final int errno = number == -1 ? LibC.errno() : 0;
            final Fd fd = Fd.ownResult((int) number, "create an io_uring", switch (errno) {
                case Errno.EPERM -> "allow it: sysctl kernel.io_uring_disabled=0, in a container its seccomp filter";
                case Errno.ENOSYS -> "this kernel or the seccomp filter of this container has no io_uring";
                case Errno.EINVAL -> "this needs Linux 5.19 or later";
                case Errno.ENOMEM -> "raise the limit of locked memory (ulimit -l)";
                default -> "";
            });
            files.putInt(0, file.number());
            if (LibC.syscall(SyscallNumbers.IO_URING_REGISTER, fd.number(), REGISTER_FILES, files.address(), 1, 0)
                == -1) {
                final int refused = LibC.errno();
                fd.close();
                throw new LinuxException("register a file with an io_uring", refused, "");
            }
            try {
                return new IoUring(fd, params);
            } catch (final LinuxException e) {
                fd.close();
                throw e;
            }
        }
    }

    /**
     * Queues a read of one packet into {@code length} bytes at {@code address}. This and the next three: only while
     * nothing is watched, and not more of them than entries were asked for.
     */
    public void read(final long address, final int length, final int newToken) {
        request(OP_READ, address, length, RWF_NOWAIT, newToken);
    }

    /** Queues a read of one packet into the parts of an I/O vector, see {@link PacketIo}. */
    public void readv(final long vector, final int parts, final int newToken) {
        request(OP_READV, vector, parts, RWF_NOWAIT, newToken);
    }

    /** Queues a write of one packet. */
    public void write(final long address, final int length, final int newToken) {
        request(OP_WRITE, address, length, RWF_NOWAIT, newToken);
    }

    /** Queues a write of one packet from the parts of an I/O vector. */
    public void writev(final long vector, final int parts, final int newToken) {
        request(OP_WRITEV, vector, parts, RWF_NOWAIT, newToken);
    }

    private void request(final int operation, final long address, final int length, final int flags,
                         final long newToken) {
        final long sqe = firstRequest + (long) (tail & entries - 1) * SQE_LENGTH;
        tail++;
        // opcode, flags, ioprio; the first registered file; offset 0
        UnsafeApi.putLong(sqe, operation | IOSQE_FIXED_FILE << Byte.SIZE);
        UnsafeApi.putLong(sqe + Long.BYTES, 0);
        UnsafeApi.putLong(sqe + SQE_ADDRESS, address);
        UnsafeApi.putInt(sqe + SQE_LENGTH_FIELD, length);
        UnsafeApi.putInt(sqe + SQE_FLAGS_FIELD, flags);
        UnsafeApi.putLong(sqe + SQE_TOKEN, newToken);
        UnsafeApi.putLong(sqe + SQE_TOKEN + 8, 0);
        UnsafeApi.putLong(sqe + SQE_TOKEN + 16, 0);
        UnsafeApi.putLong(sqe + SQE_TOKEN + 24, 0);
    }

    /**
     * Carries out what is queued, in this order, and returns when all is done. What the kernel did not take, which is
     * rare, has no result.
     *
     * @return how many it took.
     */
    public int submit() {
        final int first = UnsafeApi.getIntAcquire(null, sqHead);
        UnsafeApi.putIntRelease(null, sqTail, tail);
        enter(tail - first, 0);
        final int taken = UnsafeApi.getIntAcquire(null, sqHead) - first;
        // Nobody looks at what is behind the head but in the call itself: it can be withdrawn.
        tail = first + taken;
        UnsafeApi.putIntRelease(null, sqTail, tail);
        outstanding += taken;
        // RWF_NOWAIT: they are done by now. If ever one is not, its memory is the kernel's, so it is waited for.
        while (completed() < outstanding - (isWatching ? 1 : 0)) {
            enter(0, outstanding - (isWatching ? 1 : 0));
        }
        return taken;
    }

    private int completed() {
        return UnsafeApi.getIntAcquire(null, cqTail) - head;
    }

    private void enter(final int requestCount, final int least) {
        LibC.syscall(SyscallNumbers.IO_URING_ENTER, fd.number(), requestCount, least, ENTER_GETEVENTS, 0);
    }

    /**
     * Takes the next result: its {@link #token} and {@link #result} are there until the next call. They come in any
     * order.
     *
     * @return false if there is none.
     */
    public boolean next() {
        while (head != UnsafeApi.getIntAcquire(null, cqTail)) {
            final long cqe = completions + (long) (head & completionMask) * CQE_LENGTH;
            final long itsToken = UnsafeApi.getLong(cqe);
            result = UnsafeApi.getInt(cqe + CQE_RESULT);
            head++;
            outstanding--;
            UnsafeApi.putIntRelease(null, cqHead, head);
            if (itsToken == WATCH) {
                isWatching = false;
            } else if (itsToken != UNWATCH) {
                token = (int) itsToken;
                return true;
            }
        }
        return false;
    }

    /** As it was given with the request. */
    public int token() {
        return token;
    }

    /** Bytes, or the error number, negated. */
    public int result() {
        return result;
    }

    /** Begins to watch, in one system call, for the file to become readable, once. Does nothing if it does already. */
    public void watch() {
        if (!isWatching) {
            request(OP_POLL_ADD, 0, 0, POLLIN, WATCH);
            isWatching = true;
            if (submit() == 0) {
                isWatching = false;
            }
        }
    }

    /** Whether {@link #watch} was called and the file has been unreadable since. No system call while that is so. */
    public boolean isQuiet() {
        if (!isWatching) {
            return false;
        }
        if (UnsafeApi.getIntAcquire(null, cqTail) == head
            && (UnsafeApi.getIntOpaque(null, sqFlags) & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) == 0) {
            return true;
        }
        enter(0, 0);
        next();
        return isWatching;
    }

    /**
     * Watches no more. By the thread that watched.
     *
     * @return false if the kernel did not let go of the file, which nobody has seen yet.
     */
    public boolean unwatch() {
        if (isWatching) {
            request(OP_POLL_REMOVE, WATCH, 0, 0, UNWATCH);
            submit();
            for (int i = 0; isWatching && i < UNWATCH_TRIES; i++) {
                enter(0, 0);
                next();
                Thread.onSpinWait();
            }
        }
        return !isWatching;
    }

    /** Gives everything back. Call {@link #unwatch} before: what is watched stays open in the kernel for a while. */
    @Override
    public void close() {
        if (fd.isOpen()) {
            // Else the file would be closed by a kernel thread, somewhat later.
            LibC.syscall(SyscallNumbers.IO_URING_REGISTER, fd.number(), UNREGISTER_FILES, 0, 0, 0);
            requests.close();
            rings.close();
            fd.close();
        }
    }
}
