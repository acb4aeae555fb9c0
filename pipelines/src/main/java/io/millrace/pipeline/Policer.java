/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.DropReason;

/**
 * Lets as many packets or bytes pass as a token bucket has tokens, and drops the rest, as {@code over-rate}. The bucket
 * is full at the start and is filled at the rate, once for each burst of packets. It delays nothing.
 *
 * <p>Bytes are those of the packet from its Ethernet header on, without FCS. A packet with more bytes than the bucket
 * holds never passes.
 */
public final class Policer extends Node {
    /** The most tokens a second, and the most that a bucket holds: of bytes, 800 Gbit/s. */
    public static final long MAX = 100_000_000_000L;
    static final DropReason OVER_RATE = new DropReason("over-rate", "more came than the rate and the burst allow");

    // A token is this much credit, so that a nanosecond at any rate is a whole number.
    private static final long TOKEN = 1_000_000_000L;
    private static final long MAX_BURST = Long.MAX_VALUE / TOKEN / 4;

    private final Output out = output("out");
    private final boolean countsBytes;
    private final long perSecond;
    private final long burst;
    private long credit;
    private long filledNs;
    private boolean hasStarted;
    private Worker worker;
    private DropPoint overRate;

    private Policer(final boolean countsBytes, final long perSecond, final long burst) {
        if (perSecond < 1 || perSecond > MAX || burst < 1 || burst > MAX_BURST) {
            throw new ConfigurationException("a policer lets 1 to " + MAX + " a second pass with a burst of 1 to "
                + MAX_BURST + ", not " + perSecond + " with " + burst);
        }
        this.countsBytes = countsBytes;
        this.perSecond = perSecond;
        this.burst = burst;
    }

    /**
     * A node that counts bytes.
     *
     * @param perSecond 1 to {@link #MAX}.
     * @param burst     bytes that may come at once after silence; at least the largest packet.
     * @throws ConfigurationException if a number is out of range.
     */
    public static Policer ofBytes(final long perSecond, final long burst) {
        return new Policer(true, perSecond, burst);
    }

    /**
     * A node that counts packets.
     *
     * @param perSecond 1 to {@link #MAX}.
     * @param burst     packets that may come at once after silence.
     * @throws ConfigurationException if a number is out of range.
     */
    public static Policer ofPackets(final long perSecond, final long burst) {
        return new Policer(false, perSecond, burst);
    }

    /** What passes. */
    public Output out() {
        return out;
    }

    @Override
    public Policer named(final String newName) {
        super.named(newName);
        return this;
    }

    @Override
    protected void onStart(final Worker runner) {
        worker = runner;
        overRate = drops(OVER_RATE);
        // Another worker may have run it before: what was spent stays spent.
        if (!hasStarted) {
            hasStarted = true;
            credit = burst * TOKEN;
            filledNs = worker.nanoTime();
        }
    }

    @Override
    protected void process(final Burst packets) {
        fill();
        for (int i = 0; i < packets.size(); i++) {
            final long cost = (countsBytes ? packets.length(i) : 1) * TOKEN;
            if (cost <= credit) {
                credit -= cost;
                out.emit(packets, i);
            } else {
                overRate.drop(packets, i);
            }
        }
    }

    private void fill() {
        final long nowNs = worker.nanoTime();
        // Not longer than it takes to fill the whole bucket: the product below stays in range.
        final long elapsedNs = Math.min(nowNs - filledNs, burst * TOKEN / perSecond + 1);
        credit = Math.min(burst * TOKEN, credit + elapsedNs * perSecond);
        filledNs = nowNs;
    }
}
