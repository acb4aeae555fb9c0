/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.agrona.UnsafeApi;

/**
 * Reads and writes one packet a call, on descriptors that keep packets apart, such as those of tap devices. What goes
 * wrong is a number, not an exception, and nothing is allocated: for the packet path.
 *
 * <p>An I/O vector says where the parts of one packet are: {@link #VECTOR_LENGTH} bytes for each part, the address and
 * the length, both 64 bits.
 *
 * <p>Thread safety: any thread.
 */
public final class PacketIo {
    /** Bytes of one part of an I/O vector. */
    public static final int VECTOR_LENGTH = 16;

    private PacketIo() {
    }

    /**
     * Takes one packet. What it has beyond {@code length} is lost.
     *
     * @return its length in bytes, at most {@code length}; or less than 0: the error number, negated, -{@code EAGAIN}
     *         if there is none and the descriptor does not block.
     */
    public static int read(final int fd, final long address, final int length) {
        return result(LibC.read(fd, address, length));
    }

    /** Takes one packet into several pieces of memory; as {@link #read} else. */
    public static int readv(final int fd, final long vector, final int parts) {
        return result(LibC.readv(fd, vector, parts));
    }

    /**
     * Sends one packet.
     *
     * @return how many bytes the device took, or less than 0: the error number, negated.
     */
    public static int write(final int fd, final long address, final int length) {
        return result(LibC.write(fd, address, length));
    }

    /** Sends one packet from several pieces of memory; as {@link #write} else. */
    public static int writev(final int fd, final long vector, final int parts) {
        return result(LibC.writev(fd, vector, parts));
    }

    /** Writes one part of an I/O vector. */
    public static void part(final long vector, final int part, final long address, final long length) {
        final long at = vector + (long) part * VECTOR_LENGTH;
        UnsafeApi.putLong(at, address);
        UnsafeApi.putLong(at + Long.BYTES, length);
    }

    private static int result(final long result) {
        return result >= 0 ? (int) result : -LibC.errno();
    }
}
