/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import com.sun.management.ThreadMXBean;

import java.lang.management.ManagementFactory;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** What tests of data planes that run in this process wait for and measure. */
final class Running {
    private static final int ROUNDS = 3;

    private Running() {
    }

    /** Waits for a condition; fails if it does not hold within {@code limitNs}. */
    static void until(final long limitNs, final BooleanSupplier condition) {
        final long startNs = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - startNs < limitNs, "it did not happen in time");
            LockSupport.parkNanos(1_000_000);
        }
    }

    /**
     * The bytes that worker threads allocate while packets arrive: the least of three rounds. What the compiler
     * interrupts may still allocate once; a byte for a packet would be in each round.
     *
     * @param workers  says by its name whether a thread is one of them; there has to be one.
     * @param received counts the packets.
     * @param packets  that make a round.
     * @param limitNs  for one round.
     */
    static long leastAllocated(final Predicate<String> workers, final LongSupplier received, final long packets,
        final long limitNs) {
        assertTrue(allocated(workers) > 0, "no worker thread was found");
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            final long before = allocated(workers);
            final long target = received.getAsLong() + packets;
            until(limitNs, () -> received.getAsLong() > target);
            least = Math.min(least, allocated(workers) - before);
        }
        return least;
    }

    private static long allocated(final Predicate<String> workers) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> workers.test(thread.getName()))
            .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getId())).sum();
    }
}
