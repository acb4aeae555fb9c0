/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.traffic.Verdict;

import java.util.Optional;

/**
 * What a run found out about the packets it watched.
 *
 * @param isGood    whether all is as it should be: the exit code is 0, otherwise 1.
 * @param text      one sentence with the numbers.
 * @param latencies how long they were on the way, if any arrived.
 */
record Outcome(boolean isGood, String text, Optional<Latencies> latencies) {
    /** Good only if something arrived: a check of nothing proves nothing. */
    static Outcome of(final Verdict verdict, final Latencies latencies) {
        if (verdict.received() == 0) {
            return new Outcome(false, "FAILED: no packet arrived, " + verdict.sent() + " were sent", Optional.empty());
        }
        return new Outcome(verdict.isClean(), (verdict.isClean() ? "OK: " : "FAILED: ") + verdict,
            Optional.of(latencies));
    }
}
