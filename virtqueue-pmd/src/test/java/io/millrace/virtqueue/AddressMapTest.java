/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Ranges of addresses, compared with a table of single ones. */
class AddressMapTest {
    private static final int ADDRESSES = 64;
    private static final long TOP = -ADDRESSES;

    private static void assertIs(final long[] expected, final long first, final AddressMap map) {
        for (int i = 0; i < ADDRESSES; i++) {
            assertEquals(expected[i], map.translate(first + i, 1), i + " of " + Arrays.toString(expected));
        }
        // As few ranges as can be, and each found as a whole.
        int ranges = 0;
        for (int i = 0; i < ADDRESSES; i++) {
            if (expected[i] != 0 && (i == 0 || expected[i] != expected[i - 1] + 1 || expected[i - 1] == 0)) {
                ranges++;
                int length = 1;
                while (i + length < ADDRESSES && expected[i + length] == expected[i] + length) {
                    length++;
                }
                assertEquals(expected[i], map.translate(first + i, length));
                assertEquals(AddressMap.NONE, map.translate(first + i, length + 1));
                assertEquals(AddressMap.NONE, map.translate(first + i, 1L << 32));
            }
        }
        assertEquals(ranges, map.count());
    }

    @Test
    void shouldBeWhatWasPutInAndTakenOut() {
        for (final long first : new long[] {0, 0x1000, Long.MAX_VALUE - ADDRESSES / 2, TOP}) {
            final Random random = new Random(first);
            for (int round = 0; round < 200; round++) {
                final long[] expected = new long[ADDRESSES];
                AddressMap map = AddressMap.EMPTY;
                for (int step = 0; step < 40; step++) {
                    final int start = random.nextInt(ADDRESSES);
                    final int size = 1 + random.nextInt(Math.min(8, ADDRESSES - start));
                    // Often what goes on where its neighbour ends.
                    final long target = random.nextBoolean() ? 1000 : 1000 + 100 * random.nextInt(3);
                    final boolean isIn = random.nextInt(3) > 0;
                    for (int i = start; i < start + size; i++) {
                        expected[i] = isIn ? target + i : AddressMap.NONE;
                    }
                    map = isIn ? map.with(first + start, size, target + start) : map.without(first + start, size);
                    assertIs(expected, first, map);
                }
                assertEquals(0, map.without(0, 0).count());
            }
        }
    }

    @Test
    void shouldFindNothingInNothing() {
        assertEquals(AddressMap.NONE, AddressMap.EMPTY.translate(0, 1));
        assertEquals(0, AddressMap.EMPTY.without(0, 0).count());
        assertEquals(AddressMap.NONE, AddressMap.EMPTY.with(8, 8, 64).translate(7, 2));
        assertEquals(AddressMap.NONE, AddressMap.EMPTY.with(8, 8, 64).translate(15, 2));
        assertEquals(64 + 7, AddressMap.EMPTY.with(8, 8, 64).translate(15, 1));
        assertEquals(64, AddressMap.EMPTY.with(8, 8, 64).translate(8, 0));
    }

    @Test
    void shouldKeepNeighboursApartThatAreToBeApart() {
        final AddressMap map = AddressMap.EMPTY.plus(0x2000, 0x1000, 0x9000).plus(0x1000, 0x1000, 0x8000);
        assertEquals(2, map.count());
        assertEquals(AddressMap.NONE, map.translate(0x1fff, 2));
        assertEquals(0x1000, map.start(0));
        assertEquals(0x9000, map.target(1));
    }
}
