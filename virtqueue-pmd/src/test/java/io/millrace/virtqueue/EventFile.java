/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import com.sun.jna.Native;
import io.millrace.linux.Fd;

/** What a hostile peer does to an eventfd it was given. Tests only: everything else calls the kernel through linux. */
final class EventFile {
    private static final int F_SETFL = 4;
    private static final int O_RDWR = 2;
    private static final long ALMOST_MAX = 0xfffffffffffffffeL;

    static {
        Native.register(EventFile.class, "c");
    }

    private EventFile() {
    }

    private static native int fcntl(int fd, int command, int argument);

    private static native long write(int fd, long[] bytes, long count);

    private static native long read(int fd, long[] bytes, long count);

    /** Brings it to its maximum and makes it block. */
    static void fill(final Fd fd) {
        read(fd.number(), new long[1], Long.BYTES);
        if (write(fd.number(), new long[] {ALMOST_MAX}, Long.BYTES) != Long.BYTES
            || fcntl(fd.number(), F_SETFL, O_RDWR) != 0) {
            throw new AssertionError("cannot fill " + fd);
        }
    }
}
