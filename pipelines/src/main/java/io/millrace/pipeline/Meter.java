/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Counter;
import io.millrace.Counters;

/**
 * What one {@link Stage} costs, from passes that were timed: nanoseconds, and the packets they were spent on. Their
 * quotient is the cost of a packet; the clock's own share is in it, some 20 ns for each burst.
 */
final class Meter {
    private final Counter ns;
    private final Counter packets;

    Meter(final Counters.Scope scope) {
        ns = scope.counter("sampled-ns");
        packets = scope.counter("sampled-packets");
    }

    void add(final long spentNs, final int handled) {
        ns.add(spentNs);
        packets.add(handled);
    }
}
