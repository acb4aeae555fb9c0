/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DataplaneException;

/** A graph cannot run as it is wired. The message names the parts and the mend. */
public final class WiringException extends DataplaneException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message which parts are wired wrongly, and what to do instead.
     */
    public WiringException(final String message) {
        super(message);
    }
}
