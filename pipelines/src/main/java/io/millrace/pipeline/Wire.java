/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.Objects;

/**
 * One edge of a {@link Graph}: from a port or the output of a node, to a node or a port.
 *
 * <p>Thread safety: none; a graph is built by one thread.
 */
public final class Wire {
    private final Graph graph;
    private final PortEnd fromPort;
    private final Output fromOutput;
    private PortEnd toPort;
    private Node toNode;

    Wire(final Graph graph, final PortEnd fromPort, final Output fromOutput) {
        this.graph = graph;
        this.fromPort = fromPort;
        this.fromOutput = fromOutput;
    }

    /**
     * Leads this wire to a node.
     *
     * @return the graph, for the next wire.
     */
    public Graph to(final Node node) {
        checkIsOpen();
        toNode = Objects.requireNonNull(node, "to which node?");
        return graph;
    }

    /**
     * Leads this wire to a port. Where several queues of the port are ready, each flow keeps to one of them.
     *
     * @return the graph, for the next wire.
     */
    public Graph to(final Port port) {
        checkIsOpen();
        toPort = PortEnd.all(port);
        return graph;
    }

    /**
     * Leads this wire to one transmit queue of a port.
     *
     * @param port  which port.
     * @param queue 0 to {@link Port#queues()} - 1.
     * @return the graph, for the next wire.
     */
    public Graph to(final Port port, final int queue) {
        checkIsOpen();
        toPort = PortEnd.one(port, queue);
        return graph;
    }

    /** The same wire in another graph. */
    void copyTo(final Graph other) {
        final Wire copy = other.add(new Wire(other, fromPort, fromOutput));
        copy.toPort = toPort;
        copy.toNode = toNode;
    }

    /**
     * Its name, unique in its graph: from what to what, such as {@code vm0-learning-switch}. It follows from the names
     * of nodes and so can change as long as the graph does not run.
     */
    public String name() {
        return WireNames.of(graph).of(this);
    }

    private void checkIsOpen() {
        if (hasTarget()) {
            throw new WiringException("the wire from " + source() + " leads to " + target() + " already: "
                + "call from(...) once for every to(...)");
        }
    }

    boolean hasTarget() {
        return toNode != null || toPort != null;
    }

    /** The port it comes from, or null if it comes from an output. */
    PortEnd fromPort() {
        return fromPort;
    }

    /** The output it comes from, or null if it comes from a port. */
    Output fromOutput() {
        return fromOutput;
    }

    /** The port it leads to, or null if it leads to a node. */
    PortEnd toPort() {
        return toPort;
    }

    /** The node it leads to, or null if it leads to a port. */
    Node toNode() {
        return toNode;
    }

    /** What it leads to: a node, or a port's end. */
    Object end() {
        return toNode != null ? toNode : toPort;
    }

    /** For messages. */
    @Override
    public String toString() {
        return "wire from " + source() + (hasTarget() ? " to " + target() : "");
    }

    String source() {
        return fromPort != null ? fromPort.toString() : fromOutput.toString();
    }

    String target() {
        return toNode != null ? toNode.toString() : String.valueOf(toPort);
    }
}
