/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The asynchronous I/O context through which every {@link EventSignal} of this process signals, and the file they read
 * no bytes from. Made when the first one is; given back when the process ends.
 *
 * <p>Thread safety: any thread; the kernel serializes what is submitted to one context.
 */
final class SignalContext {
    /** The kernel has no asynchronous I/O for us. */
    static final long REFUSED = 0;

    private static final Logger LOG = LoggerFactory.getLogger(SignalContext.class);
    /** Results that may wait to be taken: every signal takes some away after 32 of its own. */
    private static final int CAPACITY = 4096;
    private static final Fd SOURCE = SharedMemory.create("millrace-signal", 0, false);
    private static final long CONTEXT = setUp();

    private SignalContext() {
    }

    static long context() {
        return CONTEXT;
    }

    static Fd source() {
        return SOURCE;
    }

    private static long setUp() {
        try (Scratch result = new Scratch(Long.BYTES)) {
            if (LibC.syscall(SyscallNumbers.IO_SETUP, CAPACITY, result.address(), 0, 0, 0) == 0) {
                return result.getLong(0);
            }
            LOG.warn("io_setup: {} - a hostile peer can stop a worker through its eventfd; allow io_setup, io_submit "
                + "and io_getevents (seccomp), or raise fs.aio-max-nr", Errno.name(LibC.errno()));
            return REFUSED;
        }
    }
}
