/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

/**
 * How many packets may go out now so that a rate is kept, and when each of them should have. What could not be sent in
 * time is caught up with for a hundredth of a second and skipped beyond.
 *
 * <p>Thread safety: none.
 */
final class Pace {
    private static final double NS_PER_SECOND = 1e9;
    private static final long CATCH_UP_PARTS = 100;
    private static final long MIN_CREDIT = 64;

    private final long rate;
    private final double intervalNs;
    private final double mostCredit;
    private double credit;
    private double skipped;
    private double lateNs;
    private long lastNs;
    private boolean isRunning;

    /**
     * A pace.
     *
     * @param rate in packets a second; 0 is without limit.
     */
    Pace(final long rate) {
        this.rate = rate;
        this.intervalNs = rate == 0 ? 0 : NS_PER_SECOND / rate;
        this.mostCredit = Math.max(MIN_CREDIT, rate / CATCH_UP_PARTS);
    }

    /** How many of {@code wanted} packets may be sent at {@code nowNs}. They count as sent. */
    int take(final int wanted, final long nowNs) {
        if (rate == 0) {
            return wanted;
        }
        if (isRunning) {
            final double earned = credit + (nowNs - lastNs) * rate / NS_PER_SECOND;
            credit = Math.min(mostCredit, earned);
            skipped += earned - credit;
        }
        isRunning = true;
        lastNs = nowNs;
        // The first of them was due when the credit reached 1.
        lateNs = (credit - 1) * intervalNs;
        final int taken = (int) Math.min(wanted, credit);
        credit -= taken;
        return taken;
    }

    /**
     * By how much packet {@code k} of those last taken is late, in nanoseconds, 0 or more: how long before
     * {@code nowNs} it should have gone out. Without a rate it is not.
     */
    long lateNs(final int k) {
        return (long) Math.max(0, lateNs - k * intervalNs);
    }

    /** How many packets the rate asked for that were too late to be caught up with. */
    long skipped() {
        return (long) skipped;
    }

    /** Forgets the time since the last call, as after a pause. */
    void pause() {
        isRunning = false;
    }
}
