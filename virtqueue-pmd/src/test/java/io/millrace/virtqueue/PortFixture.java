/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What vhost-user ports live with, and a worker that polls all of them. Checks at the end that nothing is left. */
final class PortFixture implements AutoCloseable {
    private static final long DEADLINE_NS = RawFrontEnd.DEADLINE_NS;

    final List<String> openBefore = OpenFiles.list();
    final long mappedBefore = OpenFiles.mappings();
    final Path folder = temporaryFolder();
    final FramePool pool = FramePool.create(256, 4);
    final Counters counters = Counters.inMemory();
    private final long mappedWithPool = OpenFiles.mappings();
    final ControlLoop control = ControlLoop.start("control");
    final List<String> events = new CopyOnWriteArrayList<>();
    private final List<Port> ports = new ArrayList<>();
    private volatile boolean isPolling = true;
    private volatile boolean isStuck;
    private Thread worker;

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("vhost");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path path(final String name) {
        return folder.resolve(name + ".sock");
    }

    /** A port that listens on {@code NAME.sock}. */
    Port listen(final String name) {
        return open(VhostUser.listen(path(name).toString()));
    }

    Port open(final VhostUser config) {
        final Port port = config.open(new PortContext(ports.size(), pool, counters, control, this::onLink));
        ports.add(port);
        return port;
    }

    private void onLink(final Port port, final LinkState state, final String reason) {
        events.add(port.name() + " " + state + ": " + reason);
    }

    /** Starts a thread that polls all queues there are now. */
    void startWorker() {
        worker = new Thread(this::poll, "worker");
        worker.start();
    }

    /** The worker stops polling for a while, as if it were stuck in somebody's code, or goes on. */
    void stick(final boolean stuck) {
        isStuck = stuck;
    }

    private void poll() {
        final FrameCache frames = pool.cache("worker");
        final Burst burst = new Burst(frames, 64);
        while (isPolling) {
            if (!isStuck) {
                for (final Port port : ports) {
                    for (int q = 0; q < port.queues(); q++) {
                        port.rx(q).receive(burst);
                        burst.freeAll();
                        port.tx(q).transmit(burst);
                    }
                }
            }
            Thread.onSpinWait();
            LockSupport.parkNanos(10_000);
        }
        for (final Port port : ports) {
            for (int q = 0; q < port.queues(); q++) {
                port.rx(q).release();
                port.tx(q).release();
            }
        }
        frames.close();
    }

    /** How many stretches of guest memory are mapped now. */
    long guestMappings() {
        return OpenFiles.mappings() - mappedWithPool;
    }

    long count(final String name) {
        return counters.snapshot().getOrDefault(name, 0L);
    }

    void awaitCount(final String name, final long value) {
        await(() -> count(name) >= value,
            () -> name + " is " + count(name) + ", not " + value + ": " + counters.snapshot());
        assertEquals(value, count(name), name);
    }

    void awaitLink(final Port port, final LinkState state) {
        await(() -> port.link() == state, () -> port.name() + " is " + port.link() + ": " + events);
    }

    static void await(final BooleanSupplier condition, final java.util.function.Supplier<String> message) {
        final long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < DEADLINE_NS, message);
            LockSupport.parkNanos(100_000);
        }
    }

    /** Ends the worker, as a data plane does before it closes ports. */
    void stopWorker() {
        isPolling = false;
        isStuck = false;
        boolean interrupted = false;
        while (worker != null && worker.isAlive()) {
            try {
                worker.join();
            } catch (final InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stopWorker();
        ports.forEach(Port::close);
        control.close();
        pool.close();
        counters.close();
        assertEquals(openBefore, OpenFiles.list(), "descriptors");
        assertEquals(mappedBefore, OpenFiles.mappings(), "mappings");
        try (var files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        assertTrue(Files.notExists(folder), "sockets are left");
    }
}
