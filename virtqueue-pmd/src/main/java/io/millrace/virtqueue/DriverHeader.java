/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * The header before every packet in a virtio network ring, as this driver uses it: without offloads, so all of it but
 * the buffer count is zero.
 *
 * <pre>
 *  0       1          2         4          6            8             10            12
 *  +-------+----------+---------+----------+------------+-------------+-------------+
 *  | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset | num_buffers |
 *  +-------+----------+---------+----------+------------+-------------+-------------+
 *                                       num_buffers: not in legacy mode without MRG_RXBUF
 * </pre>
 */
final class DriverHeader {
    static final int LENGTH = 12;
    static final int LEGACY_LENGTH = 10;

    private static final long HAS_NUM_BUFFERS = Features.VIRTIO_F_VERSION_1 | Features.VIRTIO_NET_F_MRG_RXBUF;
    // NEEDS_CSUM in flags, or any gso_type: an offload that was not negotiated.
    private static final int OFFLOAD = 0xff01;
    private static final int NUM_BUFFERS_OFFSET = 10;

    private DriverHeader() {
    }

    /** Its length under the negotiated features. virtio 1.2, 5.1.6.1. */
    static int length(final long features) {
        return (features & HAS_NUM_BUFFERS) != 0 ? LENGTH : LEGACY_LENGTH;
    }

    /** Makes the header at {@code address} all zero, storing only where it is not: it mostly is. */
    static void clear(final long address, final int length) {
        if (UnsafeApi.getLong(address) != 0) {
            UnsafeApi.putLong(address, 0);
        }
        if (length == LENGTH) {
            if (UnsafeApi.getInt(address + 8) != 0) {
                UnsafeApi.putInt(address + 8, 0);
            }
        } else if (UnsafeApi.getShort(address + 8) != 0) {
            UnsafeApi.putShort(address + 8, (short) 0);
        }
    }

    /** Whether the header asks for an offload. Reads it once. */
    static boolean hasOffload(final long address) {
        return (UnsafeApi.getShortOpaque(null, address) & OFFLOAD) != 0;
    }

    /** How many buffers the packet fills. Reads it once. */
    static int buffers(final long address) {
        return UnsafeApi.getShortOpaque(null, address + NUM_BUFFERS_OFFSET) & 0xffff;
    }
}
