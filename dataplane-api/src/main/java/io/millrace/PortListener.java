/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** Hears what happens to ports. Called on the control thread: be brief, do not block. */
@FunctionalInterface
public interface PortListener {
    /**
     * The link state of a port has changed, or its peer was sent away.
     *
     * @param port   whose it is.
     * @param state  the state from now on.
     * @param reason one phrase for an operator, such as {@code peer closed the connection}.
     */
    void onLink(Port port, LinkState state, String reason);
}
