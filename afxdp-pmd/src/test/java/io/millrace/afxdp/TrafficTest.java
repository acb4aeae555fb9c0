/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two ports at the ends of a veth pair: what goes in on one side comes out on the other, once, in order, unchanged. */
class TrafficTest {
    private static final int[] LENGTHS = {22, 60, 64, 65, 1514, 1792, 1793, 2048, 4000, 9000, 9014};

    @ParameterizedTest
    @EnumSource(value = Mode.class, names = {"AUTO", "COPY", "GENERIC"})
    void shouldCarryEveryLengthBothWays(final Mode mode) {
        try (PairFixture pair = new PairFixture(1, 9000, config -> config.mode(mode))) {
            for (final int length : LENGTHS) {
                pair.carry(pair.left.tx(0), pair.right.rx(0), pair.right, 500, length);
                pair.carry(pair.right.tx(0), pair.left.rx(0), pair.left, 500, length);
            }
        }
    }

    @Test
    void shouldUseEveryQueue() {
        try (PairFixture pair = new PairFixture(4, 1500, config -> config)) {
            for (int q = 0; q < 4; q++) {
                pair.carry(pair.left.tx(q), pair.right.rx(q), pair.right, 100, 64);
                pair.carry(pair.right.tx(q), pair.left.rx(q), pair.left, 100, 64);
            }
        }
    }
}
