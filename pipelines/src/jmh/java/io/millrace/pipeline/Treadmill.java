/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;

/**
 * A data plane for benchmarks: a real one, with a worker of its own, that runs as many bursts as it is told to.
 *
 * <pre>
 *   benchmark's thread: run(n) ...... waits ............... goes on
 *                          |                                  ^
 *   worker:             LoopPort.rx -&gt; nodes -&gt; LoopPort.tx   |   n times
 *                          ^                        |         |
 *                          +---- the same packets --+---------+
 * </pre>
 *
 * <p>So what is measured is what runs in production, with all that a worker does between two bursts. What one node
 * costs is the difference between graphs.
 */
final class Treadmill implements AutoCloseable {
    private final Dataplane dataplane;
    private final int burst;
    private final AtomicInteger unfinished = new AtomicInteger();
    private LoopPort[] ports = {};
    private volatile Thread waiter;

    /** Without ports yet, for bursts of that many packets. */
    Treadmill(final int burst) {
        this(burst, true);
    }

    /** The same; {@code samples} whether stages are timed now and then. */
    Treadmill(final int burst, final boolean samples) {
        this.burst = burst;
        dataplane = Dataplane.builder().name("treadmill").idle(Idle.SPIN).burst(burst).jumboFrames(0)
            .heedSignals(false).sampling(samples).build();
    }

    Dataplane dataplane() {
        return dataplane;
    }

    /** Adds a port with one burst of packets, by their index. Before the start. */
    LoopPort add(final String name, final IntFunction<byte[]> packets) {
        final LoopPort[] more = Arrays.copyOf(ports, ports.length + 1);
        final LoopPort port = (LoopPort) dataplane.open(context -> new LoopPort(name, context, this, burst, packets));
        more[port.id()] = port;
        ports = more;
        return port;
    }

    LoopPort port(final int id) {
        return ports[id];
    }

    void start(final Graph graph) {
        dataplane.start(graph);
    }

    /** Takes that many bursts from every port through the graph, and waits until all packets are back. */
    void run(final int bursts) {
        waiter = Thread.currentThread();
        unfinished.set(ports.length);
        for (final LoopPort port : ports) {
            port.order(bursts);
        }
        while (unfinished.get() > 0) {
            LockSupport.park(this);
        }
    }

    /** Takes packets round and round until the end. */
    void spin() {
        unfinished.set(ports.length);
        for (final LoopPort port : ports) {
            port.order(Integer.MAX_VALUE);
        }
    }

    /** A port has all its packets back for the last time. On the worker. */
    void finished() {
        if (unfinished.decrementAndGet() == 0) {
            LockSupport.unpark(waiter);
        }
    }

    /** Fails if a packet was lost. */
    @Override
    public void close() {
        dataplane.close();
    }
}
