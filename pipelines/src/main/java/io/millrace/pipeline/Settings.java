/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

/**
 * How a data plane was built. Immutable; see {@link DataplaneBuilder} for what the settings are.
 *
 * @param name         in thread names and messages.
 * @param cpus         to pin workers to.
 * @param maxWaitNs    how long a worker sleeps at most while a queue cannot wake it.
 * @param burst        the most packets taken from a queue at a time.
 * @param heedsSignals whether a signal to the process closes it.
 * @param samples      whether stages are timed in some passes.
 * @param isStepped    whether it moves only when it is told to.
 */
record Settings(String name, int[] cpus, Idle idle, long maxWaitNs, int burst, boolean heedsSignals,
                boolean samples, boolean isStepped) {
}
