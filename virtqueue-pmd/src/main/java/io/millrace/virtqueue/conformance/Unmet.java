/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

/** Ends a scenario: the back-end did not do what it has to, or does not offer what the scenario is about. */
final class Unmet extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean isSkip;

    private Unmet(final String why, final boolean isSkip) {
        super(why, null, false, false);
        this.isSkip = isSkip;
    }

    /** It failed. */
    static Unmet because(final String why) {
        return new Unmet(why, false);
    }

    /** There is nothing to judge. */
    static Unmet skipped(final String why) {
        return new Unmet(why, true);
    }

    /** Fails unless {@code isMet}. */
    static void unless(final boolean isMet, final String why) {
        if (!isMet) {
            throw because(why);
        }
    }

    boolean isSkip() {
        return isSkip;
    }
}
