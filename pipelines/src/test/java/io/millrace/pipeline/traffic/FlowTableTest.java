/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

class FlowTableTest {
    private final FlowTable table = new FlowTable(2);

    private void accept(final long... sequences) {
        for (final long sequence : sequences) {
            table.accept(1, sequence);
        }
    }

    @Test
    void shouldFollowEachFlowForItself() {
        for (int sequence = 0; sequence < 5000; sequence++) {
            assertEquals(FlowTable.IN_ORDER, table.accept(1, sequence));
            assertEquals(FlowTable.IN_ORDER, table.accept(2, sequence + 100));
        }
    }

    @Test
    void shouldNotFollowMoreFlowsThanItHasRoomFor() {
        table.accept(1, 0);
        table.accept(2, 0);
        assertEquals(FlowTable.UNTRACKED, table.accept(3, 0));
        assertEquals(FlowTable.IN_ORDER, table.accept(2, 1));
    }

    @Test
    void shouldMeasureAGap() {
        accept(0, 1);
        assertEquals(FlowTable.AFTER_GAP, table.accept(1, 5));
        assertEquals(3, table.gap());
        assertEquals(FlowTable.IN_ORDER, table.accept(1, 6));
    }

    @Test
    void shouldTellLateFromDuplicate() {
        accept(0, 1, 4);
        assertEquals(FlowTable.LATE, table.accept(1, 2));
        assertEquals(FlowTable.DUPLICATE, table.accept(1, 2));
        assertEquals(FlowTable.DUPLICATE, table.accept(1, 4));
        assertEquals(FlowTable.DUPLICATE, table.accept(1, 0));
        assertEquals(FlowTable.LATE, table.accept(1, 3));
        assertEquals(FlowTable.IN_ORDER, table.accept(1, 5));
    }

    @Test
    void shouldKnowTheLastNumbersOfAWindowAndNoMore() {
        for (int sequence = 0; sequence < 3000; sequence++) {
            accept(sequence);
        }
        assertEquals(FlowTable.DUPLICATE, table.accept(1, 3000 - FlowTable.WINDOW));
        assertEquals(FlowTable.VERY_LATE, table.accept(1, 3000 - FlowTable.WINDOW - 1));
    }

    @Test
    void shouldForgetWhatItSawAWindowAgo() {
        for (int sequence = 0; sequence < 100; sequence++) {
            accept(sequence);
        }
        accept(100 + FlowTable.WINDOW);
        assertEquals(FlowTable.WINDOW, table.gap());
        for (int sequence = 101; sequence < 100 + FlowTable.WINDOW; sequence++) {
            assertEquals(FlowTable.LATE, table.accept(1, sequence), "number " + sequence);
        }
    }

    @Test
    void shouldNotCountWhatCameBeforeTheFirstAsFound() {
        accept(10);
        assertEquals(FlowTable.VERY_LATE, table.accept(1, 9));
        assertEquals(FlowTable.DUPLICATE, table.accept(1, 9));
    }

    @Test
    void shouldGoOnWhenTheBitsThatTravelComeAgain() {
        final long wrap = 1L << Numbered.SEQUENCE_BITS;
        accept(wrap - 2, wrap - 1);
        assertEquals(FlowTable.IN_ORDER, table.accept(1, 0));
        assertEquals(FlowTable.DUPLICATE, table.accept(1, wrap - 1));
        assertEquals(FlowTable.AFTER_GAP, table.accept(1, 2));
        assertEquals(1, table.gap());
        assertEquals(FlowTable.LATE, table.accept(1, 1));
    }

    @Test
    void shouldTakeNumbersBeforeTheFirstForVeryLate() {
        accept(0);
        for (int back = 1; back < 2 * FlowTable.WINDOW; back++) {
            assertEquals(FlowTable.VERY_LATE, table.accept(1, (1L << Numbered.SEQUENCE_BITS) - back));
        }
    }
}
