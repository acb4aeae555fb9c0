/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** The caller asked for something that cannot be. The command line ends with exit code 2 and this message. */
public final class ConfigurationException extends DataplaneException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what was asked, why it cannot be, and what can.
     */
    public ConfigurationException(final String message) {
        super(message);
    }
}
