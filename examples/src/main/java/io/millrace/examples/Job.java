/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;

import java.util.List;
import java.util.Optional;

/** What a command does with its ports; {@link Run} does the rest. All of it on the thread of the command. */
@FunctionalInterface
interface Job extends AutoCloseable {
    /**
     * Composes the graph. Called once, when all ports are open.
     *
     * @param ports the user's, then the command's own.
     */
    Graph wire(List<Port> ports);

    /**
     * Called once, when the graph runs and the user's ports are ready.
     *
     * @param dataplane which runs it.
     */
    default void start(final Dataplane dataplane) {
    }

    /** Whether it is done before the time is over. Called about every 10 ms: also the moment for what has to wait. */
    default boolean isDone() {
        return false;
    }

    /**
     * One line of what is going on, in place of the rates of the ports.
     *
     * @param seconds since the start.
     */
    default Optional<String> progress(final double seconds) {
        return Optional.empty();
    }

    /** Makes no more packets. Called once, when the run is to end; workers still run. */
    default void stop() {
    }

    /** Whether all packets on their way have arrived. Asked after {@link #stop} until it is so, a second at most. */
    default boolean isSettled() {
        return true;
    }

    /** What it found out. Called once, after that. */
    default Optional<Outcome> outcome() {
        return Optional.empty();
    }

    /** Closes what it opened. Called once, before the data plane is closed. */
    @Override
    default void close() {
    }

    /** Removes what it made. Called last, when everything is closed, even if something failed. */
    default void cleanUp() {
    }
}
