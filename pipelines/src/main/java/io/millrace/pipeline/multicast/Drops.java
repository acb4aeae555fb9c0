/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.DropReason;

/** Why a subscriber misses copies. No packet is dropped for any of these, only a copy of it. */
final class Drops {
    static final DropReason TOO_SLOW = new DropReason("too-slow",
        "the subscriber takes copies more slowly than they are published; select fewer, or make more slots");
    static final DropReason TRUNCATED = new DropReason("truncated",
        "the packet is longer than a slot of the multicast; make the multicast with a larger snap length");
    static final DropReason UNFINISHED = new DropReason("unfinished",
        "the sender left the packet to be cut into smaller ones; open its port without segmentation offloads");
    static final DropReason RECEIVE_ONLY = new DropReason("receive-only",
        "a mirror takes no packets; lead the wire to another port");

    private Drops() {
    }
}
