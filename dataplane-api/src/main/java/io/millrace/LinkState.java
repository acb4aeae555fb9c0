/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** Whether packets can pass a port. */
public enum LinkState {
    /** The port is there and its peer is not, or not ready yet. What is sent is dropped and counted. */
    DOWN,
    /** Packets pass. */
    UP,
    /**
     * The device behind the port is gone. What is sent is dropped and counted. The port comes back if it was opened to
     * wait for it (which is the default of drivers that can) and a device of that name appears.
     */
    GONE
}
