/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Who has bound an AF_XDP socket to a queue, so that nobody else can.
 *
 * @param index   of the interface.
 * @param queue   its number.
 * @param pid     of the process; 0 where that cannot be told, as for another user's.
 * @param command the name of the process; empty where it cannot be told.
 */
public record XdpHolder(int index, int queue, int pid, String command) {
    /** For a sentence: {@code queue 0: millrace (pid 4711)}. */
    @Override
    public String toString() {
        return "queue " + queue + ": " + (pid == 0 ? "an unknown process" : command + " (pid " + pid + ")");
    }
}
