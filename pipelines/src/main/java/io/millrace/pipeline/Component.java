/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.List;

/**
 * A part of a graph that shares nothing with the rest: no node, and no queue pair of a port. It runs on one worker,
 * unless parts of it were placed on several: then it is cut into {@link Section}s. Immutable.
 *
 * @param queues every queue of the ports it has, as pairs of a receive and a transmit queue.
 * @param nodes  its nodes, each after all that lead to it.
 * @param wires  its wires.
 */
record Component(List<PortEnd> queues, List<Node> nodes, List<Wire> wires) {
}
