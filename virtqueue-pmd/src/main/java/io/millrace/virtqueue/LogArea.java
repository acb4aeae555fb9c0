/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.linux.FileStatus;
import io.millrace.linux.Mapping;
import io.millrace.virtqueue.ProtocolViolation.Reason;
import org.agrona.UnsafeApi;

/**
 * The bitmap in which a front-end wants to be told of pages that were written, mapped: SET_LOG_BASE with
 * VHOST_USER_PROTOCOL_F_LOG_SHMFD.
 *
 * <p>Thread safety: made and closed on the control loop, when no ring uses it.
 */
final class LogArea implements AutoCloseable {
    private final Mapping mapping;
    private final long address;
    private final long size;

    private LogArea(final Mapping mapping, final long address, final long size) {
        this.mapping = mapping;
        this.address = address;
        this.size = size;
    }

    /**
     * Maps it. Its file has to be sealed against shrinking, as QEMU's is: bits are set by instructions that must not
     * fault.
     *
     * @param file   stays the caller's.
     * @param size   in bytes.
     * @param offset of the first byte in the file, a multiple of 8.
     */
    static LogArea map(final Fd file, final long size, final long offset) throws ProtocolViolation {
        final FileStatus status = file.status();
        if (!status.isRegular() || !status.isMemory() || !status.isWritable() || !status.isSealedAgainstShrinking()) {
            throw new ProtocolViolation(Reason.WRONG_FILE, "SET_LOG_BASE: " + file.target()
                + " is not a memfd that is sealed against shrinking and open for reading and writing");
        }
        if (size < 1 || size > MemoryTable.MAX_BYTES || offset < 0 || offset % Long.BYTES != 0
            || size > status.size() - offset) {
            throw new ProtocolViolation(Reason.BAD_MEMORY, "SET_LOG_BASE: " + Long.toUnsignedString(size)
                + " bytes from " + Long.toUnsignedString(offset) + " in a file of " + status.size());
        }
        final long before = offset % UnsafeApi.pageSize();
        final Mapping mapping = Mapping.map(file, offset - before, before + size, "dirty log");
        return new LogArea(mapping, mapping.address() + before, size);
    }

    long address() {
        return address;
    }

    /** In bytes; each is for 8 pages. */
    long size() {
        return size;
    }

    @Override
    public void close() {
        mapping.close();
    }
}
