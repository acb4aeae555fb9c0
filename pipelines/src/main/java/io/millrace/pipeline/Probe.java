/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

/**
 * Looks at what passes along a {@link Wire}. A wire that nobody watches has none, and costs nothing.
 *
 * <p>Thread safety: one worker calls it; a wire that begins on several workers has a probe on each.
 */
@FunctionalInterface
public interface Probe extends AutoCloseable {
    /**
     * Called with each burst before it goes on. Must not block, allocate or change what is in it.
     *
     * @param burst one or more packets; only until this returns.
     */
    void observe(Burst burst);

    /** Called once on the worker's thread, after the last burst. */
    @Override
    default void close() {
    }
}
