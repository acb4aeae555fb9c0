/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.pipeline.filter.PacketFilter;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The marks of one trace, and who gets them: the first packets that pass the filter.
 *
 * <p>Thread safety: any number of workers.
 */
final class TraceMarks {
    static final int MOST = 1000;
    private static final int LAST_MARK = 0xFFFF;
    // Traces that run at the same time have marks of their own.
    private static final AtomicInteger NEXT = new AtomicInteger(1);

    private final PacketFilter filter;
    private final int first;
    private final int count;
    private final AtomicInteger given = new AtomicInteger();

    TraceMarks(final PacketFilter filter, final int count) {
        this.filter = filter;
        this.count = count;
        this.first = NEXT.getAndUpdate(next -> next + count + MOST > LAST_MARK ? 1 : next + count);
    }

    /** Worker, where packets come in: marks packet {@code i} if it is one of those. */
    boolean enter(final Burst burst, final int i) {
        if (burst.mark(i) == 0 && given.get() < count && filter.matches(burst, i)) {
            final int n = given.getAndIncrement();
            // Another worker may have been quicker.
            if (n < count) {
                burst.mark(i, first + n);
            }
        }
        return isOurs(burst, i);
    }

    /** Worker: whether packet {@code i} is traced. */
    boolean isOurs(final Burst burst, final int i) {
        return number(burst.mark(i)) > 0;
    }

    /** The number of a packet in the trace, from 1 on, or 0 for another mark. */
    int number(final int mark) {
        return mark >= first && mark < first + count ? mark - first + 1 : 0;
    }

    boolean areAllGiven() {
        return given.get() >= count;
    }
}
