/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * An immutable description of a port that can open it, such as {@code VhostUser.listen("/run/vm0.sock").queues(2)}.
 * Third parties add drivers by implementing this and {@link Port}.
 */
@FunctionalInterface
public interface PollModeDriver {
    /**
     * Opens the port. Returns when it can be polled; the link may come up later.
     *
     * @param context what the port lives with. It is valid until after the port's close.
     * @throws ConfigurationException if the description cannot be met, with what to do about it.
     * @throws DataplaneException     if the system refuses.
     */
    Port open(PortContext context);
}
