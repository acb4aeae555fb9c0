/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One complete vhost-user message, copied out of the socket, and the descriptors that came with it.
 *
 * <pre>
 *   0        4       8      12
 *   +--------+-------+------+---------------- - -
 *   | request| flags | size | payload, size bytes
 *   +--------+-------+------+---------------- - -      all numbers little endian
 *              flags:  bits 0-1 version, 1    bit 2 reply    bit 3 the sender wants a reply
 * </pre>
 *
 * <p>Owns its descriptors: {@link #close()} closes those that nobody took.
 */
final class Message implements AutoCloseable {
    static final int HEADER_LENGTH = 12;
    static final int VERSION = 1;
    static final int VERSION_MASK = 3;
    static final int REPLY = 1 << 2;
    static final int NEED_REPLY = 1 << 3;

    private final int request;
    private final int flags;
    private final ByteBuffer payload;
    private final Fd[] fds;

    /**
     * @param payload kept, not copied; position 0, limit the size.
     * @param fds     owned from now on.
     */
    Message(final int request, final int flags, final ByteBuffer payload, final Fd[] fds) {
        this.request = request;
        this.flags = flags;
        this.payload = payload.order(ByteOrder.LITTLE_ENDIAN);
        this.fds = fds;
    }

    /** The number of the request; any 32 bits. */
    int request() {
        return request;
    }

    /** The flags of the header. */
    int flags() {
        return flags;
    }

    /** Whether the sender wants to know how it went. */
    boolean needsReply() {
        return (flags & NEED_REPLY) != 0;
    }

    /** Whether it answers a request. */
    boolean isReply() {
        return (flags & REPLY) != 0;
    }

    /** The bytes of payload. */
    int size() {
        return payload.limit();
    }

    /** The 64 bits at an offset of the payload. */
    long u64(final int offset) {
        return payload.getLong(offset);
    }

    /** The 32 bits at an offset of the payload, as a number from 0 on. */
    long u32(final int offset) {
        return Integer.toUnsignedLong(payload.getInt(offset));
    }

    /** The 16 bits at an offset of the payload, as a number from 0 on. */
    int u16(final int offset) {
        return Short.toUnsignedInt(payload.getShort(offset));
    }

    /** How many descriptors came with it, those taken included. */
    int fdCount() {
        return fds.length;
    }

    /**
     * Hands a descriptor over to the caller.
     *
     * @throws IllegalStateException if it was taken before.
     */
    Fd takeFd(final int i) {
        final Fd fd = fds[i];
        if (fd == null) {
            throw new IllegalStateException("descriptor " + i + " has been taken already");
        }
        fds[i] = null;
        return fd;
    }

    /** Closes the descriptors that were not taken. */
    @Override
    public void close() {
        for (int i = 0; i < fds.length; i++) {
            if (fds[i] != null) {
                fds[i].close();
                fds[i] = null;
            }
        }
    }

    @Override
    public String toString() {
        final VhostRequest row = VhostRequest.of(request);
        return (row == null ? "request " + Integer.toUnsignedString(request) : row.name()) + " flags " + flags + ", "
            + size() + " bytes, " + fds.length + " fds";
    }
}
