/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import org.agrona.UnsafeApi;

/**
 * One test of a compiled filter and where to go on: to another test, to {@link #ACCEPT} or to {@link #REJECT}. The ways
 * lead forward only, so every packet gets to an end.
 *
 * <p>Thread safety: immutable.
 */
final class Step {
    /** The packet matches. */
    static final Step ACCEPT = new Step(null, null, null);
    /** It does not. */
    static final Step REJECT = new Step(null, null, null);

    private final int ipv4At;
    private final int at;
    private final int width;
    private final int mask;
    private final boolean isAtLeast;
    private final int value;
    private final Step yes;
    private final Step no;

    private Step(final Condition.Test test, final Step yes, final Step no) {
        final boolean isEnd = test == null;
        this.ipv4At = isEnd ? Condition.Test.NONE : test.ipv4At();
        this.at = isEnd ? 0 : test.at();
        this.width = isEnd ? 0 : test.width();
        this.mask = isEnd ? 0 : test.mask();
        this.isAtLeast = !isEnd && test.isAtLeast();
        this.value = isEnd ? 0 : test.value();
        this.yes = yes;
        this.no = no;
    }

    /** The first step of a condition: goes on at {@code yes} where it holds, and at {@code no} where it does not. */
    static Step of(final Condition condition, final Step yes, final Step no) {
        if (condition instanceof final Condition.Both both) {
            return of(both.first(), of(both.second(), yes, no), no);
        }
        if (condition instanceof final Condition.Either either) {
            return of(either.first(), yes, of(either.second(), yes, no));
        }
        if (condition instanceof final Condition.Not not) {
            return of(not.part(), no, yes);
        }
        if (condition instanceof final Condition.Primitive primitive) {
            return of(primitive.meaning(), yes, no);
        }
        return new Step((Condition.Test) condition, yes, no);
    }

    /** Where to go on with a packet; not for the two ends. What would read beyond the packet rejects it. */
    Step next(final long address, final int length) {
        int actual = length;
        if (width != 0) {
            int where = at;
            if (ipv4At != Condition.Test.NONE) {
                if (ipv4At >= length) {
                    return REJECT;
                }
                where += (UnsafeApi.getByte(address + ipv4At) & 0xF) * Integer.BYTES;
            }
            if (where > length - width) {
                return REJECT;
            }
            actual = read(address + where);
        }
        final int masked = actual & mask;
        return (isAtLeast ? masked >= value : masked == value) ? yes : no;
    }

    private int read(final long address) {
        if (width == Integer.BYTES) {
            return Integer.reverseBytes(UnsafeApi.getInt(address));
        }
        return width == Short.BYTES
            ? Short.reverseBytes(UnsafeApi.getShort(address)) & 0xFFFF
            : UnsafeApi.getByte(address) & 0xFF;
    }

    /** Whether it is one of the two ends. */
    boolean isEnd() {
        return yes == null;
    }
}
