/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.FramePool;
import io.millrace.pipeline.DropPoint;
import io.millrace.pipeline.DropProbe;
import io.millrace.pipeline.Probe;
import io.millrace.pipeline.Worker;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Takes copies of packets from workers to any number of subscribers on other threads. A subscriber that is too slow
 * loses copies, its own only; the workers never wait for it, and never allocate. Without a subscriber a probe costs one
 * load.
 *
 * <pre>
 *   worker a: probe --&gt; ring a ==+=====&gt; {@link Subscription} "capture" --&gt; its thread
 *                                 \ /
 *                                  X
 *                                 / \
 *   worker b: probe --&gt; ring b ==+=====&gt; {@link Subscription} "flows" ----&gt; its thread
 *
 *   one ring:   ... | 7 | 8 | 9 | 10 | 11 | 12 | ...     slots, used again and again
 *                     ^           ^         ^
 *                  capture      flows     cursor: the last one published
 * </pre>
 *
 * <p>A wire is published while its graph is watched by the probes that are made here:
 *
 * <pre>{@code
 * Graph watched = dataplane.graph();
 * dataplane.apply(watched.watch(watched.wire("vm0-switch"), worker -> multicast.probe(worker, "vm0-switch")));
 * }</pre>
 *
 * <p><b>How it works, and why nothing is torn.</b> Each reader has a sequence s: it is through with all slots up to s.
 * It copies slot s + 1 to memory of its own and then steps by compare-and-set from s to s + 1. The worker may write to
 * a slot again once every sequence is at or beyond it. Where one is not, the worker itself takes that sequence on by
 * compare-and-set, a quarter of the ring at once so that this is rare, and counts the difference as lost. So each
 * number is passed by exactly one successful step, the reader's or the worker's: received + lost = published.
 * <ul>
 * <li>The reader's step succeeds: the sequence was s until then, for it only grows. The worker had not moved it, so it
 * had not begun to write to slot s + 1; and it begins after it has seen the step (acquire), which comes after the
 * reader's loads (release). The copy is whole.</li>
 * <li>The reader's step fails: the worker has moved the sequence, and may have written while the reader copied. The
 * copy is thrown away.</li>
 * <li>The worker moves a sequence, then a full fence, then it writes. A reader that has seen any of that (an acquire
 * fence comes after its loads) finds the sequence moved when it tries to step.</li>
 * <li>A sequence is never moved beyond the cursor: half of the ring is published at once at most, and a quarter is
 * given away in advance.</li>
 * <li>A new reader is let in by the worker, at the worker's place, with its next burst: nobody else knows that place.
 * One that ends makes its own step impossible first and is forgotten by the worker then.</li>
 * </ul>
 *
 * <p>Counts {@code multicast/NAME/from/WORKER/packets}; see {@link Subscription} for what is received and lost. Each
 * counter has one writing thread, hence one for each worker.
 *
 * <p>Thread safety: all methods here may be called from any thread.
 */
public final class Multicast {
    /** Slots of each worker's ring, unless said otherwise. */
    public static final int DEFAULT_SLOTS = 4096;
    /** Bytes of a packet that a slot holds, unless said otherwise: all of any packet that is in a normal frame. */
    public static final int DEFAULT_SNAP_BYTES = FramePool.FRAME_CAPACITY;

    private static final int LEAST_SLOTS = 64;

    private final String name;
    private final Counters counters;
    private final int slots;
    private final int snapBytes;
    private final Wires wires = new Wires();
    private final Map<String, Ring> rings = new LinkedHashMap<>();
    private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();
    private int probes;

    private Multicast(final String name, final Counters counters, final int slots, final int snapBytes) {
        this.name = name;
        this.counters = counters;
        this.slots = slots;
        this.snapBytes = snapBytes;
    }

    /** A multicast with {@link #DEFAULT_SLOTS} and {@link #DEFAULT_SNAP_BYTES}: 7 MiB for each worker. */
    public static Multicast create(final String name, final Counters counters) {
        return create(name, counters, DEFAULT_SLOTS, DEFAULT_SNAP_BYTES);
    }

    /**
     * A multicast.
     *
     * @param name      in the names of its counters, of letters, digits, {@code . _ -}.
     * @param counters  where it counts.
     * @param slots     how many copies lie between a worker and its slowest subscriber, a power of two from 64 on.
     * @param snapBytes the bytes of a packet that are copied at most, 1 to {@link FramePool#JUMBO_CAPACITY}.
     * @throws ConfigurationException if the numbers are others, or one ring would be larger than 1 GiB.
     */
    public static Multicast create(final String name, final Counters counters, final int slots, final int snapBytes) {
        if (slots < LEAST_SLOTS || Integer.bitCount(slots) != 1) {
            throw new ConfigurationException("a multicast with " + slots + " slots cannot be: take a power of two, "
                + LEAST_SLOTS + " or more");
        }
        if (snapBytes < 1 || snapBytes > FramePool.JUMBO_CAPACITY) {
            throw new ConfigurationException("a snap length of " + snapBytes + " bytes cannot be: take 1 to "
                + FramePool.JUMBO_CAPACITY);
        }
        if ((long) slots * Ring.stride(snapBytes) > 1 << 30) {
            throw new ConfigurationException(slots + " slots of " + snapBytes
                + " bytes are more than 1 GiB for each worker: take fewer or shorter ones");
        }
        // Refuses a name that counters cannot have.
        counters.scope("multicast", name);
        return new Multicast(name, counters, slots, snapBytes);
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** The bytes of a packet that are copied at most. */
    public int snapBytes() {
        return snapBytes;
    }

    /** The probe of a wire on one worker: see {@link #probe(Worker, String, String, PacketSelector)}. */
    public Probe probe(final Worker worker, final String wire) {
        return probe(worker, wire, "", null);
    }

    /**
     * The probe of a wire on one worker, to be given to that wire. It publishes to whoever has subscribed.
     *
     * @param worker      that calls it. All probes of one worker publish into one ring, in the order of their calls.
     * @param wire        the name of the wire, of letters, digits, {@code . _ : -}.
     * @param description of the wire for people, such as its two ends; may be empty. The first one for a name counts.
     * @param selector    says which packets are copied; null for all. For this probe only.
     * @throws ConfigurationException if the name is none.
     */
    public Probe probe(final Worker worker, final String wire, final String description,
                       final PacketSelector selector) {
        return probe(worker.name(), wire, description, selector);
    }

    /**
     * The probe of a drop point, to be given to it: {@code dataplane.watchDrops((worker, point) ->
     * multicast.probe(worker, point, null))}. Its packets come as those of a wire {@code drop:learning-switch.hairpin},
     * described by the place and the reason.
     *
     * @param worker   that calls it.
     * @param point    which place.
     * @param selector says which packets are copied; null for all.
     */
    public DropProbe probe(final Worker worker, final DropPoint point, final PacketSelector selector) {
        return probe(worker.name(), "drop:" + point.name(), "dropped by " + point.place() + ": "
            + point.reason().name() + ", " + point.reason().meaning(), selector);
    }

    synchronized WireProbe probe(final String worker, final String wire, final String description,
                                 final PacketSelector selector) {
        final int id = wires.id(wire, description);
        return new WireProbe(rings.computeIfAbsent(worker, this::addRing), probes++, id, selector);
    }

    private Ring addRing(final String worker) {
        final Ring ring = new Ring(slots, snapBytes, wires,
            counters.scope("multicast", name, "from", worker).counter("packets"));
        subscriptions.values().forEach(subscription -> connect(subscription, worker, ring));
        return ring;
    }

    private void connect(final Subscription subscription, final String worker, final Ring ring) {
        final Reader reader = new Reader(ring, snapBytes, wires,
            counters.scope("multicast", name, "to", subscription.name(), worker).drops(Drops.TOO_SLOW));
        subscription.add(reader);
        ring.add(reader);
    }

    /**
     * A new subscriber. It gets what is published from now on, by workers that have a probe now and that get one later.
     *
     * @param subscriber in the names of counters; unique among those that are open.
     * @throws ConfigurationException if the name is none, or is taken.
     */
    public synchronized Subscription subscribe(final String subscriber) {
        if (subscriptions.containsKey(subscriber)) {
            throw new ConfigurationException("multicast " + name + " has a subscriber " + subscriber
                + " already: close that one, or take another name");
        }
        final Subscription subscription = new Subscription(this, subscriber,
            counters.scope("multicast", name, "to", subscriber).counter("packets"));
        rings.forEach((worker, ring) -> connect(subscription, worker, ring));
        subscriptions.put(subscriber, subscription);
        return subscription;
    }

    /** A time of {@link System#nanoTime()} as nanoseconds since 1970, by the clock when this was made. */
    public long epochNs(final long timeNs) {
        return wires.epochNs(timeNs);
    }

    Counters counters() {
        return counters;
    }

    synchronized void remove(final Subscription subscription) {
        if (subscriptions.remove(subscription.name(), subscription)) {
            subscription.end();
        }
    }

    /** For messages: {@code multicast edge}. */
    @Override
    public String toString() {
        return "multicast " + name;
    }
}
