/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

/**
 * Looks at what ends at a {@link DropPoint}.
 *
 * <p>Thread safety: one worker calls it.
 */
@FunctionalInterface
public interface DropProbe {
    /**
     * Called with each packet before it is freed. Must not block, allocate or change it.
     *
     * @param burst that it is still in; only until this returns.
     * @param i     which one.
     */
    void observe(Burst burst, int i);

    /** Makes the probes of those who look at drops. */
    @FunctionalInterface
    interface Maker {
        /**
         * Makes the probe of one place; null for none. On the worker's thread, between two passes; again for the same
         * place when somebody else begins or ceases to watch.
         *
         * @param worker whose thread it is.
         * @param point  what it is to look at.
         */
        DropProbe probe(Worker worker, DropPoint point);
    }
}
