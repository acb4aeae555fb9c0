/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import com.sun.jna.Native;
import io.millrace.linux.Fd;

import java.util.List;

/**
 * What a hostile peer does to an eventfd, and what it passes off as one. Tests only: everything else calls the kernel
 * through linux.
 */
final class EventFile {
    private static final int F_SETFL = 4;
    private static final int O_RDWR = 2;
    private static final int SIGNAL_WORDS = 16;
    private static final long ALMOST_MAX = 0xfffffffffffffffeL;

    static {
        Native.register(EventFile.class, "c");
    }

    private EventFile() {
    }

    private static native int pipe(int[] fds);

    private static native int open(String path, int flags);

    private static native int signalfd(int fd, long[] signals, int flags);

    private static native int fcntl(int fd, int command, int argument);

    private static native long write(int fd, long[] bytes, long count);

    private static native long read(int fd, long[] bytes, long count);

    /** Files that are no eventfds, the far end of a pipe among them. The caller closes them. */
    static List<Fd> others() {
        final int[] ends = new int[2];
        if (pipe(ends) != 0) {
            throw new AssertionError("no pipe");
        }
        return List.of(Fd.own(ends[0]), Fd.own(ends[1]), Fd.own(open("/dev/ptmx", O_RDWR)),
            Fd.own(open("/dev/null", O_RDWR)), Fd.own(signalfd(-1, new long[SIGNAL_WORDS], 0)));
    }

    /** Brings it to its maximum and makes it block. */
    static void fill(final Fd fd) {
        read(fd.number(), new long[1], Long.BYTES);
        if (write(fd.number(), new long[] {ALMOST_MAX}, Long.BYTES) != Long.BYTES
            || fcntl(fd.number(), F_SETFL, O_RDWR) != 0) {
            throw new AssertionError("cannot fill " + fd);
        }
    }
}
