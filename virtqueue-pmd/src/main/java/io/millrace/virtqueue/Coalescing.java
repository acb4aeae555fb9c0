/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;

import java.util.concurrent.TimeUnit;

/**
 * How long calls to a driver are put off, so that one stands for several bursts.
 *
 * @param buffers a call is due when so many have been returned to the driver; 1: after every burst.
 * @param ns      and no later than so many nanoseconds after the first of them.
 */
record Coalescing(int buffers, long ns) {
    /** A call after every burst, if the driver wants it. */
    static final Coalescing OFF = new Coalescing(1, 0);

    static final int MAX_PACKETS = 1024;
    static final int MAX_MICROS = 100_000;

    /**
     * Checked, for people.
     *
     * @throws ConfigurationException if there cannot be so many.
     */
    static Coalescing of(final int packets, final int micros) {
        if (packets < 1 || packets > MAX_PACKETS || micros < 1 || micros > MAX_MICROS) {
            throw new ConfigurationException("calls can be coalesced over 1 to " + MAX_PACKETS + " packets and 1 to "
                + MAX_MICROS + " microseconds, not over " + packets + " and " + micros);
        }
        return new Coalescing(packets, TimeUnit.MICROSECONDS.toNanos(micros));
    }
}
