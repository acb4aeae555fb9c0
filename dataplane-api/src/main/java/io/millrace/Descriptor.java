/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * The 64 bits that stand for one packet. Nobody outside this package sees the number: a {@link Burst} does.
 *
 * <pre>
 *  63      56 55      48 47               31 30                              0
 * +----------+----------+-------------------+--------------------------------+
 * |  flags   |   port   |  length (bytes)   |  offset in the pool (bytes)    |
 * +----------+----------+-------------------+--------------------------------+
 * </pre>
 *
 * Moving a packet between bursts is one {@code long} store: no reference, hence no write barrier on any collector.
 */
final class Descriptor {
    static final int MAX_LENGTH = (1 << 17) - 1;
    static final int MAX_PORT = (1 << 8) - 1;
    static final int MAX_FLAGS = (1 << 8) - 1;

    private static final int LENGTH_SHIFT = 31;
    private static final int PORT_SHIFT = 48;
    private static final int FLAGS_SHIFT = 56;
    private static final long OFFSET_MASK = (1L << LENGTH_SHIFT) - 1;
    private static final long LENGTH_MASK = (long) MAX_LENGTH << LENGTH_SHIFT;

    private Descriptor() {
    }

    static long of(final int offset, final int length, final int port, final int flags) {
        assert offset >= 0 && length > 0 && length <= MAX_LENGTH && port >= 0 && port <= MAX_PORT
            && flags >= 0 && flags <= MAX_FLAGS : "offset " + offset + ", length " + length + ", port " + port
            + ", flags " + flags;
        return offset | (long) length << LENGTH_SHIFT | (long) port << PORT_SHIFT | (long) flags << FLAGS_SHIFT;
    }

    static int offset(final long descriptor) {
        return (int) (descriptor & OFFSET_MASK);
    }

    static int length(final long descriptor) {
        return (int) (descriptor >>> LENGTH_SHIFT) & MAX_LENGTH;
    }

    static int port(final long descriptor) {
        return (int) (descriptor >>> PORT_SHIFT) & MAX_PORT;
    }

    static int flags(final long descriptor) {
        return (int) (descriptor >>> FLAGS_SHIFT);
    }

    static long withSpan(final long descriptor, final int offset, final int length) {
        return descriptor & ~(OFFSET_MASK | LENGTH_MASK) | offset | (long) length << LENGTH_SHIFT;
    }

    static long withFlags(final long descriptor, final int flags) {
        return descriptor & (1L << FLAGS_SHIFT) - 1 | (long) flags << FLAGS_SHIFT;
    }
}
