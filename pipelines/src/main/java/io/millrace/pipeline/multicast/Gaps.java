/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import org.agrona.collections.Long2LongHashMap;

/**
 * Finds out on which wire copies were lost: {@link Subscription#lost} knows only how many, the numbers of the copies
 * that came tell where some are missing.
 *
 * <p>Thread safety: none.
 */
final class Gaps {
    private static final long NONE = -1;

    private final Long2LongHashMap lastNumbers = new Long2LongHashMap(NONE);

    /** How many are missing between this copy and the one before of the same wire and worker. */
    long before(final PacketCopy copy) {
        final long last = lastNumbers.put(copy.probeId(), copy.number());
        return last == NONE ? 0 : copy.number() - last - 1;
    }
}
