/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.List;

/**
 * The running graph and its numbers at one moment, for people and programs that look at it from outside. All numbers
 * grow from the start of the data plane: the difference of two views over the difference of their times is a rate.
 *
 * <p>Where nanoseconds are given they were measured in one of many passes, together with the packets of that pass:
 * {@code sampledNs / sampledPackets} is what one packet costs there.
 *
 * <p>Immutable.
 *
 * @param name    of the data plane.
 * @param version how many graphs were started or applied so far: another number, another graph.
 * @param timeNs  {@link System#nanoTime()} when it was taken.
 * @param workers that run it.
 * @param ports   that it touches, by id.
 * @param nodes   each after all that lead to it.
 * @param wires   in the order of wiring.
 */
public record GraphView(String name, long version, long timeNs, List<WorkerView> workers, List<PortView> ports,
                        List<NodeView> nodes, List<WireView> wires) {
    /**
     * One worker.
     *
     * @param cpu        that it is pinned to, or {@link Worker#UNPINNED}.
     * @param passes     over its queues and nodes.
     * @param busyPasses that received something.
     * @param packets    received, from ports and other workers.
     * @param busyNs     spent in passes that received something, estimated from samples.
     * @param runningNs  since it started.
     */
    public record WorkerView(String name, int cpu, long passes, long busyPasses, long packets, long busyNs,
                             long runningNs) {
    }

    /**
     * One port.
     *
     * @param link     in lower case: {@code up}, {@code down} or {@code gone}.
     * @param offloads what becomes of packets that leave something to be done.
     * @param rx       its receive queues, by number.
     * @param tx       its transmit queues, by number.
     */
    public record PortView(String name, int id, String link, OffloadView offloads, List<QueueView> rx,
                           List<QueueView> tx) {
    }

    /**
     * Work that packets leave to be done at one port, in the words of {@link io.millrace.Offload#text}.
     *
     * @param yields   what packets received here may leave to be done.
     * @param takes    what may be left to be done to packets that are transmitted here, now.
     * @param finishes what is done in software before they are, because the port does not take it.
     * @param from     the ports and nodes whose packets that is done for: they can get here.
     */
    public record OffloadView(String yields, String takes, String finishes, List<String> from) {
    }

    /**
     * One queue of a port.
     *
     * @param worker who serves it.
     * @param drops  of all reasons.
     */
    public record QueueView(int number, String worker, long packets, long bytes, long drops, long sampledNs,
                            long sampledPackets) {
    }

    /**
     * One node.
     *
     * @param type          its class, without the package.
     * @param worker        who runs it.
     * @param drops         of all reasons, those of its outputs too.
     * @param isQuarantined whether it is given nothing because it threw too often.
     */
    public record NodeView(String name, String type, String worker, long packets, long drops, long sampledNs,
                           long sampledPackets, boolean isQuarantined) {
    }

    /**
     * One wire.
     *
     * @param name    unique in its graph.
     * @param from    where it begins.
     * @param to      where it ends.
     * @param packets that took it; those that a handoff had no room for are among the drops.
     * @param drops   between two workers.
     */
    public record WireView(String name, End from, End to, long packets, long drops) {
    }

    /**
     * An end of a wire.
     *
     * @param part   the name of a port or a node.
     * @param isPort which of them.
     * @param output of a node that a wire begins at; empty otherwise.
     * @param queue  of a port, or -1 for all of them, and for nodes.
     * @param worker who runs it; empty if several do.
     */
    public record End(String part, boolean isPort, String output, int queue, String worker) {
    }
}
