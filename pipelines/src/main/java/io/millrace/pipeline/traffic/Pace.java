/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

/**
 * How many packets may go out now so that a rate is kept. What could not be sent in time is caught up with for a
 * hundredth of a second and forgotten beyond.
 *
 * <p>Thread safety: none.
 */
final class Pace {
    private static final double NS_PER_SECOND = 1e9;
    private static final long CATCH_UP_PARTS = 100;
    private static final long MIN_CREDIT = 64;

    private final long rate;
    private final double mostCredit;
    private double credit;
    private long lastNs;
    private boolean isRunning;

    /**
     * A pace.
     *
     * @param rate in packets a second; 0 is without limit.
     */
    Pace(final long rate) {
        this.rate = rate;
        this.mostCredit = Math.max(MIN_CREDIT, rate / CATCH_UP_PARTS);
    }

    /** How many of {@code wanted} packets may be sent at {@code nowNs}. They count as sent. */
    int take(final int wanted, final long nowNs) {
        if (rate == 0) {
            return wanted;
        }
        if (isRunning) {
            credit = Math.min(mostCredit, credit + (nowNs - lastNs) * rate / NS_PER_SECOND);
        }
        isRunning = true;
        lastNs = nowNs;
        final int taken = (int) Math.min(wanted, credit);
        credit -= taken;
        return taken;
    }

    /** Forgets the time since the last call, as after a pause. */
    void pause() {
        isRunning = false;
    }
}
