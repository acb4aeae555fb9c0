/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.List;

/** One step of a {@link Program}: a queue to poll, a node to run, a queue to fill. Never throws, never blocks. */
interface Stage {
    /** Does what there is to do now, and says with how many packets. */
    int run();

    /** Does now what its queue has put off: the worker is about to sleep. */
    default void flush() {
    }

    /** The receive or transmit queue that it serves, or null: a queue may stay with its worker in the next program. */
    default Object queue() {
        return null;
    }

    /** Where it drops packets that can be looked at. */
    default List<DropPoint> dropPoints() {
        return List.of();
    }

    /** Lets go of its queue and frees what is on the way. Once, on the worker's thread. */
    void close();
}
