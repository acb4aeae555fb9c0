/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * What a port is opened with and lives with.
 *
 * @param id       the port's number, 0 to 255.
 * @param pool     where its frames come from.
 * @param counters where it counts.
 * @param control  the thread on which its control work runs.
 * @param listener told of link changes, on the control thread.
 */
public record PortContext(int id, FramePool pool, Counters counters, ControlLoop control, PortListener listener) {
}
