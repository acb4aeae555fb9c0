/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.UnsafeApi;

/**
 * What is said about a packet in the first {@link FramePool#RESERVED} bytes of its frame: what one with
 * {@link Burst#OFFLOAD} leaves to be done, and the mark of one with {@link Burst#MARKED}.
 *
 * <pre>
 *  0                4              8              10         12         13       14     16
 *  +----------------+--------------+--------------+----------+----------+--------+------+
 *  | checksum start | headers' end | csum offset  | gso size | gso type | unused | mark |
 *  +----------------+--------------+--------------+----------+----------+--------+------+
 *    both from the start of the pool, so that headers may come and go in front
 * </pre>
 *
 * <p>The memory is the pool's, and a back-end that the pool is shared with can write there: what is read is the word of
 * a stranger, and a place computed from it is checked before it is used.
 */
final class OffloadRecord {
    private static final int HEADERS_END = 4;
    private static final int CHECKSUM_OFFSET = 8;
    private static final int GSO_SIZE = 10;
    private static final int GSO_TYPE = 12;
    private static final int MARK = 14;
    private static final int U16 = 0xffff;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP_CHECKSUM = 6;

    private OffloadRecord() {
    }

    /**
     * Whether a request makes sense for a packet of {@code length} bytes. All fields may be anything.
     *
     * @param csumStart from the packet's first byte.
     */
    static boolean isSound(final int length, final int csumStart, final int csumOffset, final int gsoType,
                           final int gsoSize, final int headerLength) {
        // In this order: each test bounds what the next one adds.
        if (csumStart < 0 || csumOffset < 0 || csumOffset > U16 || csumStart > length - 2 - csumOffset) {
            return false;
        }
        if (gsoType == Offload.GSO_NONE) {
            return true;
        }
        // Cut after so many bytes of data, and there are more: else there is nothing to cut.
        if (gsoSize <= 0 || gsoSize > U16 || gsoSize >= length - csumStart || headerLength < 0
            || headerLength > length) {
            return false;
        }
        return switch (gsoType & ~Offload.GSO_ECN) {
            case Offload.GSO_TCPV4, Offload.GSO_TCPV6 -> csumOffset == TCP_CHECKSUM;
            case Offload.GSO_UDP_L4 -> csumOffset == UDP_CHECKSUM && gsoType == Offload.GSO_UDP_L4;
            default -> false;
        };
    }

    /** Writes a sound request for a packet that starts at {@code offset} in the pool. */
    static void write(final long record, final int offset, final int csumStart, final int csumOffset,
                      final int gsoType, final int gsoSize, final int headerLength) {
        UnsafeApi.putInt(record, offset + csumStart);
        UnsafeApi.putInt(record + HEADERS_END, headerLength == 0 ? 0 : offset + headerLength);
        UnsafeApi.putShort(record + CHECKSUM_OFFSET, (short) csumOffset);
        UnsafeApi.putShort(record + GSO_SIZE, (short) gsoSize);
        UnsafeApi.putByte(record + GSO_TYPE, (byte) gsoType);
    }

    /** Copies the request of a packet at {@code offset} for one at {@code toOffset}. */
    static void copy(final long record, final int offset, final long toRecord, final int toOffset) {
        final int move = toOffset - offset;
        UnsafeApi.putInt(toRecord, UnsafeApi.getInt(record) + move);
        final int headersEnd = headersEnd(record);
        UnsafeApi.putInt(toRecord + HEADERS_END, headersEnd == 0 ? 0 : headersEnd + move);
        UnsafeApi.putInt(toRecord + CHECKSUM_OFFSET, UnsafeApi.getInt(record + CHECKSUM_OFFSET));
        UnsafeApi.putByte(toRecord + GSO_TYPE, UnsafeApi.getByte(record + GSO_TYPE));
    }

    static void mark(final long record, final int mark) {
        UnsafeApi.putShort(record + MARK, (short) mark);
    }

    /** 0 to 65535. */
    static int mark(final long record) {
        return UnsafeApi.getShortOpaque(null, record + MARK) & U16;
    }

    /** From the start of the pool. */
    static int checksumStart(final long record) {
        return UnsafeApi.getIntOpaque(null, record);
    }

    /** From the start of the pool; 0 if unknown. */
    static int headersEnd(final long record) {
        return UnsafeApi.getIntOpaque(null, record + HEADERS_END);
    }

    static int checksumOffset(final long record) {
        return UnsafeApi.getShortOpaque(null, record + CHECKSUM_OFFSET) & U16;
    }

    static int gsoSize(final long record) {
        return UnsafeApi.getShortOpaque(null, record + GSO_SIZE) & U16;
    }

    static int gsoType(final long record) {
        return UnsafeApi.getByteOpaque(null, record + GSO_TYPE) & 0xff;
    }
}
