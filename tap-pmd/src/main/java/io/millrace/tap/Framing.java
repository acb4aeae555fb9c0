/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.FramePool;
import io.millrace.Offload;

/**
 * What stands in front of packets on a device, and so where they begin.
 *
 * @param headerLength bytes of the kernel's header: {@link VnetHeader#LENGTH} or 0.
 * @param shim         makes Ethernet headers where the device has none; null where it has.
 * @param offloads     what senders may leave to be done, bits of {@link Offload}.
 */
record Framing(int headerLength, EthernetShim shim, int offloads) {
    // An Ethernet header and two VLAN tags, and one byte more: what fills a place to the brim counts as cut off.
    private static final int OVERHEAD = 23;

    /** Bytes that a packet has in a burst and not on the device. */
    int shift() {
        return shim == null ? 0 : EthernetShim.LENGTH;
    }

    /** Whether senders may leave packets to be cut, so that they come larger than any MTU. */
    boolean isLarge() {
        return (offloads & (Offload.TSO4 | Offload.TSO6 | Offload.USO)) != 0;
    }

    /** Whether packets of that MTU can be too large for a normal frame. */
    static boolean isLarge(final int mtu) {
        return mtu + OVERHEAD > FramePool.FRAME_CAPACITY;
    }
}
