/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import io.millrace.linux.SharedMemory;
import org.agrona.UnsafeApi;

/** The dirty log of a migration: a bit for each page of 4 KiB of the guest, from address 0 on. */
final class DirtyLog implements AutoCloseable {
    private static final int BYTES = 4096;
    private static final int PAGE_SHIFT = 12;

    private final Fd fd = SharedMemory.create("conformance log", BYTES, false);
    private final Mapping mapping;

    DirtyLog() {
        // A log that can shrink is one that a careful back-end does not take.
        SharedMemory.seal(fd);
        mapping = Mapping.map(fd, 0, BYTES, "conformance log");
    }

    /** Hands it to the back-end, which has to answer (vhost-user, SET_LOG_BASE). */
    void announce(final Guest guest) {
        guest.say().announce(Wire.SET_LOG_BASE, Wire.payload(16).putLong(0, BYTES).putLong(8, 0), fd);
    }

    /** Whether the page of that guest address was written to since this was last asked. */
    boolean takeDirty(final long guestAddress) {
        final long page = guestAddress >>> PAGE_SHIFT;
        final long at = mapping.address() + (page >>> 6 << 3);
        final long bit = 1L << (page & 63);
        final boolean isDirty = (UnsafeApi.getLongVolatile(null, at) & bit) != 0;
        UnsafeApi.putLongVolatile(null, at, 0);
        return isDirty;
    }

    @Override
    public void close() {
        mapping.close();
        fd.close();
    }
}
