/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

/**
 * What became of one scenario.
 *
 * @param scenario what was tried.
 * @param result   how it went.
 * @param why      one sentence if it was not passed, else empty.
 */
public record Verdict(Scenario scenario, Result result, String why) {
    /** How it went. */
    public enum Result {
        /** The back-end did what it has to. */
        PASS,
        /** It did not. */
        FAIL,
        /** It does not offer what the scenario is about, or cannot show it. */
        SKIP
    }
}
