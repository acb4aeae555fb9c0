/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.Burst;
import io.millrace.Offload;
import org.agrona.UnsafeApi;

/**
 * The header that the kernel puts in front of packets of a device with offloads: struct virtio_net_hdr_mrg_rxbuf, in
 * this machine's byte order.
 *
 * <pre>
 *  0       1          2          4          6            8             10            12
 *  +-------+----------+----------+----------+------------+-------------+-------------+
 *  | flags | gso type | hdr len  | gso size | csum start | csum offset | num buffers |
 *  +-------+----------+----------+----------+------------+-------------+-------------+
 * </pre>
 *
 * <p>A device without Ethernet headers counts from the IP header, a packet of a burst from the Ethernet header: that is
 * the {@code shift}.
 */
final class VnetHeader {
    static final int LENGTH = 12;

    private static final int NEEDS_CSUM = 1;
    private static final int GSO_TYPE = 1;
    private static final int HEADER_LENGTH = 2;
    private static final int GSO_SIZE = 4;
    private static final int CSUM_START = 6;
    private static final int CSUM_OFFSET = 8;

    private VnetHeader() {
    }

    /**
     * Whether a packet with this header leaves anything to be done. Most do not.
     */
    static boolean isPlain(final long header) {
        return (UnsafeApi.getByte(header) & NEEDS_CSUM) == 0 && UnsafeApi.getByte(header + GSO_TYPE) == 0;
    }

    /**
     * Turns a header into what packet {@code i} of a burst leaves to be done.
     *
     * @return false if it makes no sense.
     */
    static boolean read(final long header, final int shift, final Burst burst, final int i) {
        final boolean needsChecksum = (UnsafeApi.getByte(header) & NEEDS_CSUM) != 0;
        final int length = u16(header + HEADER_LENGTH);
        return burst.offload(i, needsChecksum ? u16(header + CSUM_START) + shift : -1, u16(header + CSUM_OFFSET),
            UnsafeApi.getByte(header + GSO_TYPE) & 0xff, u16(header + GSO_SIZE), length == 0 ? 0 : length + shift);
    }

    /**
     * Writes the header of packet {@code i}. What it says about itself may be a stranger's word.
     *
     * @return false if it makes no sense: then the kernel would refuse it, or worse.
     */
    static boolean write(final long header, final int shift, final Burst burst, final int i) {
        UnsafeApi.putLong(header, 0);
        UnsafeApi.putInt(header + Long.BYTES, 0);
        if (!burst.hasOffload(i)) {
            return true;
        }
        final int length = burst.length(i);
        final int start = burst.checksumStart(i);
        final int offset = burst.checksumOffset(i);
        final int gsoType = burst.gsoType(i);
        if (start < shift || start > length - 2 - offset) {
            return false;
        }
        UnsafeApi.putByte(header, (byte) NEEDS_CSUM);
        UnsafeApi.putShort(header + CSUM_START, (short) (start - shift));
        UnsafeApi.putShort(header + CSUM_OFFSET, (short) offset);
        if (gsoType != Offload.GSO_NONE) {
            final int headers = burst.headerLength(i);
            // A hint to the kernel, which takes it for a length: none at all rather than a wrong one.
            final boolean isLikely = headers > start && headers <= length;
            UnsafeApi.putByte(header + GSO_TYPE, (byte) gsoType);
            UnsafeApi.putShort(header + GSO_SIZE, (short) burst.gsoSize(i));
            UnsafeApi.putShort(header + HEADER_LENGTH, (short) (isLikely ? headers - shift : start - shift));
        }
        return true;
    }

    private static int u16(final long address) {
        return UnsafeApi.getShort(address) & 0xffff;
    }
}
