/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.millrace.ConfigurationException;
import io.millrace.pipeline.GraphView;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The way of one packet and its copies through a graph, from the port where it came in to each place where it left.
 *
 * <p>Immutable.
 *
 * @param number     of the packet, from 1 on, in the order of arrival; packets that several workers received at the
 *                   same time in any order.
 * @param port       where it came in.
 * @param epochNs    when, in nanoseconds since 1970.
 * @param isComplete false if some step may be missing because copies were lost.
 * @param steps      the wires it took, in the order of time.
 * @param ends       where it left, or went no further.
 */
public record Trace(int number, String port, long epochNs, boolean isComplete, List<Step> steps, List<End> ends) {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /**
     * One wire that the packet took.
     *
     * @param parent      the index in {@link Trace#steps} of the wire it took before; -1 for the first.
     * @param wire        its name.
     * @param from        where the wire begins.
     * @param to          where it ends.
     * @param timeNs      since the first step.
     * @param length      of the packet there, in bytes.
     * @param bytes       the packet in hexadecimal digits, as far as it was captured.
     * @param differences what is different from the parent's bytes.
     */
    public record Step(int parent, String wire, GraphView.End from, GraphView.End to, long timeNs, int length,
                       String bytes, List<Difference> differences) {
    }

    /**
     * Bytes that a node changed.
     *
     * @param offset from the start of the packet before.
     * @param before in hexadecimal digits; empty: they were put in.
     * @param after  in hexadecimal digits; empty: they were taken out.
     */
    public record Difference(int offset, String before, String after) {
    }

    /**
     * Where one copy of the packet got to.
     *
     * @param step  the index of its last step.
     * @param isOut whether it left by a port; otherwise it ended in a node, or on the way to it.
     * @param place in words: {@code port vm1}, {@code node filter}.
     * @param drops the drop counters there that moved during the trace, and by how much. The packets of others move
     *              them as well.
     */
    public record End(int step, boolean isOut, String place, Map<String, Long> drops) {
    }

    /**
     * Writes traces to a pcapng file for Wireshark: each step is a packet on an interface named after its wire, with a
     * comment that says where it went and, if it was the last one, how it ended.
     *
     * @param path emptied if it is there; a new file is for its owner only.
     * @throws ConfigurationException if it cannot be written.
     */
    public static void save(final Collection<Trace> traces, final Path path) {
        final Target target = Target.file(path);
        try (target) {
            new TraceFile(target).write(traces);
        } catch (final IOException e) {
            throw new ConfigurationException("the trace was not saved: " + target.explain(e));
        }
    }

    /** As one line of JSON, with the names and the structure of these records. */
    public String toJson() {
        return GSON.toJson(this);
    }

    /** For people: a line for each step, a line for each change, a line for each end. */
    @Override
    public String toString() {
        return new TraceText(this).toString();
    }
}
