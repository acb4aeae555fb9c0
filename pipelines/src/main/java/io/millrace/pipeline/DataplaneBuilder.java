/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.FramePool;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a {@link Dataplane} is made with. Each setting returns this builder; what is wrong with one is said by
 * {@link #build}.
 *
 * <p>Thread safety: none.
 */
public final class DataplaneBuilder {
    private static final Duration SHORTEST_WAIT = Duration.ofNanos(1000);
    // Nodes tick every 100 ms, and a control thread gives a worker one second to answer.
    private static final Duration LONGEST_WAIT = Duration.ofMillis(100);

    private String name = "millrace";
    private int frames = 16_384;
    private int jumboFrames = 256;
    private int burst = Burst.DEFAULT_CAPACITY;
    private int[] cpus = {};
    private Idle idle = Idle.ADAPTIVE;
    private Duration maxWait = Duration.ofMillis(1);
    private Path countersFile;
    private boolean heedsSignals = true;
    private boolean samples = true;
    private boolean isStepped;

    DataplaneBuilder() {
    }

    /** A name for threads and messages. {@code millrace} if not called. */
    public DataplaneBuilder name(final String newName) {
        name = newName;
        return this;
    }

    /** How many packets of up to about 1.7 KB exist at most. 16384 if not called. */
    public DataplaneBuilder frames(final int count) {
        frames = count;
        return this;
    }

    /** How many packets of up to 64 KiB exist at most; 0 for none. 256 if not called. */
    public DataplaneBuilder jumboFrames(final int count) {
        jumboFrames = count;
        return this;
    }

    /** Pins one worker to each of these CPUs. Unpinned workers if not called. */
    public DataplaneBuilder cpus(final int... numbers) {
        cpus = numbers.clone();
        return this;
    }

    /** What workers do when nothing arrives. {@link Idle#ADAPTIVE} if not called. */
    public DataplaneBuilder idle(final Idle strategy) {
        idle = strategy;
        return this;
    }

    /**
     * How long a worker with {@link Idle#ADAPTIVE} sleeps at most, 1 microsecond to 100 milliseconds, if one of its
     * queues cannot wake it: so long may a packet wait there. If all of them can, it sleeps for 10 milliseconds or
     * this, whichever is more. A change of a link wakes it too. 1 millisecond if not called.
     */
    public DataplaneBuilder maxWait(final Duration time) {
        maxWait = time;
        return this;
    }

    /** How many packets are taken from a queue at a time, 1 to 1024. 32 if not called. */
    public DataplaneBuilder burst(final int packets) {
        burst = packets;
        return this;
    }

    /**
     * Whether a signal to the process closes it when nobody waits in {@link Dataplane#await()}. True if not called;
     * false for a program that handles signals itself and closes it then.
     */
    public DataplaneBuilder heedSignals(final boolean heed) {
        heedsSignals = heed;
        return this;
    }

    /**
     * Whether every stage is timed in one of 64 passes, for {@link GraphView} and what is made from it. True if not
     * called: what it costs does not show in {@code SamplingBenchmark}.
     */
    public DataplaneBuilder sampling(final boolean isOn) {
        samples = isOn;
        return this;
    }

    /**
     * Makes it stand still unless it is told to go: no worker has a thread, {@link Dataplane#step} makes one pass of
     * each on the calling thread, and the time that nodes are told passes only by {@link Dataplane#advance}. For tests
     * of nodes and graphs, and for a debugger: at a breakpoint nothing runs on, and no ring overflows but those of the
     * ports.
     */
    public DataplaneBuilder stepped() {
        isStepped = true;
        return this;
    }

    /** Keeps the counters in a file that other processes can read. In memory if not called. */
    public DataplaneBuilder countersFile(final Path path) {
        countersFile = path;
        return this;
    }

    /**
     * Makes the data plane: its memory and its control thread. Ports and workers come later.
     *
     * @throws ConfigurationException naming the setting that cannot be, and what can.
     */
    public Dataplane build() {
        CpuList.check(cpus);
        if (burst < 1 || burst > 1024) {
            throw new ConfigurationException("a burst of " + burst + " packets cannot be: take 1 to 1024");
        }
        if (maxWait.compareTo(SHORTEST_WAIT) < 0 || maxWait.compareTo(LONGEST_WAIT) > 0) {
            throw new ConfigurationException("workers cannot sleep for up to "
                + (maxWait.getSeconds() + maxWait.getNano() / 1e9)
                + " seconds: take 1 microsecond to 100 milliseconds");
        }
        final FramePool pool = FramePool.create(frames, jumboFrames);
        try {
            return new Dataplane(
                new Settings(name, cpus.clone(), idle, maxWait.toNanos(), burst, heedsSignals, samples, isStepped),
                pool,
                countersFile == null ? Counters.inMemory() : Counters.mapped(countersFile));
        } catch (final RuntimeException e) {
            pool.close();
            throw e;
        }
    }
}
