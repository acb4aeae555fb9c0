/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

/** Throws what tests ask for. */
final class Faults {
    private Faults() {
    }

    static void raise(final Throwable fault) {
        if (fault instanceof Error) {
            throw (Error) fault;
        }
        if (fault != null) {
            throw (RuntimeException) fault;
        }
    }
}
