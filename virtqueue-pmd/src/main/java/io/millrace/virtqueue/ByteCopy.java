/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * Copies packets between guest memory and frames, exactly {@code length} bytes. Rounding up would be quicker and would
 * show one guest what is left in a frame from another.
 *
 * <p>Short packets are copied by blocks of loads then stores, the tail by a block that overlaps the one before; from
 * {@link #BULK} bytes on the JVM's own copy wins.
 */
final class ByteCopy {
    private static final int BLOCK = 64;
    private static final int BULK = 256;

    private ByteCopy() {
    }

    /** Copies {@code length} bytes, 0 or more, between places that do not overlap. */
    static void copy(final long from, final long to, final int length) {
        if (length >= BULK) {
            UnsafeApi.copyMemory(from, to, length);
        } else if (length >= BLOCK) {
            int at = 0;
            do {
                block64(from + at, to + at);
                at += BLOCK;
            } while (at <= length - BLOCK);
            if (at < length) {
                block64(from + length - BLOCK, to + length - BLOCK);
            }
        } else if (length >= 32) {
            block32(from, to);
            block32(from + length - 32, to + length - 32);
        } else {
            copyShort(from, to, length);
        }
    }

    private static void block64(final long from, final long to) {
        final long a = UnsafeApi.getLong(from);
        final long b = UnsafeApi.getLong(from + 8);
        final long c = UnsafeApi.getLong(from + 16);
        final long d = UnsafeApi.getLong(from + 24);
        final long e = UnsafeApi.getLong(from + 32);
        final long f = UnsafeApi.getLong(from + 40);
        final long g = UnsafeApi.getLong(from + 48);
        final long h = UnsafeApi.getLong(from + 56);
        UnsafeApi.putLong(to, a);
        UnsafeApi.putLong(to + 8, b);
        UnsafeApi.putLong(to + 16, c);
        UnsafeApi.putLong(to + 24, d);
        UnsafeApi.putLong(to + 32, e);
        UnsafeApi.putLong(to + 40, f);
        UnsafeApi.putLong(to + 48, g);
        UnsafeApi.putLong(to + 56, h);
    }

    private static void block32(final long from, final long to) {
        final long a = UnsafeApi.getLong(from);
        final long b = UnsafeApi.getLong(from + 8);
        final long c = UnsafeApi.getLong(from + 16);
        final long d = UnsafeApi.getLong(from + 24);
        UnsafeApi.putLong(to, a);
        UnsafeApi.putLong(to + 8, b);
        UnsafeApi.putLong(to + 16, c);
        UnsafeApi.putLong(to + 24, d);
    }

    private static void copyShort(final long from, final long to, final int length) {
        if (length >= 16) {
            final long a = UnsafeApi.getLong(from);
            final long b = UnsafeApi.getLong(from + 8);
            final long c = UnsafeApi.getLong(from + length - 16);
            final long d = UnsafeApi.getLong(from + length - 8);
            UnsafeApi.putLong(to, a);
            UnsafeApi.putLong(to + 8, b);
            UnsafeApi.putLong(to + length - 16, c);
            UnsafeApi.putLong(to + length - 8, d);
        } else if (length >= 8) {
            final long a = UnsafeApi.getLong(from);
            final long b = UnsafeApi.getLong(from + length - 8);
            UnsafeApi.putLong(to, a);
            UnsafeApi.putLong(to + length - 8, b);
        } else {
            for (int at = 0; at < length; at++) {
                UnsafeApi.putByte(to + at, UnsafeApi.getByte(from + at));
            }
        }
    }
}
