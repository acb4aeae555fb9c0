/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** The four fields of the 64 bits stay apart at their extremes. */
class DescriptorTest {
    private static final int MAX_OFFSET = Integer.MAX_VALUE;

    private static void assertFields(final int offset, final int length, final int port, final int flags) {
        final long descriptor = Descriptor.of(offset, length, port, flags);
        assertEquals(offset, Descriptor.offset(descriptor));
        assertEquals(length, Descriptor.length(descriptor));
        assertEquals(port, Descriptor.port(descriptor));
        assertEquals(flags, Descriptor.flags(descriptor));
    }

    @Test
    void shouldKeepEachFieldAtItsExtremes() {
        for (final int offset : new int[] {0, 1, MAX_OFFSET}) {
            for (final int length : new int[] {1, Descriptor.MAX_LENGTH}) {
                for (final int port : new int[] {0, Descriptor.MAX_PORT}) {
                    for (final int flags : new int[] {0, Descriptor.MAX_FLAGS}) {
                        assertFields(offset, length, port, flags);
                    }
                }
            }
        }
    }

    @Test
    void shouldReplaceTheSpanAndKeepTheRest() {
        final long descriptor = Descriptor.withSpan(
            Descriptor.of(MAX_OFFSET, Descriptor.MAX_LENGTH, Descriptor.MAX_PORT, Descriptor.MAX_FLAGS), 7, 9);
        assertEquals(Descriptor.of(7, 9, Descriptor.MAX_PORT, Descriptor.MAX_FLAGS), descriptor);
    }

    @Test
    void shouldHoldTheLongestPacketOfTheJumboClass() {
        assertFields(MAX_OFFSET, FramePool.JUMBO_CAPACITY + FramePool.HEADROOM, 1, 0);
    }

    @Test
    void shouldRefuseWhatDoesNotFitWithAssertionsOn() {
        assertThrows(AssertionError.class, () -> Descriptor.of(FramePool.NONE, 64, 0, 0));
        assertThrows(AssertionError.class, () -> Descriptor.of(0, 0, 0, 0));
        assertThrows(AssertionError.class, () -> Descriptor.of(0, Descriptor.MAX_LENGTH + 1, 0, 0));
        assertThrows(AssertionError.class, () -> Descriptor.of(0, 64, Descriptor.MAX_PORT + 1, 0));
        assertThrows(AssertionError.class, () -> Descriptor.of(0, 64, 0, Descriptor.MAX_FLAGS + 1));
    }
}
