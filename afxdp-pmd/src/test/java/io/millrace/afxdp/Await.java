/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for a condition by asking again and again, with a deadline. */
final class Await {
    private static final long DEADLINE_NS = 20_000_000_000L;

    private Await() {
    }

    static void until(final Supplier<String> what, final BooleanSupplier condition) {
        final long startNs = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - startNs > DEADLINE_NS) {
                throw new AssertionError("not within 20 s: " + what.get());
            }
            Thread.yield();
        }
    }
}
