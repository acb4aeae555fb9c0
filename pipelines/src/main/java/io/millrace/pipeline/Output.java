/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;

/**
 * A named way out of a node. A {@link Graph} connects it to one node or one port; what leaves by an output that nobody
 * connected is dropped and counted as {@code node/NODE/out/OUTPUT/drop/unconnected}.
 *
 * <p>In one turn of its node an output takes each packet at most once, as itself or as a copy: that bound is what the
 * room behind it is computed from.
 *
 * <p>Thread safety: {@link #emit}, {@link #emitAll} and {@link #emitCopy} only inside {@link Node#process}; the rest
 * from any thread.
 */
public final class Output {
    private final Node node;
    private final String name;
    // The inbox of what comes next, or null: an inbox without a detour is what makes an emit one store.
    private Burst target;
    private Counter packetsCounter;
    private DropPoint unconnected;
    private Counter noFrame;
    // Plain: a counter for each packet would be a store more.
    private long packets;
    private long published;

    Output(final Node node, final String name) {
        this.node = node;
        this.name = name;
    }

    /** Its name, unique in its node. */
    public String name() {
        return name;
    }

    /** Whether the running graph leads it somewhere. False before the start. */
    public boolean isConnected() {
        return target != null;
    }

    /**
     * Sends packet {@code i} this way. It has left {@code from} then.
     *
     * @param from the burst that is being processed.
     * @param i    0 to {@code from.size()} - 1.
     */
    public void emit(final Burst from, final int i) {
        final Burst next = target;
        if (next == null) {
            unconnected.drop(from, i);
            return;
        }
        packets++;
        from.move(i, next);
    }

    /**
     * Sends every packet this way and leaves {@code from} empty. The cheapest way on.
     *
     * @param from the burst that is being processed; no packet has left it yet.
     */
    public void emitAll(final Burst from) {
        final Burst next = target;
        if (next == null) {
            unconnected.dropAll(from);
            return;
        }
        packets += from.size();
        from.moveAll(next);
    }

    /**
     * Sends a copy of packet {@code i} this way. The packet itself stays in {@code from}.
     *
     * @param from the burst that is being processed.
     * @param i    0 to {@code from.size()} - 1.
     * @return false if no copy went out: the frame pool is empty, counted as
     *         {@code node/NODE/out/OUTPUT/drop/no-frame}, or the output is not connected, counted as such.
     */
    public boolean emitCopy(final Burst from, final int i) {
        final Burst next = target;
        if (next == null) {
            unconnected.note(from, i);
            return false;
        }
        if (next.remaining() == 0) {
            throw new IllegalStateException(this + " was given a packet more than once in one turn of its node");
        }
        if (!from.copy(i, next)) {
            noFrame.increment();
            return false;
        }
        packets++;
        return true;
    }

    /** Lets others see how many packets have left. On the worker's thread. */
    void publish() {
        packetsCounter.add(packets - published);
        published = packets;
    }

    Node node() {
        return node;
    }

    void bind(final Counters counters) {
        final Counters.Scope scope = counters.scope("node", node.name(), "out", name);
        packetsCounter = scope.counter("packets");
        unconnected = new DropPoint(node.name() + '.' + name, toString(), DropReason.UNCONNECTED, scope);
        noFrame = scope.drops(DropReason.NO_FRAME);
    }

    /** Where its packets end while it leads nowhere. */
    DropPoint unconnected() {
        return unconnected;
    }

    void connect(final Burst inbox) {
        target = inbox;
    }

    /** For messages: {@code output out of node mac-swap}. */
    @Override
    public String toString() {
        return "output " + name + " of " + node;
    }
}
