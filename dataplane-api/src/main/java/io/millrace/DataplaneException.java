/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** Something could not be set up. The message is one sentence for an operator: what, why, and what to do about it. */
public class DataplaneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what failed, why, and the mend.
     */
    public DataplaneException(final String message) {
        super(message);
    }

    /**
     * @param message what failed, why, and the mend.
     * @param cause   what it came from.
     */
    public DataplaneException(final String message, final Throwable cause) {
        super(message, cause);
    }
}
