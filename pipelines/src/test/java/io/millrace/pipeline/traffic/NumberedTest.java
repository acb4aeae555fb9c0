/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class NumberedTest {
    private static final int LENGTH = 64;
    private static final long SECOND = 1_000_000_000;

    private final long memory = UnsafeApi.allocateMemory(LENGTH);
    private final Numbered numbered = new Numbered();

    @AfterEach
    void free() {
        UnsafeApi.freeMemory(memory);
    }

    @ParameterizedTest
    @ValueSource(ints = {Numbered.LENGTH, Numbered.LENGTH + 1, 29, LENGTH})
    void shouldReadWhatItWrote(final int length) {
        numbered.wrap(memory, length, 0);
        numbered.write(0xFEDC, 0xBA98, 0x76_5432_10FEL, 0);
        assertTrue(numbered.isNumbered() && numbered.isIdentityIntact() && numbered.isFillingIntact());
        assertEquals(0xFEDC, numbered.stream());
        assertEquals(0xBA98, numbered.flow());
        assertEquals(0x76_5432_10FEL, numbered.sequence());
    }

    @Test
    void shouldFindEveryChangedBit() {
        numbered.wrap(memory, LENGTH, 0);
        numbered.write(1, 2, 3, 4);
        for (int bit = 0; bit < LENGTH * Byte.SIZE; bit++) {
            final long at = memory + bit / Byte.SIZE;
            final byte was = UnsafeApi.getByte(at);
            UnsafeApi.putByte(at, (byte) (was ^ 1 << bit % Byte.SIZE));
            assertFalse(numbered.isNumbered() && numbered.isIdentityIntact() && numbered.isFillingIntact(),
                "bit " + bit);
            UnsafeApi.putByte(at, was);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 7, 1L << 40, (1L << 44) - 1, 1L << 44, -1, -(1L << 50), Long.MAX_VALUE, Long.MIN_VALUE})
    void shouldTellTheAgeWhereverTheClockStands(final long sentNs) {
        numbered.wrap(memory, LENGTH, 0);
        numbered.write(1, 2, 3, sentNs);
        for (final long ageNs : new long[] {0, 100, SECOND, 3600 * SECOND}) {
            assertEquals(ageNs + 8, numbered.ageNs(sentNs + ageNs), 8);
        }
        assertTrue(numbered.ageNs(sentNs - SECOND) < 0);
    }
}
