/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.FrameCache;

import java.util.HashMap;
import java.util.Map;

/**
 * The inboxes of one worker, by what they are before: a {@link Node}, a port's end, a {@link Crossing}.
 *
 * <p>An inbox has room for the most that can arrive in one pass: a burst from each receive queue and each other worker
 * that feeds it, and from each output as many packets as the inbox of its node has room for. So an emit never has to
 * ask whether there is room.
 */
final class Inboxes {
    // A graph in which packets can meet again by many ways multiplies the worst case; this is far from any sane one.
    private static final long MAX_INBOX = 1 << 16;

    private final FrameCache frames;
    private final int burst;
    private final Map<Object, Burst> byOwner = new HashMap<>();

    /**
     * None yet.
     *
     * @param burst the most packets taken from a queue, or from another worker, at a time.
     */
    Inboxes(final FrameCache frames, final int burst) {
        this.frames = frames;
        this.burst = burst;
    }

    /** Makes the inbox of something. */
    Burst make(final Object owner, final String name, final long room) {
        if (room > MAX_INBOX) {
            throw new WiringException("up to " + room + " packets could meet at " + name + " in one pass, more than "
                + MAX_INBOX + ": let fewer outputs lead to the same places, or take a smaller burst than " + burst);
        }
        final Burst inbox = new Burst(frames, (int) Math.max(1, room));
        byOwner.put(owner, inbox);
        return inbox;
    }

    /** Lets two have one inbox. */
    void share(final Object owner, final Burst inbox) {
        byOwner.put(owner, inbox);
    }

    /** The inbox that was made for something, or null. */
    Burst of(final Object owner) {
        return byOwner.get(owner);
    }

    /** The most packets that come in one pass to a node, or to exactly that end of a port. */
    long roomFor(final Section section, final Object target) {
        long room = 0;
        for (final Wire wire : section.wires()) {
            room += wire.end().equals(target) ? broughtBy(section, wire) : 0;
        }
        for (final Crossing arrival : section.arrivals()) {
            room += arrival.target().equals(target) ? burst : 0;
        }
        return room;
    }

    /** The most packets that a wire brings in one pass from those sources of it that are on this worker. */
    long broughtBy(final Section section, final Wire wire) {
        final PortEnd from = wire.fromPort();
        if (from == null) {
            return byOwner.get(wire.fromOutput().node()).capacity();
        }
        return burst * section.rx().stream()
            .filter(queue -> queue.port() == from.port() && from.covers(queue.queue())).count();
    }
}
