/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.WriterReaderPhaser;

import java.util.concurrent.TimeUnit;

/**
 * How long packets were on the way, as a histogram that one thread fills while others read it.
 *
 * <pre>
 *   worker: record, record, ... publish ---&gt; [ active ]   swapped by a reader; the phaser tells it
 *                                            [ idle   ]   when the worker has left the old one
 *                                                |
 *   reader: copy()                    &lt;---  [ total  ]   everything up to the last swap
 * </pre>
 *
 * <p>The worker pays two atomic operations per burst, whoever reads and however often: HdrHistogram's own recorders pay
 * them for each value, and a copy made by the worker would stop it for longer than what it measures.
 *
 * <p>Thread safety: {@link #record} and {@link #publish} for the one worker, {@link #copy} for any thread.
 */
final class Latency {
    /** What is older than this carries no time of this machine, or has no bearing on how fast it is. */
    static final long HIGHEST_NS = TimeUnit.SECONDS.toNanos(60);

    private static final int DIGITS = 3;
    private static final int BATCH = 256;
    private static final long YIELD_NS = TimeUnit.MICROSECONDS.toNanos(100);

    private final WriterReaderPhaser phaser = new WriterReaderPhaser();
    private final long[] batch = new long[BATCH];
    private final Histogram total = empty();
    private volatile Histogram active = empty();
    private Histogram idle = empty();
    private int size;

    /** An empty histogram of nanoseconds up to {@link #HIGHEST_NS}, three digits exact. */
    static Histogram empty() {
        return new Histogram(HIGHEST_NS, DIGITS);
    }

    /**
     * Takes note of one packet. Readers see it after {@link #publish}.
     *
     * @param ageNs how long it was on the way.
     * @return whether that can be: 0 to {@link #HIGHEST_NS}. What cannot is left out.
     */
    boolean record(final long ageNs) {
        if (ageNs < 0 || ageNs > HIGHEST_NS) {
            return false;
        }
        if (size == BATCH) {
            publish();
        }
        batch[size++] = ageNs;
        return true;
    }

    /** Shows readers what was recorded. Never waits. */
    void publish() {
        final long phase = phaser.writerCriticalSectionEnter();
        try {
            final Histogram histogram = active;
            for (int i = 0; i < size; i++) {
                histogram.recordValue(batch[i]);
            }
        } finally {
            phaser.writerCriticalSectionExit(phase);
        }
        size = 0;
    }

    /** Everything published so far, for the caller to keep. Waits for a worker that is publishing just now. */
    Histogram copy() {
        phaser.readerLock();
        try {
            final Histogram filled = active;
            active = idle;
            idle = filled;
            phaser.flipPhase(YIELD_NS);
            total.add(filled);
            filled.reset();
            return total.copy();
        } finally {
            phaser.readerUnlock();
        }
    }
}
