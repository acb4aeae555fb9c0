/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DataplaneException;
import io.millrace.FramePool;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.PortListener;
import io.millrace.pipeline.event.Events;
import org.agrona.concurrent.CachedNanoClock;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Everything that runs together: a frame pool, ports, counters, and the workers that run a {@link Graph}.
 *
 * <pre>{@code
 * try (Dataplane dataplane = Dataplane.create()) {
 *     Port a = dataplane.open(VhostUser.listen("/run/a.sock"));
 *     Port b = dataplane.open(VhostUser.listen("/run/b.sock"));
 *     dataplane.start(new Graph().from(a).to(b).from(b).to(a));
 *     dataplane.await();
 * }
 * }</pre>
 *
 * <p>Thread safety: all methods may be called from any thread.
 */
public final class Dataplane implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Dataplane.class);

    private final Settings settings;
    private final FramePool pool;
    private final Counters counters;
    private final ControlLoop control;
    private final CachedNanoClock stepClock;
    private final Events events;
    private final ShutdownLatch shutdown = new ShutdownLatch(this::close);
    private final OpenPorts ports;
    private final Roster roster = new Roster(this);
    private final Crew crew = new Crew();
    private final DropWatchers dropWatchers = new DropWatchers(this, crew);
    private final Set<Watch> watches = new LinkedHashSet<>();
    // What users made run; what the crew runs is watched, too.
    private volatile Graph wired = new Graph();
    private final Counter swaps;
    private final Counter pausedNs;
    private boolean isStarted;
    private boolean isClosed;

    Dataplane(final Settings settings, final FramePool pool, final Counters counters) {
        this.settings = settings;
        this.pool = pool;
        this.counters = counters;
        control = ControlLoop.start(settings.name() + "-control");
        events = new Events(settings.name(), counters);
        stepClock = settings.isStepped() ? new CachedNanoClock() : null;
        if (stepClock != null) {
            stepClock.update(System.nanoTime());
        }
        ports = new OpenPorts(settings.name());
        // It has rings to take or to give back, which no packet tells of.
        ports.onLink((port, state, reason) -> crew.wake());
        ports.onLink(events);
        final Counters.Scope scope = counters.scope("dataplane");
        swaps = scope.counter("swaps");
        pausedNs = scope.counter("paused-ns");
    }

    /** A data plane with the defaults of {@link DataplaneBuilder}. */
    public static Dataplane create() {
        return builder().build();
    }

    /** Begins a data plane that differs from the defaults. */
    public static DataplaneBuilder builder() {
        return new DataplaneBuilder();
    }

    /** Its name, in thread names and messages. */
    public String name() {
        return settings.name();
    }

    /**
     * Opens a port. Its id is the lowest that no open port has: the number of ports opened before it, as long as none
     * was closed. While a graph runs, it serves nobody before one is applied that touches it.
     *
     * @throws ConfigurationException if the driver cannot do what was asked, the name is taken, or there are 256 ports.
     * @throws DataplaneException     if the system refuses.
     */
    public synchronized Port open(final PollModeDriver driver) {
        checkOpen();
        if (control.isInLoop()) {
            throw new IllegalStateException("port of data plane " + name()
                + " cannot be opened on its control thread: let another one do it");
        }
        return ports.open(driver, id -> new PortContext(id, pool, counters, control, ports::linkChanged));
    }

    /** Adds a listener for link changes of all ports. It is called on the control thread: it must not block. */
    public void onLink(final PortListener listener) {
        ports.onLink(listener);
    }

    /** The counters of everything in it. Not to be read after {@link #close()}. */
    public Counters counters() {
        return counters;
    }

    /** The frames of all its ports. */
    public FramePool pool() {
        return pool;
    }

    /** The open ports, by id. */
    public List<Port> ports() {
        return ports.all();
    }

    /** A worker that is not pinned, to place parts of a graph on: see {@link #worker(String, int)}. */
    public Worker worker(final String workerName) {
        return worker(workerName, Worker.UNPINNED);
    }

    /**
     * A worker to place parts of a graph on ({@link Graph#place}). It begins to run with a graph that places something
     * on it.
     *
     * @param workerName unique in this data plane, of letters, digits, {@code . _ -}. Its thread and its counters carry
     *                   it.
     * @param cpu        the CPU to pin it to, whether listed in {@link DataplaneBuilder#cpus} or not, or
     *                   {@link Worker#UNPINNED}.
     * @throws ConfigurationException if the name is none, or is taken, or that CPU is not for this process to use.
     */
    public synchronized Worker worker(final String workerName, final int cpu) {
        checkOpen();
        return roster.named(workerName, cpu);
    }

    /** The workers, from {@link #start} on. */
    public List<Worker> workers() {
        return crew.workers();
    }

    /**
     * Runs a graph, each part on the worker that it was placed on ({@link Graph#place}). Parts of it that nobody placed
     * and that share no node and no queue of a port run on different workers: one for each CPU of
     * {@link DataplaneBuilder#cpus} that nothing was placed on; without such a list, unpinned workers, one fewer than
     * there are CPUs. Returns when all workers are polling.
     *
     * @throws WiringException       if the graph has a mistake. Nothing runs then.
     * @throws DataplaneException    if a node or a worker fails to start. Nothing runs then.
     * @throws IllegalStateException if a graph runs already.
     */
    public synchronized void start(final Graph graph) {
        checkOpen();
        if (isStarted) {
            throw new IllegalStateException("data plane " + name() + " runs a graph already: apply another one to it");
        }
        new GraphCheck(graph).run(this);
        new GraphCheck(graph).portsAreWired(this);
        if (settings.heedsSignals()) {
            shutdown.watchSignals();
        }
        final Graph next = graph.copy();
        new Swap(this, crew, next, Map.of()).run();
        wired = next;
        isStarted = true;
        control.execute(() -> events.watch(control));
        if (!settings.isStepped()) {
            control.execute(new Watchdog(control, crew, counters, this::stalled)::look);
        }
    }

    /**
     * Makes one pass of every worker on the calling thread, in turn: what has come to the ports goes through the graph.
     * A packet that changes workers takes a step for each. One thread at a time.
     *
     * @return how many packets came in, from ports and other workers.
     * @throws IllegalStateException if this data plane was not built to be {@link DataplaneBuilder#stepped}.
     */
    public int step() {
        checkStepped();
        int received = 0;
        for (final WorkerThread thread : crew.threads().values()) {
            received += thread.step();
        }
        return received;
    }

    /**
     * Lets that much time pass for {@link Node#onTick} and {@link Worker#nanoTime}; the next step tells the nodes.
     *
     * @throws IllegalStateException if this data plane was not built to be {@link DataplaneBuilder#stepped}.
     */
    public void advance(final Duration time) {
        checkStepped();
        stepClock.advance(time.toNanos());
    }

    private void checkStepped() {
        checkOpen();
        if (!settings.isStepped()) {
            throw new IllegalStateException("data plane " + name() + " runs by itself: build it stepped() to step it");
        }
    }

    /** The time that nodes are told. */
    NanoClock clock() {
        return settings.isStepped() ? stepClock : SystemNanoClock.INSTANCE;
    }

    private void stalled(final Worker worker, final long durationNs, final String where) {
        events.workerStalled(worker.name(), durationNs, where);
    }

    /**
     * A copy of the graph that runs, to look at, or to change and apply. Without wires before the start. The names of
     * its nodes and wires are those they run under.
     */
    public Graph graph() {
        return wired.copy();
    }

    /**
     * What {@link #apply} would do with that graph, without doing it.
     *
     * @throws WiringException       if the graph has a mistake.
     * @throws IllegalStateException if no graph runs.
     */
    public synchronized Plan plan(final Graph graph) {
        checkStarted();
        new GraphCheck(graph).run(this);
        return planned(graph.watchedBy(watches), crew.receivers());
    }

    private Plan planned(final Graph next, final Map<PortEnd, Worker> wanted) {
        return Plan.of(crew, next, Shares.of(next, this, wanted));
    }

    /**
     * Runs another graph from now on, while packets flow: at the end of a burst on each worker concerned. Nodes that
     * both graphs have keep their state, and those that are new start before anything changes; ports that the new one
     * does not touch are closed afterwards. On the workers concerned packets wait in the rings of their ports for a
     * moment (counter {@code dataplane/paused-ns}); others go on all the time. Concerned is a worker that runs
     * something else afterwards, or exchanges packets with one that does. No packet between two ports is lost, doubled
     * or overtaken.
     *
     * <p>To change a little, begin with {@link #graph()}. Returns when the new graph runs.
     *
     * @return what was changed.
     * @throws WiringException       if the graph has a mistake. Nothing was changed then.
     * @throws DataplaneException    if a new node or worker fails to start, or a worker does not answer. Nothing was
     *                               changed then.
     * @throws IllegalStateException if no graph runs.
     */
    public synchronized Plan apply(final Graph graph) {
        checkStarted();
        new GraphCheck(graph).run(this);
        final Set<Port> before = crew.graph().ports();
        final Graph next = graph.copy();
        final Plan plan = swap(next.watchedBy(watches), crew.receivers());
        wired = next;
        before.removeAll(next.ports());
        ports.close(before);
        return plan;
    }

    /**
     * Has wires looked at in whatever graph runs, until the result is closed: a graph that is applied meanwhile is
     * looked at, too, where it has wires of these names. Both are swaps, as {@link #apply} makes them.
     *
     * @param probes by the name of the wire ({@link Wire#name}); see {@link Graph#watch}.
     * @return closes without an exception, from any thread and more than once.
     * @throws WiringException       if the graph that runs has no such wire.
     * @throws DataplaneException    if a probe cannot be made, or a worker does not answer. Nothing was changed then.
     * @throws IllegalStateException if no graph runs.
     */
    public synchronized Watching watch(final Map<String, ? extends Function<? super Worker, ? extends Probe>> probes) {
        checkStarted();
        probes.keySet().forEach(wired::wire);
        final List<Watch> added = new ArrayList<>();
        probes.forEach((wire, maker) -> added.add(new Watch(wire, maker)));
        watches.addAll(added);
        try {
            swap(wired.watchedBy(watches), crew.receivers());
        } catch (final RuntimeException | Error e) {
            added.forEach(watches::remove);
            throw e;
        }
        return () -> unwatch(added);
    }

    /**
     * Has everything looked at that nodes and the stages around them drop, in whatever graph runs, until the result is
     * closed. What drivers drop inside themselves has counters only.
     *
     * @param maker makes the probe of each {@link DropPoint}.
     * @throws DataplaneException    if a worker does not answer. Nothing was changed then.
     * @throws IllegalStateException if no graph runs.
     */
    public synchronized Watching watchDrops(final DropProbe.Maker maker) {
        checkStarted();
        checkThread();
        return dropWatchers.add(maker);
    }

    /** Who looks at drops. */
    DropWatchers dropWatchers() {
        return dropWatchers;
    }

    private synchronized void unwatch(final List<Watch> ended) {
        if (watches.removeAll(ended) && !isClosed) {
            try {
                swap(wired.watchedBy(watches), crew.receivers());
            } catch (final DataplaneException e) {
                // The next change takes them off.
                LOG.warn("wires are still watched: {}", e.getMessage());
            }
        }
    }

    private Plan swap(final Graph next, final Map<PortEnd, Worker> wanted) {
        checkThread();
        final Plan plan = planned(next, wanted);
        final long pauseNs = new Swap(this, crew, next, wanted).run();
        pausedNs.add(pauseNs);
        swaps.increment();
        events.graphSwapped(crew.version(), plan.nodes().added().size(), plan.nodes().kept().size(),
            plan.nodes().removed().size(), pauseNs);
        return plan;
    }

    /** A change waits for workers, and for the control thread where ports close: neither of them can make one. */
    private void checkThread() {
        if (control.isInLoop() || crew.threads().values().stream().anyMatch(WorkerThread::isCurrent)) {
            throw new IllegalStateException("data plane " + name() + " cannot be changed by its own thread "
                + Thread.currentThread().getName() + ": let another one do it");
        }
    }

    /**
     * Watches for a while what each independent part of the running graph costs, and says which worker should serve
     * which queues so that the busiest one has as little to do as can be. Changes nothing: print it, and
     * {@link #apply(Balance)} it. The calling thread waits, less long if it is interrupted.
     *
     * @param time how long to watch: long enough for some thousand packets from each port.
     * @throws IllegalStateException if no graph runs.
     */
    public Balance balance(final Duration time) {
        final Map<String, Long> before = counters.snapshot();
        final long startNs = System.nanoTime();
        try {
            Thread.sleep(time.toMillis());
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        final long timeNs = System.nanoTime() - startNs;
        synchronized (this) {
            checkStarted();
            return Balance.of(crew.shares(), Placement.of(crew.graph()), before, counters.snapshot(), timeNs);
        }
    }

    /**
     * Lets the workers exchange queues as {@link #balance} found best, while packets flow, like {@link #apply(Graph)}.
     * Parts that are not in the running graph any more are ignored.
     *
     * @return what was changed.
     */
    public synchronized Plan apply(final Balance balance) {
        checkStarted();
        return swap(crew.graph(), balance.queues());
    }

    /** The running graph and its numbers now. Without parts before the start. Any thread. */
    public GraphView view() {
        return new ViewMaker(name(), crew, counters).view();
    }

    /** Whether the graph that runs has a node. */
    boolean runs(final Node node) {
        return crew.graph().nodes().contains(node);
    }

    /** What runs, with all who look at it. Not to be changed. */
    Graph running() {
        return crew.graph();
    }

    Roster roster() {
        return roster;
    }

    /** How it was built. */
    Settings settings() {
        return settings;
    }

    /**
     * Waits for the end: until another thread calls {@link #close()}, or the process is asked to end by SIGTERM or
     * SIGINT. The process then lives on until {@link #close()} is through, for a few seconds at most, and no longer:
     * what is to be printed has to be printed before. Returns at once if the calling thread is interrupted, and leaves
     * it so.
     *
     * <p>A data plane that was started and that nobody waits for here is closed by the signal itself.
     */
    public void await() {
        shutdown.await();
    }

    /**
     * Waits like {@link #await()}, but not longer than that.
     *
     * @return true if the end came, false if only the time has passed.
     */
    public boolean await(final Duration timeout) {
        return shutdown.await(timeout);
    }

    /**
     * Stops the workers, closes the ports, and gives all memory back. Idempotent.
     *
     * @throws IllegalStateException if frames are missing from the pool, naming who took them. All is closed all the
     *                               same.
     */
    @Override
    public void close() {
        // Not under the lock: the control thread may be about to take it, and is waited for here.
        synchronized (this) {
            if (isClosed) {
                return;
            }
            isClosed = true;
        }
        shutdown.signal();
        final List<AutoCloseable> parts = new ArrayList<>();
        parts.add(crew);
        final List<Port> open = ports();
        for (int i = open.size() - 1; i >= 0; i--) {
            parts.add(open.get(i));
        }
        parts.addAll(List.of(control, pool, counters, shutdown));
        closeAll(parts);
    }

    private static void closeAll(final List<AutoCloseable> parts) {
        RuntimeException failure = null;
        for (final AutoCloseable part : parts) {
            try {
                part.close();
            } catch (final Exception e) {
                if (failure == null) {
                    failure = e instanceof RuntimeException ? (RuntimeException) e
                        : new DataplaneException("a part of the data plane did not close", e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void checkStarted() {
        checkOpen();
        if (!isStarted) {
            throw new IllegalStateException("data plane " + name() + " runs no graph yet: start one");
        }
    }

    private void checkOpen() {
        if (isClosed) {
            throw new IllegalStateException("data plane " + name() + " is closed");
        }
    }
}
