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
 * <p>Without offloads every field but the last is 0.
 */
final class NetHeader {
    /** With a number of buffers. */
    static final int LENGTH = 12;
    /** Without. */
    static final int LEGACY_LENGTH = 10;

    private static final int NUM_BUFFERS_OFFSET = 10;
    // NEEDS_CSUM in the flags, or any gso type.
    private static final int OFFLOAD = 0xff01;

    private NetHeader() {
    }

    /** Its length under the features that were negotiated, and nothing else. */
    static int length(final long features) {
        final long numBuffers = Features.VIRTIO_F_VERSION_1 | Features.VIRTIO_NET_F_MRG_RXBUF;
        return (features & numBuffers) == 0 ? LEGACY_LENGTH : LENGTH;
    }

    /** Writes the header of a packet in one buffer. */
    static void writeSingle(final long address, final int length) {
        ensure(address, length, 1 << 16);
    }

    /** Writes the header of a packet that a driver sends: all zero. */
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

    /** Writes the header of a packet in {@code buffers} buffers to private memory. */
    static void write(final long address, final int length, final int buffers) {
        UnsafeApi.putLong(address, 0);
        UnsafeApi.putShort(address + 8, (short) 0);
        if (length == LENGTH) {
            UnsafeApi.putShort(address + NUM_BUFFERS_OFFSET, (short) buffers);
        }
    }

    /** Whether a header that a peer wrote asks for an offload. Reads it once. */
    static boolean hasOffload(final long address) {
        return (UnsafeApi.getShortOpaque(null, address) & OFFLOAD) != 0;
    }

    /** How many buffers a peer says that the packet fills. Reads it once. */
    static int buffers(final long address) {
        return UnsafeApi.getShortOpaque(null, address + NUM_BUFFERS_OFFSET) & 0xffff;
    }
}
