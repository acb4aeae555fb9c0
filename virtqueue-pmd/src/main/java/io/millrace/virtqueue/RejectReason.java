/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.DropReason;

import java.util.Locale;

/** Every way in which a guest can break one of its rings. The ring is not touched again until it is restarted. */
enum RejectReason {
    /** More entries were made available than the ring has. */
    AVAIL_AHEAD,
    /** The position that the ring was started at is beyond its end. */
    RING_BASE,
    /** A descriptor index beyond the table. */
    DESCRIPTOR_INDEX,
    /** A chain that is longer than its table: a loop. */
    CHAIN_LOOP,
    /** A buffer, or part of one, that is in none of the memory regions. */
    BUFFER_ADDRESS,
    /** A buffer to read that is marked for writing, or the reverse. */
    BUFFER_DIRECTION,
    /**
     * An indirect table that was not negotiated, is nested, chained on, empty, too long, or not wholly in one
     * region.
     */
    INDIRECT_TABLE,
    /** A page of guest memory is gone: the file behind it was truncated. */
    MEMORY_FAULT;

    /** The counter's name. */
    String counterName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Chains that are well-formed but hold no packet that could be forwarded. */
    static final DropReason RUNT =
        new DropReason("runt", "the guest sent fewer than 14 bytes after the virtio-net header");
    /** As {@link #RUNT}. */
    static final DropReason GIANT =
        new DropReason("giant", "the guest sent more than a jumbo frame holds");
    /** A packet for which the guest's buffers are too small. */
    static final DropReason BUFFER_TOO_SMALL = new DropReason("buffer-too-small",
        "the guest's receive buffers are smaller than the packet and it did not negotiate mergeable ones");
    /** Sent on a queue that the front-end has disabled. */
    static final DropReason DISABLED =
        new DropReason("disabled", "the guest sent on a queue that is started but not enabled");
}
