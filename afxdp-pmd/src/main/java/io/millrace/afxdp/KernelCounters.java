/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.linux.XdpSocket;
import java.util.Arrays;

/**
 * What the kernel counts for one queue (XDP_STATISTICS), over all sockets that the queue has had.
 *
 * <p>Thread safety: control loop only.
 */
final class KernelCounters {
    static final DropReason DROPPED = new DropReason("kernel-dropped",
        "the kernel had no frame for a packet, or it was too long; poll more often, or give larger rings");
    static final DropReason RING_FULL = new DropReason("kernel-ring-full",
        "the rx ring was full; poll more often, or give larger rings");

    private final Counter[] counters;
    private final long[] seen = new long[XdpSocket.STATISTICS];
    private final long[] now = new long[XdpSocket.STATISTICS];

    /**
     * Counters at zero.
     *
     * @param rx where the receive queue counts.
     * @param tx where the transmit queue counts.
     */
    KernelCounters(final Counters.Scope rx, final Counters.Scope tx) {
        // In the order of XdpSocket.statistics.
        counters = new Counter[] {
            rx.drops(DROPPED), rx.counter("kernel-invalid"), tx.counter("kernel-invalid"), rx.drops(RING_FULL),
            rx.counter("kernel-fill-empty"), tx.counter("kernel-ring-empty")
        };
    }

    /** A new socket counts from zero. */
    void begin() {
        Arrays.fill(seen, 0);
    }

    /** Adds what came since the last time. */
    void update(final XdpSocket socket) {
        socket.statistics(now);
        for (int i = 0; i < now.length; i++) {
            if (now[i] > seen[i]) {
                counters[i].add(now[i] - seen[i]);
                seen[i] = now[i];
            }
        }
    }
}
