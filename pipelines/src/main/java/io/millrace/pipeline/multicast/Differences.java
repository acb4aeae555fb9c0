/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** What changed in a packet from one wire to the next. */
final class Differences {
    // Ranges that are this close are one: an address that is overwritten has some bytes in common with the old one.
    private static final int CLOSE = 6;

    private Differences() {
    }

    static List<Trace.Difference> of(final byte[] before, final byte[] after) {
        return before.length == after.length ? overwritten(before, after) : resized(before, after);
    }

    private static List<Trace.Difference> overwritten(final byte[] before, final byte[] after) {
        final List<Trace.Difference> differences = new ArrayList<>();
        int start = Arrays.mismatch(before, after);
        while (start >= 0) {
            int end = start + 1;
            for (int at = end; at < before.length && at - end < CLOSE; at++) {
                end = before[at] == after[at] ? end : at + 1;
            }
            differences.add(difference(before, start, end, after, start, end));
            final int next = Arrays.mismatch(before, end, before.length, after, end, after.length);
            start = next < 0 ? next : end + next;
        }
        return differences;
    }

    /** One run of bytes was put in, taken out or replaced: what is before and behind it is common. */
    private static List<Trace.Difference> resized(final byte[] before, final byte[] after) {
        final int shorter = Math.min(before.length, after.length);
        final int front = Arrays.mismatch(before, after);
        int back = 0;
        while (back < shorter - front && before[before.length - 1 - back] == after[after.length - 1 - back]) {
            back++;
        }
        return List.of(difference(before, front, before.length - back, after, front, after.length - back));
    }

    private static Trace.Difference difference(final byte[] before, final int start, final int end,
                                               final byte[] after, final int afterStart, final int afterEnd) {
        return new Trace.Difference(start, HexFormat.of().formatHex(before, start, end),
            HexFormat.of().formatHex(after, afterStart, afterEnd));
    }
}
