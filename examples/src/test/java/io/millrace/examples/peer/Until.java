/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waiting for a condition with a deadline: nothing in these tests sleeps for a fixed time and hopes. */
final class Until {
    private static final Duration STEP = Duration.ofMillis(20);

    private Until() {
    }

    /** Polls until {@code condition} holds; fails naming {@code what} when {@code limit} has passed. */
    static void holds(final String what, final Duration limit, final BooleanSupplier condition) {
        holds(what, limit, STEP, condition);
    }

    /** As {@link #holds(String, Duration, BooleanSupplier)}, asking once each {@code step}. */
    static void holds(final String what, final Duration limit, final Duration step,
        final BooleanSupplier condition) {
        if (!within(limit, step, condition)) {
            throw new AssertionError(what + ": not within " + limit.toMillis() + " ms");
        }
    }

    /** Polls until {@code condition} holds and answers true, or false when {@code limit} has passed. */
    static boolean within(final Duration limit, final BooleanSupplier condition) {
        return within(limit, STEP, condition);
    }

    /** As {@link #within(Duration, BooleanSupplier)}, asking once each {@code step}. */
    static boolean within(final Duration limit, final Duration step, final BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs > 0) {
                return false;
            }
            try {
                Thread.sleep(step.toMillis());
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting", e);
            }
        }
        return true;
    }
}
