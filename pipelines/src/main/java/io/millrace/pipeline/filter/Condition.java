/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

/**
 * The expression tree of a {@link PacketFilter}. {@link Primitive}s are what its text consists of, {@link Test}s what
 * these come down to. {@code toString} gives the normal form; it keeps the order of the parts, for a {@code vlan}
 * changes what those behind it look at.
 */
sealed interface Condition {
    /**
     * One comparison with bytes of the packet.
     *
     * @param ipv4At    where an IPv4 header begins whose length is added to {@code at}, or {@link Test#NONE}.
     * @param at        where the value begins, from the first byte of the packet.
     * @param width     bytes of the value: 1, 2 or 4; 0: the value is the length of the packet.
     * @param mask      the bits of the value that count.
     * @param isAtLeast whether to compare by {@code >=}, with values below 2^31, and not by {@code ==}.
     * @param value     to compare with.
     */
    record Test(int ipv4At, int at, int width, int mask, boolean isAtLeast, int value) implements Condition {
        static final int NONE = -1;
    }

    /** What one primitive of the language stands for. */
    record Primitive(String text, Condition meaning) implements Condition {
        @Override
        public String toString() {
            return text;
        }
    }

    /** The second is asked only if the first holds. */
    record Both(Condition first, Condition second) implements Condition {
        @Override
        public String toString() {
            return first + " and " + grouped(second);
        }
    }

    /** The second is asked only if the first does not hold. */
    record Either(Condition first, Condition second) implements Condition {
        @Override
        public String toString() {
            return first + " or " + grouped(second);
        }
    }

    /** The contrary. */
    record Not(Condition part) implements Condition {
        @Override
        public String toString() {
            return "not " + grouped(part);
        }
    }

    /** All of some conditions. */
    static Condition every(final Condition first, final Condition... others) {
        Condition all = first;
        for (final Condition other : others) {
            all = new Both(all, other);
        }
        return all;
    }

    /** One of some conditions. */
    static Condition any(final Condition first, final Condition... others) {
        Condition any = first;
        for (final Condition other : others) {
            any = new Either(any, other);
        }
        return any;
    }

    /** Both words bind alike and from left to right, so only what stands on the right needs parentheses. */
    private static String grouped(final Condition condition) {
        return condition instanceof Both || condition instanceof Either ? "(" + condition + ")" : condition.toString();
    }
}
