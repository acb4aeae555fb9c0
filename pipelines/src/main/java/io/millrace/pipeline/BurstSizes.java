/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Counter;
import io.millrace.Counters;

/**
 * How many packets came at a time from one receive queue: counters {@code bursts-1}, {@code bursts-2-3},
 * {@code bursts-4-7} and so on, up to the most that can come. Bursts that are nearly full tell of a worker that just
 * keeps up, bursts of one packet of a worker that has time.
 *
 * <p>Thread safety: one worker, once made.
 */
final class BurstSizes {
    private final Counter[] counters;
    private final long[] bursts;
    private final long[] published;

    /**
     * Nothing has come yet.
     *
     * @param scope of the queue, such as {@code port/vm0/rx0}.
     * @param most  packets that come at a time, 1 or more.
     */
    BurstSizes(final Counters.Scope scope, final int most) {
        counters = new Counter[bucket(most) + 1];
        for (int i = 0; i < counters.length; i++) {
            final int least = 1 << i;
            counters[i] = scope.counter("bursts-" + least + (i == 0 ? "" : "-" + (2 * least - 1)));
        }
        bursts = new long[counters.length];
        published = new long[counters.length];
    }

    /**
     * Takes note of one poll of the queue.
     *
     * @param packets that came, 0 to the most; 0 is not counted.
     */
    void count(final int packets) {
        if (packets > 0) {
            bursts[bucket(packets)]++;
        }
    }

    /** Shows others what was counted. For the worker's housekeeping: it touches a cache line per bucket that grew. */
    void publish() {
        for (int i = 0; i < bursts.length; i++) {
            final long news = bursts[i] - published[i];
            if (news > 0) {
                counters[i].add(news);
                published[i] += news;
            }
        }
    }

    private static int bucket(final int packets) {
        return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(packets);
    }
}
