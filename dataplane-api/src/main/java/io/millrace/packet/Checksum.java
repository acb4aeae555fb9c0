/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import org.agrona.UnsafeApi;

/**
 * The Internet checksum (RFC 1071): the complement of the ones' complement sum of a range's 16-bit words.
 *
 * <p>A <em>sum</em> here is the sum itself, not complemented, as a number of 0 to 0xFFFF. Sums of several ranges are
 * added with {@code +} and handed to {@link #of(int)}, provided that all ranges but the last have an even length. A
 * <em>checksum</em> is what stands in a header, as the fields of the flyweights give it.
 *
 * <p>All methods are pure functions of their arguments and of the memory they read; the caller answers for that memory.
 */
public final class Checksum {
    private static final int WORD_MASK = 0xFFFF;
    private static final long INT_MASK = 0xFFFF_FFFFL;

    private Checksum() {
    }

    /**
     * The sum of a range.
     *
     * @param address of its first byte; need not be even.
     * @param length  in bytes, 0 or more. An odd range counts as if one zero byte followed.
     */
    public static int sum(final long address, final int length) {
        // The words are added in the machine's byte order, many at once, and the bytes of the result swapped: the sum
        // is independent of byte order (RFC 1071, section 2B). Two accumulators, so that additions overlap.
        long even = 0;
        long odd = 0;
        int at = 0;
        for (; at <= length - 2 * Long.BYTES; at += 2 * Long.BYTES) {
            final long first = UnsafeApi.getLong(address + at);
            final long second = UnsafeApi.getLong(address + at + Long.BYTES);
            // 32 bits into 64: 2^31 bytes cannot overflow it, so there is no carry to chase.
            even += (first & INT_MASK) + (first >>> 32);
            odd += (second & INT_MASK) + (second >>> 32);
        }
        long sum = even + odd;
        if ((length & Long.BYTES) != 0) {
            final long value = UnsafeApi.getLong(address + at);
            sum += (value & INT_MASK) + (value >>> 32);
            at += Long.BYTES;
        }
        if ((length & Integer.BYTES) != 0) {
            sum += UnsafeApi.getInt(address + at) & INT_MASK;
            at += Integer.BYTES;
        }
        if ((length & Short.BYTES) != 0) {
            sum += UnsafeApi.getShort(address + at) & WORD_MASK;
            at += Short.BYTES;
        }
        if ((length & 1) != 0) {
            sum += UnsafeApi.getByte(address + at) & 0xFF;
        }
        sum = (sum & INT_MASK) + (sum >>> 32);
        sum = (sum & INT_MASK) + (sum >>> 32);
        return Short.reverseBytes((short) fold((int) sum)) & WORD_MASK;
    }

    /**
     * The checksum of whatever adds up to {@code sum}.
     *
     * @param sum one sum, or several added with {@code +}.
     */
    public static int of(final int sum) {
        return ~fold(sum) & WORD_MASK;
    }

    /** The checksum of a range: what belongs in a checksum field inside it that is 0 now. */
    public static int of(final long address, final int length) {
        return ~sum(address, length) & WORD_MASK;
    }

    /** Whether a range whose checksum field lies inside it is intact. */
    public static boolean isIntact(final long address, final int length) {
        return sum(address, length) == WORD_MASK;
    }

    /**
     * The sum of the pseudo header that TCP and UDP over IPv4 include (RFC 9293, section 3.1).
     *
     * @param source      the source address.
     * @param destination the destination address.
     * @param protocol    of {@link IpProtocol}.
     * @param length      of the transport header and its payload.
     */
    public static int pseudoHeaderSum(final int source, final int destination, final int protocol, final int length) {
        return fold(words(source) + words(destination) + protocol + words(length));
    }

    /**
     * The sum of the pseudo header that TCP, UDP and ICMPv6 over IPv6 include (RFC 8200, section 8.1).
     *
     * @param sourceHigh      the first 64 bits of the source address.
     * @param sourceLow       the other 64.
     * @param destinationHigh the first 64 bits of the destination address.
     * @param destinationLow  the other 64.
     * @param protocol        of {@link IpProtocol}: what the last extension header announces.
     * @param length          of the transport header and its payload.
     */
    public static int pseudoHeaderSum(final long sourceHigh, final long sourceLow, final long destinationHigh,
                                      final long destinationLow, final int protocol, final int length) {
        return fold(words(sourceHigh) + words(sourceLow) + words(destinationHigh) + words(destinationLow)
            + protocol + words(length));
    }

    /**
     * The checksum after one 16-bit word of the range has changed, without reading the range (RFC 1624, equation 3).
     * Not for a UDP checksum of 0, which means that there is none.
     *
     * @param checksum that stood in the header.
     * @param before   the old word, 0 to 0xFFFF.
     * @param after    the new word, 0 to 0xFFFF.
     */
    public static int update(final int checksum, final int before, final int after) {
        return of((~checksum & WORD_MASK) + (~before & WORD_MASK) + after);
    }

    /** As {@link #update} for 32 bits that lie at an even place of the range, such as an IPv4 address. */
    public static int updateInt(final int checksum, final int before, final int after) {
        return of((~checksum & WORD_MASK) + words(~before) + words(after));
    }

    private static int words(final int value) {
        return (value >>> 16) + (value & WORD_MASK);
    }

    private static int words(final long value) {
        return words((int) (value >>> 32)) + words((int) value);
    }

    /** Carries are added at the low end until none is left (RFC 1071, section 1); {@code sum} is unsigned. */
    private static int fold(final int sum) {
        final int once = words(sum);
        return words(once);
    }
}
