/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What the kernel dropped is counted. */
class StatisticsTest {
    private static final int COUNT = 3000;

    private static void overrun(final PairFixture pair) {
        int left = COUNT;
        while (left > 0 || pair.left.tx(0).transmit(pair.out) > 0 || !pair.out.isEmpty()) {
            while (left > 0 && pair.out.remaining() > 0) {
                pair.add(pair.out, left--, 100);
            }
            pair.left.tx(0).transmit(pair.out);
        }
    }

    @Test
    void shouldCountEveryPacketThatTheKernelDropped() {
        try (PairFixture pair = new PairFixture()) {
            // Nobody polls the other end meanwhile.
            overrun(pair);
            assertEquals(COUNT, pair.count("left/tx0/packets"));
            Await.until(() -> "every packet accounted for: " + pair.counters.snapshot(), () -> {
                pair.idle();
                return pair.count("right/rx0/packets") + pair.count("right/rx0/drop/kernel-dropped")
                    + pair.count("right/rx0/drop/kernel-ring-full") == COUNT;
            });
        }
    }

    @Test
    void shouldHaveTheLastFiguresWhenThePortIsClosed() {
        try (PairFixture pair = new PairFixture()) {
            overrun(pair);
            pair.close(pair.right);
            assertEquals(COUNT, pair.count("right/rx0/packets") + pair.count("right/rx0/drop/kernel-dropped")
                + pair.count("right/rx0/drop/kernel-ring-full") + 512);
        }
    }
}
