/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

class PaceTest {
    private static final long SECOND = 1_000_000_000;

    @Test
    void shouldNotLimitWithoutARate() {
        assertEquals(32, new Pace(0).take(32, 5));
    }

    @Test
    void shouldKeepTheRateOverTime() {
        final Pace pace = new Pace(1_000_000);
        long now = -7;
        long taken = pace.take(32, now);
        for (int call = 0; call < 100_000; call++) {
            now += 10_000;
            taken += pace.take(32, now);
        }
        assertEquals(1_000_000, taken, 1);
    }

    @Test
    void shouldKeepASlowRate() {
        final Pace pace = new Pace(3);
        long taken = 0;
        for (long now = 0; now <= 100 * SECOND; now += 1_000_000) {
            taken += pace.take(32, now);
        }
        assertEquals(300, taken, 1);
    }

    @Test
    void shouldCatchUpForAHundredthOfASecondOnly() {
        final Pace pace = new Pace(1_000_000);
        pace.take(32, 0);
        assertEquals(10_000, pace.take(Integer.MAX_VALUE, 60 * SECOND));
    }

    @Test
    void shouldNotCatchUpWithAPause() {
        final Pace pace = new Pace(1_000_000);
        pace.take(32, 0);
        pace.pause();
        assertEquals(0, pace.take(32, 60 * SECOND));
    }

    @Test
    void shouldSayWhenEachPacketWasDue() {
        final Pace pace = new Pace(1_000_000);
        pace.take(32, 0);
        assertEquals(4, pace.take(4, 10_500));
        // Ten were due, one each microsecond; half a microsecond has passed since the last.
        assertEquals(9500, pace.lateNs(0));
        assertEquals(6500, pace.lateNs(3));
        assertEquals(6, pace.take(32, 10_600));
        assertEquals(5600, pace.lateNs(0));
        assertEquals(600, pace.lateNs(5));
    }

    @Test
    void shouldCallNothingLateWithoutARate() {
        final Pace pace = new Pace(0);
        pace.take(32, 0);
        pace.take(32, SECOND);
        assertEquals(0, pace.lateNs(0));
        assertEquals(0, pace.skipped());
    }

    @Test
    void shouldCountWhatItSkips() {
        final Pace pace = new Pace(1_000_000);
        pace.take(32, 0);
        assertEquals(10_000, pace.take(Integer.MAX_VALUE, SECOND / 10));
        assertEquals(90_000, pace.skipped());
        assertEquals(10_000_000 - 1000, pace.lateNs(0));
    }
}
