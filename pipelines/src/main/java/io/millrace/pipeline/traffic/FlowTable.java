/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import java.util.Arrays;

/**
 * Which numbers of which flow have come. Remembers the last {@value #WINDOW} numbers of each flow, to tell a packet
 * that came late from one that came twice.
 *
 * <p>Thread safety: none.
 */
final class FlowTable {
    /** The number that was due. */
    static final int IN_ORDER = 0;
    /** A later number: {@link #gap()} were skipped. */
    static final int AFTER_GAP = 1;
    /** An earlier number that had been counted as skipped. */
    static final int LATE = 2;
    /** An earlier number of which nothing is known: before the first one seen, or too long ago. */
    static final int VERY_LATE = 3;
    /** A number that came before. */
    static final int DUPLICATE = 4;
    /** The flow is new and there is no room for it. */
    static final int UNTRACKED = 5;

    static final int WINDOW = 1024;

    private static final int WORDS = WINDOW / Long.SIZE;
    private static final long FREE = -1;
    private static final int UNSENT_BITS = Long.SIZE - Numbered.SEQUENCE_BITS;

    private final int capacity;
    private final int mask;
    private final long[] keys;
    private final long[] first;
    private final long[] next;
    private final long[] seen;
    private int flows;
    private long gap;

    /**
     * An empty table.
     *
     * @param capacity the most flows, 1 or more.
     */
    FlowTable(final int capacity) {
        this.capacity = capacity;
        final int length = Integer.highestOneBit(Math.max(1, 2 * capacity - 1)) << 1;
        mask = length - 1;
        keys = new long[length];
        Arrays.fill(keys, FREE);
        first = new long[length];
        next = new long[length];
        seen = new long[length * WORDS];
    }

    /** How many numbers the last {@link #AFTER_GAP} skipped. */
    long gap() {
        return gap;
    }

    /**
     * Takes note of a packet.
     *
     * @param key    of the flow, 0 or more.
     * @param number the packet's number, its low {@value Numbered#SEQUENCE_BITS} bits. Of the numbers that have them
     *               in common the one nearest to what is due is meant.
     * @return one of the constants.
     */
    int accept(final long key, final long number) {
        final int at = find(key);
        if (at < 0) {
            return UNTRACKED;
        }
        if (keys[at] == FREE) {
            keys[at] = key;
            flows++;
            first[at] = number;
            next[at] = number;
        }
        final long due = next[at];
        final long sequence = due + ((number - due) << UNSENT_BITS >> UNSENT_BITS);
        if (sequence >= due) {
            return advance(at, due, sequence);
        }
        if (due - sequence > WINDOW || sequence < 0) {
            return VERY_LATE;
        }
        final int word = at * WORDS + (int) (sequence / Long.SIZE % WORDS);
        final long bit = 1L << sequence;
        if ((seen[word] & bit) != 0) {
            return DUPLICATE;
        }
        seen[word] |= bit;
        return sequence < first[at] ? VERY_LATE : LATE;
    }

    private int advance(final int at, final long due, final long sequence) {
        // The bits between are of numbers a window ago.
        for (long skipped = Math.max(due, sequence - WINDOW + 1); skipped < sequence; skipped++) {
            seen[at * WORDS + (int) (skipped / Long.SIZE % WORDS)] &= ~(1L << skipped);
        }
        seen[at * WORDS + (int) (sequence / Long.SIZE % WORDS)] |= 1L << sequence;
        next[at] = sequence + 1;
        gap = sequence - due;
        return gap == 0 ? IN_ORDER : AFTER_GAP;
    }

    // The place of a flow, or the free place where it belongs, or -1 if it is new and the table is full.
    private int find(final long key) {
        int at = (int) (key * 0x9e3779b97f4a7c15L >>> Integer.SIZE) & mask;
        while (keys[at] != key) {
            if (keys[at] == FREE) {
                return flows < capacity ? at : -1;
            }
            at = at + 1 & mask;
        }
        return at;
    }
}
