/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

/**
 * What the transmit queues of a port have to know of its link, read once per burst.
 *
 * <p>Thread safety: the control loop writes, any thread reads.
 */
final class Gate {
    static final int CLOSED = 0;

    // Ethernet header and two VLAN tags, which an MTU does not count.
    private static final int BESIDE_MTU = 14 + 2 * 4;

    private volatile int longest = CLOSED;

    /** Packets may go out, if they are not longer than the MTU allows. */
    void open(final int mtu) {
        longest = mtu + BESIDE_MTU;
    }

    /** Nothing goes out. */
    void close() {
        longest = CLOSED;
    }

    /** The longest packet that may go out in bytes; {@link #CLOSED} if none may. */
    int longest() {
        return longest;
    }
}
