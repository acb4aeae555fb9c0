/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

/**
 * An edge whose ends are on two workers; a {@link Handoff} when it runs. It is a wire, or where the queues of a port
 * are on several workers, a lane: the way from a worker that spreads flows over them to one queue on another.
 *
 * @param name unique in its graph: from what to what.
 * @param from whose part it leaves.
 * @param to   whose part it leads to.
 * @param wire the wire; null for a lane.
 * @param lane the transmit queue that a lane leads to; null for a wire.
 */
record Crossing(String name, Worker from, Worker to, Wire wire, PortEnd lane) {
    /** What it leads to: a {@link Node}, or a port's end. */
    Object target() {
        return lane != null ? lane : wire.end();
    }

    @Override
    public String toString() {
        return "handoff " + name + " from " + from + " to " + to;
    }
}
