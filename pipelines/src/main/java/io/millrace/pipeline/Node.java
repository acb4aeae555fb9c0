/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * One unit of forwarding: takes packets in bursts and sends each on through a named output, or drops it by name.
 *
 * <pre>
 *               +----------------------+
 *               |         node         |--- output a ---&gt;
 *   --- burst -&gt;|  process(burst)      |
 *               |                      |--- output b ---&gt;
 *               +----------------------+
 *                          |
 *                          v  drops(reason), counted and named
 * </pre>
 *
 * <p>The loop over the packets is in the node: one call serves a burst. A node owns the flyweights and the tables it
 * needs, allocates them in its constructor or in {@link #onStart}, and allocates nothing in {@link #process}.
 *
 * <p>A node object is one place in one running graph. It keeps its state as long as it lives.
 *
 * <p>Thread safety: {@link #onStart}, {@link #process}, {@link #onTick} and {@link #onClose} are called by one worker,
 * never at the same time. What they touch needs no synchronisation.
 */
public abstract class Node {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]+");

    private volatile Map<String, Output> outputs = Map.of();
    private String name = defaultName(getClass());
    private boolean isNamed;
    private Counters counters;
    private final Quarantine quarantine = new Quarantine();
    // By reason. The worker's, as who watches them.
    private final Map<DropReason, DropPoint> dropPoints = new LinkedHashMap<>();
    private DropWatch dropWatch;
    // The outputs of the program that runs, for its worker: walking a map would make an object.
    private Output[] running = {};

    /** A node with a name derived from its class. */
    protected Node() {
    }

    /**
     * Declares a way out. Call it in the constructor or, for a node whose outputs follow what it is connected to,
     * before the graph that wires it is started or applied; by one thread at a time.
     *
     * @param outputName letters, digits, {@code . _ -}; unique in this node.
     * @throws IllegalArgumentException if this node has that output already, or the name is no name.
     */
    protected final Output output(final String outputName) {
        checkName(outputName);
        final Output output = new Output(this, outputName);
        // A copy, for a worker may be going through the others.
        final Map<String, Output> more = new LinkedHashMap<>(outputs);
        if (more.putIfAbsent(outputName, output) != null) {
            throw new IllegalArgumentException(this + " has an output " + outputName + " already");
        }
        if (counters != null) {
            output.bind(counters);
        }
        outputs = more;
        return output;
    }

    /**
     * Deals with the packets that have come. Each of them leaves {@code burst} exactly once: by {@link Output#emit}
     * or {@link Output#emitAll}, or by {@link DropPoint#drop}.
     *
     * <p>An exception that escapes costs the packets that are still in the burst (counted as
     * {@code node/NAME/drop/fault}) and is reported once per kind; the node goes on with the next burst.
     *
     * @param burst one or more packets; the worker's again when this returns.
     */
    protected abstract void process(Burst burst);

    /**
     * Called before the first burst, on the thread of the worker. The place to make counters and to allocate. A node
     * that a changed graph gives to another worker has {@link #onClose} called on the old and this on the new one;
     * what is in its fields stays. While the graph is changed the worker does nothing else: be brief.
     *
     * @param worker the worker that this node runs on from now on.
     */
    protected void onStart(final Worker worker) {
    }

    /**
     * Called about every 100 ms, traffic or not. Must not emit.
     *
     * @param nowNs {@link Worker#nanoTime()}.
     */
    protected void onTick(final long nowNs) {
    }

    /** Called after the last burst, on the thread of the worker, if {@link #onStart} returned. */
    protected void onClose() {
    }

    /**
     * Work that this node may leave to be done to packets ({@link Burst#offload}), besides what they came with. Before
     * ports that its packets can get to, and that do not take this, it is done in software.
     *
     * @return bits of {@link io.millrace.Offload}, always the same; 0 unless it is overridden.
     */
    protected int offloads() {
        return 0;
    }

    /** Its name: unique in its graph once that runs, and part of the names of its counters. */
    public final String name() {
        return name;
    }

    /**
     * Gives it a name of its own, instead of one derived from its class.
     *
     * @param newName letters, digits, {@code . _ -}.
     * @return this node.
     * @throws IllegalStateException if the node runs.
     */
    public Node named(final String newName) {
        checkName(newName);
        if (counters != null) {
            throw new IllegalStateException(this + " runs: name it before the start");
        }
        name = newName;
        isNamed = true;
        return this;
    }

    /**
     * A counter of this node, {@code node/NAME/COUNTER}. From {@link #onStart} on.
     *
     * @param counterName lower case words joined by {@code -}.
     */
    protected final Counter counter(final String counterName) {
        return scope().counter(counterName);
    }

    /**
     * Where this node drops packets for that reason, always the same; counted as {@code node/NAME/drop/REASON}. From
     * {@link #onStart} on, on the worker's thread.
     */
    protected final DropPoint drops(final DropReason reason) {
        final DropPoint known = dropPoints.get(reason);
        return known != null ? known : addDropPoint(reason);
    }

    private DropPoint addDropPoint(final DropReason reason) {
        final DropPoint point = new DropPoint(name, toString(), reason, scope());
        dropPoints.put(reason, point);
        if (dropWatch != null) {
            dropWatch.add(point);
        }
        return point;
    }

    private Counters.Scope scope() {
        if (counters == null) {
            throw new IllegalStateException(this + " has counters from onStart on, not before");
        }
        return counters.scope("node", name);
    }

    final boolean isNamed() {
        return isNamed;
    }

    final Collection<Output> outputs() {
        return outputs.values();
    }

    final boolean isBound() {
        return counters != null;
    }

    /** How it is when this node throws. The worker's. */
    final Quarantine quarantine() {
        return quarantine;
    }

    /** Whether it threw so often that it is given no packets any more. Any thread. */
    public final boolean isQuarantined() {
        return quarantine.isOn();
    }

    /** Gives it packets again, and forgets how often it threw. Any thread. */
    public final void readmit() {
        quarantine.end();
    }

    /** Lets others see what the outputs count. On the worker's thread. */
    final void publish() {
        for (final Output output : running) {
            output.publish();
        }
    }

    /**
     * Leads every output to where it goes from now on; to null, if nowhere. On the worker's thread.
     *
     * @param watch who looks at what the node drops from now on.
     */
    final void connect(final Function<Output, Burst> inboxes, final DropWatch watch) {
        dropWatch = watch;
        dropPoints.values().forEach(watch::add);
        running = outputs.values().toArray(new Output[0]);
        for (final Output output : running) {
            output.connect(inboxes.apply(output));
            watch.add(output.unconnected());
        }
    }

    final void bind(final String uniqueName, final Counters where) {
        name = uniqueName;
        counters = Objects.requireNonNull(where);
        dropPoints.clear();
        dropWatch = null;
        for (final Output output : outputs.values()) {
            output.bind(where);
        }
    }

    final void unbind() {
        counters = null;
        for (final Output output : outputs.values()) {
            output.connect(null);
        }
    }

    /** For messages: {@code node mac-swap}. */
    @Override
    public final String toString() {
        return "node " + name;
    }

    /** Whether parts of a data plane can be named so. */
    static boolean isName(final String name) {
        return NAME.matcher(name).matches();
    }

    private static void checkName(final String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException("\"" + name + "\" is no name: use letters, digits, '.', '_' and '-'");
        }
    }

    private static String defaultName(final Class<?> type) {
        final String simple = type.getSimpleName().replaceAll("[^A-Za-z0-9]", "");
        return simple.isEmpty() ? "node" : simple.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    }
}
