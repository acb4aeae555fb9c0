/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.traffic.Verdict;

/**
 * What a run found out about the packets it watched.
 *
 * @param isGood whether all is as it should be: the exit code is 0, otherwise 1.
 * @param text   one sentence with the numbers.
 */
record Outcome(boolean isGood, String text) {
    /** Good only if something arrived: a check of nothing proves nothing. */
    static Outcome of(final Verdict verdict) {
        if (verdict.received() == 0) {
            return new Outcome(false, "FAILED: no packet arrived, " + verdict.sent() + " were sent");
        }
        return new Outcome(verdict.isClean(), (verdict.isClean() ? "OK: " : "FAILED: ") + verdict);
    }
}
