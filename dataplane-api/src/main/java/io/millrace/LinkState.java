/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** Whether packets can pass a port. */
public enum LinkState {
    /** The port is there and its peer is not, or not ready yet. What is sent is dropped and counted. */
    DOWN,
    /** Packets pass. */
    UP,
    /** The device behind the port is gone and will not come back by itself. */
    GONE
}
