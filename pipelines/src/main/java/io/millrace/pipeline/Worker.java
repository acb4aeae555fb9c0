/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.FrameCache;

/**
 * One thread of a data plane: polls the receive queues it was given, runs the nodes behind them, fills the transmit
 * queues, and begins again. {@link Dataplane#worker} makes one for {@link Graph#place}; what nobody places gets workers
 * by itself.
 *
 * <p>Counts {@code worker/NAME/cycles} (passes), {@code busy-cycles} (passes that received something) and
 * {@code packets} (received, from ports and from other workers); with {@link Idle#ADAPTIVE} also {@code waits} (how
 * often it slept) and {@code woken} (how often it was woken; otherwise the time was over).
 *
 * <p>Thread safety: {@link #name} and {@link #cpu} from any thread; {@link #frames} for the nodes on this worker.
 */
public final class Worker {
    /** The {@link #cpu()} of a worker that is not pinned. */
    public static final int UNPINNED = -1;

    private final Dataplane dataplane;
    private final String name;
    private final int cpu;
    private final FrameCache frames;
    private long startNs;
    private volatile boolean hasStarted;

    Worker(final Dataplane dataplane, final String name, final int cpu) {
        this.dataplane = dataplane;
        this.name = name;
        this.cpu = cpu;
        this.frames = dataplane.pool().cache(name);
    }

    /** Its name, unique in its data plane. */
    public String name() {
        return name;
    }

    /** The CPU it is pinned to, or {@link #UNPINNED}. */
    public int cpu() {
        return cpu;
    }

    /** Its frames, for a node that makes packets or keeps some in a {@link io.millrace.Burst} of its own. */
    public FrameCache frames() {
        return frames;
    }

    /** The time by the clock of its data plane: {@link System#nanoTime} unless that is stepped. Any thread. */
    public long nanoTime() {
        return dataplane.clock().nanoTime();
    }

    /** Since when it runs, by {@link System#nanoTime}. Set by its thread. */
    void startedAt(final long nowNs) {
        startNs = nowNs;
        hasStarted = true;
    }

    /** How long it has run. Any thread. */
    long runningNs() {
        return hasStarted ? System.nanoTime() - startNs : 0;
    }

    boolean isPinned() {
        return cpu != UNPINNED;
    }

    Dataplane dataplane() {
        return dataplane;
    }

    /** For messages: {@code worker edge}. */
    @Override
    public String toString() {
        return "worker " + name;
    }
}
