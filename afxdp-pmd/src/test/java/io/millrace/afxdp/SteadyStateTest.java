/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** The packet path allocates nothing on the heap. */
class SteadyStateTest {
    private static final int ON_THE_WAY = 64;

    /** Sends to and fro what is there until that many packets have come in on the left. */
    private static void echo(final PairFixture pair, final int packets) {
        int received = 0;
        while (received < packets) {
            pair.right.rx(0).receive(pair.in);
            pair.right.tx(0).transmit(pair.in);
            received += pair.left.rx(0).receive(pair.out);
            pair.left.tx(0).transmit(pair.out);
        }
    }

    private static void measure(final int length, final int packets) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (PairFixture pair = new PairFixture(1, 9000, config -> config)) {
            for (int i = 0; i < ON_THE_WAY; i++) {
                if (pair.out.remaining() == 0) {
                    pair.left.tx(0).transmit(pair.out);
                }
                pair.add(pair.out, i, length);
            }
            echo(pair, packets);
            final long thread = Thread.currentThread().getId();
            long least = Long.MAX_VALUE;
            // Something of the JVM's own may fall into one round, such as the first use of a class: not into each.
            for (int round = 0; round < 3; round++) {
                final long before = threads.getThreadAllocatedBytes(thread);
                echo(pair, packets);
                least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
            }
            assertEquals(0, least, "bytes for " + packets + " packets");
            pair.in.freeAll();
            pair.out.freeAll();
        }
    }

    @Test
    void shouldAllocateNothingPerPacket() {
        measure(64, 100_000);
    }

    @Test
    void shouldAllocateNothingPerJumboPacket() {
        measure(9000, 20_000);
    }
}
