/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import org.junit.jupiter.api.Test;

import java.util.HexFormat;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;

class DifferencesTest {
    private static List<Trace.Difference> between(final String before, final String after) {
        return Differences.of(HexFormat.of().parseHex(before), HexFormat.of().parseHex(after));
    }

    private static Trace.Difference at(final int offset, final String before, final String after) {
        return new Trace.Difference(offset, before, after);
    }

    @Test
    void shouldFindRanges() {
        assertEquals(List.of(), between("010203", "010203"));
        assertEquals(List.of(at(1, "02", "ff")), between("010203", "01ff03"));
        assertEquals(List.of(at(0, "010203", "ff02ff")), between("010203", "ff02ff"));
        assertEquals(List.of(at(0, "01", "ff"), at(8, "09", "ff")),
            between("010203040506070809", "ff02030405060708ff"));
    }

    @Test
    void shouldFindWhatWasPutInOrTakenOut() {
        assertEquals(List.of(at(0, "", "aabb")), between("010203", "aabb010203"));
        assertEquals(List.of(at(3, "", "aabb")), between("010203", "010203aabb"));
        assertEquals(List.of(at(1, "02", "")), between("010203", "0103"));
        assertEquals(List.of(at(3, "", "01")), between("010101", "01010101"));
        assertEquals(List.of(at(0, "0102", "030405")), between("0102", "030405"));
    }

    @Test
    void shouldTurnTheOneIntoTheOther() {
        final Random random = new Random(7);
        for (int round = 0; round < 10_000; round++) {
            final byte[] before = new byte[random.nextInt(1, 30)];
            final byte[] after = new byte[random.nextInt(1, 30)];
            // Few values, so that much is alike.
            for (int at = 0; at < Math.max(before.length, after.length); at++) {
                before[Math.min(at, before.length - 1)] = (byte) random.nextInt(2);
                after[Math.min(at, after.length - 1)] = (byte) random.nextInt(2);
            }
            final StringBuilder patched = new StringBuilder(HexFormat.of().formatHex(before));
            final List<Trace.Difference> differences = Differences.of(before, after);
            for (int i = differences.size() - 1; i >= 0; i--) {
                final Trace.Difference difference = differences.get(i);
                final int start = 2 * difference.offset();
                final int end = start + difference.before().length();
                assertEquals(difference.before(), patched.substring(start, end));
                patched.replace(start, end, difference.after());
            }
            assertEquals(HexFormat.of().formatHex(after), patched.toString());
        }
    }
}
