/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;

import java.util.List;
import java.util.function.LongConsumer;

/**
 * The other end of one session's rings, as the driver side talks to it: a process behind a socket, or the kernel.
 *
 * <p>Thread safety: control loop only.
 */
interface BackEnd extends AutoCloseable {
    /** Hears how it ends. */
    interface Owner {
        /**
         * The back-end is gone. Called once, unless {@link BackEnd#close()} was called before.
         *
         * @param why what the back-end did, or what happened here.
         */
        void onEnd(SessionEnd why);
    }

    /** Makes one that is told nothing yet. */
    @FunctionalInterface
    interface Maker {
        BackEnd make(Owner owner);
    }

    /**
     * Negotiates features and hands over memory and rings.
     *
     * @param kicks   one eventfd per ring. They stay the caller's.
     * @param calls   one eventfd per ring by which the back-end may call. They stay the caller's.
     * @param onReady hears the negotiated features when the back-end serves the rings.
     */
    void start(DriverMemory memory, List<Fd> kicks, List<Fd> calls, LongConsumer onReady);

    /** Stops a ring. {@code then} runs when the back-end does not touch it any more. */
    void stop(int ring, Runnable then);

    /** Ends it without telling the owner: no ring is touched any more. Idempotent. */
    @Override
    void close();
}
