/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * The virtio-net header in front of each packet (virtio 1.2, 5.1.6).
 *
 * <pre>
 *  0       1          2          4          6            8             10            12
 *  +-------+----------+----------+----------+------------+-------------+-------------+
 *  | flags | gso type | hdr len  | gso size | csum start | csum offset | num buffers |
 *  +-------+----------+----------+----------+------------+-------------+-------------+
 *                                                                       not for legacy
 * </pre>
 *
 * <p>Mostly every field but the last is 0. The others say what the packet leaves to be done: an
 * {@link OffloadRequest}.
 */
final class NetHeader {
    /** With a number of buffers. */
    static final int LENGTH = 12;
    /** Without. */
    static final int LEGACY_LENGTH = 10;

    private static final int HEADER_LENGTH_OFFSET = 2;
    private static final int GSO_SIZE_OFFSET = 4;
    private static final int CSUM_START_OFFSET = 6;
    private static final int CSUM_OFFSET_OFFSET = 8;
    private static final int NUM_BUFFERS_OFFSET = 10;

    private NetHeader() {
    }

    /** Its length under the features that were negotiated, and nothing else. */
    static int length(final long features) {
        final long numBuffers = Features.VIRTIO_F_VERSION_1 | Features.VIRTIO_NET_F_MRG_RXBUF;
        return (features & numBuffers) == 0 ? LEGACY_LENGTH : LENGTH;
    }

    /** Writes the header of a complete packet in one buffer. */
    static void writeSingle(final long address, final int length) {
        ensure(address, length, 1 << 16);
    }

    /** Writes the header of a complete packet that a driver sends: all zero. */
    static void writeZero(final long address, final int length) {
        ensure(address, length, 0);
    }

    /** Stores only where it does not stand there yet: mostly it does, and a store would cost more. */
    private static void ensure(final long address, final int length, final int offsetAndBuffers) {
        if (UnsafeApi.getLong(address) != 0) {
            UnsafeApi.putLong(address, 0);
        }
        if (length == LENGTH) {
            if (UnsafeApi.getInt(address + 8) != offsetAndBuffers) {
                UnsafeApi.putInt(address + 8, offsetAndBuffers);
            }
        } else if (UnsafeApi.getShort(address + 8) != 0) {
            UnsafeApi.putShort(address + 8, (short) 0);
        }
    }

    /**
     * Writes any header.
     *
     * @param request what the packet leaves to be done.
     * @param headers the bytes of headers that the pieces of a packet that is to be cut will have.
     * @param buffers how many it fills; 0 from a driver.
     */
    static void write(final long address, final int length, final long request, final int headers,
                      final int buffers) {
        UnsafeApi.putShort(address, (short) request);
        UnsafeApi.putShort(address + HEADER_LENGTH_OFFSET, (short) headers);
        UnsafeApi.putShort(address + GSO_SIZE_OFFSET, (short) OffloadRequest.gsoSize(request));
        UnsafeApi.putShort(address + CSUM_START_OFFSET, (short) OffloadRequest.csumStart(request));
        UnsafeApi.putShort(address + CSUM_OFFSET_OFFSET, (short) OffloadRequest.csumOffset(request));
        if (length == LENGTH) {
            UnsafeApi.putShort(address + NUM_BUFFERS_OFFSET, (short) buffers);
        }
    }

    /**
     * Reads, once, the two bytes of a peer's header that say whether the packet leaves anything to be done.
     *
     * @return the flag NEEDS_CSUM and above it the gso type: 0 if it is complete.
     */
    static int asks(final long address) {
        return u8(address) & OffloadRequest.NEEDS_CSUM | u8(address + 1) << Byte.SIZE;
    }

    /** Reads, once, the other fields of a header with these {@code flagsAndType}. */
    static long request(final long address, final int flagsAndType) {
        return OffloadRequest.of(flagsAndType, u16(address + GSO_SIZE_OFFSET), u16(address + CSUM_START_OFFSET),
            u16(address + CSUM_OFFSET_OFFSET));
    }

    /** By bytes, for a guest may put its header at any address. */
    private static int u16(final long address) {
        return u8(address) | u8(address + 1) << Byte.SIZE;
    }

    private static int u8(final long address) {
        return UnsafeApi.getByteOpaque(null, address) & 0xff;
    }

    /** How many buffers a peer says that the packet fills. Reads it once. */
    static int buffers(final long address) {
        return UnsafeApi.getShortOpaque(null, address + NUM_BUFFERS_OFFSET) & 0xffff;
    }
}
