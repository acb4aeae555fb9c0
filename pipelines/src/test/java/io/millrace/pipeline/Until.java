/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

import static org.junit.jupiter.api.Assertions.fail;

/** Waits for a condition, with a deadline. */
public final class Until {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private Until() {
    }

    /** Fails with {@code state} if {@code condition} does not come true in time. */
    public static void isTrue(final BooleanSupplier condition, final Supplier<String> state) {
        final long endNs = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - endNs > 0) {
                fail("still not after " + DEADLINE + ": " + state.get());
            }
            LockSupport.parkNanos(100_000);
        }
    }
}
