/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * The structures that {@code recvmsg} and {@code sendmsg} want, laid out in one piece of native memory.
 *
 * <pre>
 *   0  msghdr    name, namelen, iov, iovlen, control, controllen, flags
 *  56  iovec     base, length                        one stretch of bytes
 *  72  cmsghdr   length, level, type, then the fds   room for as many as the kernel lets through: 253
 * </pre>
 */
final class SocketMessage implements AutoCloseable {
    private static final int IOV_OFFSET = 16;
    private static final int IOV_COUNT_OFFSET = 24;
    private static final int CONTROL_OFFSET = 32;
    private static final int CONTROL_LENGTH_OFFSET = 40;
    private static final int FLAGS_OFFSET = 48;
    private static final int IOVEC_OFFSET = 56;
    private static final int CMSG_OFFSET = 72;

    private static final int CMSG_LEVEL_OFFSET = 8;
    private static final int CMSG_TYPE_OFFSET = 12;
    private static final int CMSG_DATA_OFFSET = 16;
    private static final int CONTROL_CAPACITY = align(CMSG_DATA_OFFSET + ReceivedFds.CAPACITY * Integer.BYTES);

    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 8;

    private final Scratch memory = new Scratch(CMSG_OFFSET + CONTROL_CAPACITY);

    SocketMessage() {
        memory.putLong(IOV_OFFSET, memory.address() + IOVEC_OFFSET);
        memory.putLong(IOV_COUNT_OFFSET, 1);
    }

    long address() {
        return memory.address();
    }

    /** Prepares for receiving into {@code length} bytes at {@code address}. */
    void prepareReceive(final long address, final int length) {
        prepare(address, length, CONTROL_CAPACITY);
    }

    /** Prepares for sending {@code length} bytes from {@code address}, and duplicates of {@code fds} with them. */
    void prepareSend(final long address, final int length, final int[] fds) {
        final int count = fds == null ? 0 : fds.length;
        if (count > ReceivedFds.CAPACITY) {
            throw new IllegalArgumentException(count + " descriptors; one message carries " + ReceivedFds.CAPACITY);
        }
        final int cmsgLength = CMSG_DATA_OFFSET + count * Integer.BYTES;
        prepare(address, length, count == 0 ? 0 : align(cmsgLength));
        memory.putLong(CMSG_OFFSET, cmsgLength);
        memory.putInt(CMSG_OFFSET + CMSG_LEVEL_OFFSET, SOL_SOCKET);
        memory.putInt(CMSG_OFFSET + CMSG_TYPE_OFFSET, SCM_RIGHTS);
        for (int i = 0; i < count; i++) {
            memory.putInt(CMSG_OFFSET + CMSG_DATA_OFFSET + (long) i * Integer.BYTES, fds[i]);
        }
    }

    private void prepare(final long address, final int length, final int controlLength) {
        memory.putLong(IOVEC_OFFSET, address);
        memory.putLong(IOVEC_OFFSET + 8, length);
        memory.putLong(CONTROL_OFFSET, controlLength == 0 ? 0 : memory.address() + CMSG_OFFSET);
        memory.putLong(CONTROL_LENGTH_OFFSET, controlLength);
        memory.putInt(FLAGS_OFFSET, 0);
    }

    /** Gives every descriptor that came with a received message to {@code fds}: first own them, then judge them. */
    void moveFds(final ReceivedFds fds) {
        final long end = CMSG_OFFSET + memory.getLong(CONTROL_LENGTH_OFFSET);
        long at = CMSG_OFFSET;
        while (at + CMSG_DATA_OFFSET <= end) {
            final int length = (int) memory.getLong(at);
            if (memory.getInt(at + CMSG_LEVEL_OFFSET) == SOL_SOCKET
                && memory.getInt(at + CMSG_TYPE_OFFSET) == SCM_RIGHTS) {
                for (long fd = at + CMSG_DATA_OFFSET; fd < at + length; fd += Integer.BYTES) {
                    fds.add(memory.getInt(fd));
                }
            }
            at += Math.max(CMSG_DATA_OFFSET, align(length));
        }
        if ((memory.getInt(FLAGS_OFFSET) & MSG_CTRUNC) != 0) {
            fds.markTruncated();
        }
    }

    private static int align(final int length) {
        return length + Long.BYTES - 1 & -Long.BYTES;
    }

    @Override
    public void close() {
        memory.close();
    }
}
