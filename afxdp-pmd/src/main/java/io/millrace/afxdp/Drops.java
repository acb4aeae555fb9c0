/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.DropReason;

/** Why an AF_XDP port drops what only it drops. */
final class Drops {
    static final DropReason BAD_DESCRIPTOR = new DropReason("bad-descriptor",
        "the kernel named a frame that it did not have, or a length that does not fit; the frame is kept until the "
        + "socket is closed");
    static final DropReason TOO_LONG = new DropReason("too-long",
        "the packet is longer than the MTU, or has more pieces than the device takes; raise the MTU of the device");
    static final DropReason TOO_SHORT = new DropReason("too-short", "the packet is shorter than an Ethernet header");

    private Drops() {
    }
}
