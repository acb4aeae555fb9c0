/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DropReason;

/** Why the machinery between the nodes drops packets. */
final class Drops {
    static final DropReason FAULT =
        new DropReason("fault", "a node or a driver threw an exception; the log says which, once");
    static final DropReason QUARANTINED = new DropReason("quarantined",
        "the node threw too often and is given nothing any more; readmit it, or put a better one in its place");
    static final DropReason UNREAD =
        new DropReason("unread", "no wire of the graph reads this queue; add from(port) or from(port, queue)");
    static final DropReason HANDOFF_FULL =
        new DropReason("handoff-full", "the next worker takes packets more slowly than they arrive; place less on it");
    static final DropReason CLOSED =
        new DropReason("closed", "the data plane was closed while the packet was between two workers");
    static final DropReason OFFLOAD = new DropReason("offload",
        "the sender left work to be done to the packet that neither the port nor the data plane can do");

    private Drops() {
    }
}
