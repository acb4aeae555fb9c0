/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.GraphView.NodeView;
import io.millrace.pipeline.GraphView.OffloadView;
import io.millrace.pipeline.GraphView.PortView;
import io.millrace.pipeline.GraphView.QueueView;
import io.millrace.pipeline.GraphView.WireView;
import io.millrace.pipeline.GraphView.WorkerView;
import io.millrace.pipeline.Worker;

import java.util.ArrayList;
import java.util.List;

/** A running graph with its rates, as lines of text for people. */
final class Rows {
    private static final String WORKER = "%-16s %4s %7s %14s %14s";
    private static final String PORT = "%-16s %5s %-6s %14s %12s %14s %12s  %s";
    private static final String NODE = "%-24s %-20s %14s %10s  %s";
    private static final String OFFLOAD = "  %-16s yields %s, takes %s: %s";
    private static final String NONE = "none";
    private static final String WIRE = "  %-44s %14s%s";

    private Rows() {
    }

    /** What {@code top} shows: workers, ports, nodes, drops. */
    static List<String> top(final Interval interval) {
        final List<String> rows = new ArrayList<>();
        workers(interval, rows);
        rows.add("");
        ports(interval, rows);
        rows.add("");
        nodes(interval, rows);
        if (!interval.drops().isEmpty()) {
            rows.add("");
        }
        interval.drops().forEach((counter, packets) -> {
            final int at = counter.lastIndexOf("/drop/");
            rows.add(String.format("drop %-36s %-24s %14s", counter.substring(0, at),
                counter.substring(at + "/drop/".length()), perSecond(interval.rate(packets))));
        });
        return rows;
    }

    private static void workers(final Interval interval, final List<String> rows) {
        rows.add(String.format(WORKER, "worker", "CPU", "busy", "packets", "packets/pass"));
        for (final WorkerView worker : interval.view().workers()) {
            rows.add(String.format(WORKER, worker.name(), worker.cpu() == Worker.UNPINNED ? "-" : worker.cpu(),
                String.format("%.0f %%", interval.busyPercent(worker)), perSecond(interval.rate(worker.packets())),
                worker.busyPasses() == 0 ? "-"
                    : String.format("%.1f", (double) worker.packets() / worker.busyPasses())));
        }
    }

    private static void ports(final Interval interval, final List<String> rows) {
        rows.add(String.format(PORT, "port", "queue", "link", "rx packets", "rx bits", "tx packets", "tx bits",
            "worker"));
        for (final PortView port : interval.view().ports()) {
            for (int q = 0; q < port.rx().size(); q++) {
                final QueueView rx = port.rx().get(q);
                final QueueView tx = port.tx().get(q);
                rows.add(String.format(PORT, port.name(), q, port.link(), perSecond(interval.rate(rx.packets())),
                    bits(interval.rate(rx.bytes())), perSecond(interval.rate(tx.packets())),
                    bits(interval.rate(tx.bytes())),
                    rx.worker().equals(tx.worker()) ? rx.worker() : rx.worker() + ", " + tx.worker()));
            }
        }
    }

    private static void nodes(final Interval interval, final List<String> rows) {
        rows.add(String.format(NODE, "node", "type", "packets", "a packet", "worker"));
        for (final NodeView node : interval.view().nodes()) {
            rows.add(String.format(NODE, node.name(), node.type(), perSecond(interval.rate(node.packets())),
                Interval.cost(node.sampledNs(), node.sampledPackets()),
                node.worker() + (node.isQuarantined() ? "  QUARANTINED" : "")));
        }
    }

    /** What {@code graph} shows: each worker with its parts, each part with the wires that begin there. */
    static List<String> graph(final Interval interval) {
        final List<String> rows = new ArrayList<>();
        for (final WorkerView worker : interval.view().workers()) {
            rows.add(title(interval, worker));
            wires(interval, worker.name(), rows);
        }
        if (interval.view().wires().stream().anyMatch(wire -> wire.from().worker().isEmpty())) {
            rows.add("several workers");
            wires(interval, "", rows);
        }
        offloads(interval, rows);
        return rows;
    }

    /** What becomes of packets that senders did not finish; nothing, where none can come. */
    private static void offloads(final Interval interval, final List<String> rows) {
        if (interval.view().ports().stream().allMatch(port -> port.offloads().yields().equals(NONE))) {
            return;
        }
        rows.add("offloads");
        for (final PortView port : interval.view().ports()) {
            final OffloadView offloads = port.offloads();
            rows.add(String.format(OFFLOAD, port.name(), offloads.yields(), offloads.takes(),
                offloads.from().isEmpty() ? "nothing is left to do before it"
                    : offloads.finishes() + " of " + String.join(", ", offloads.from()) + " is done before it"));
        }
    }

    /** A worker in a line. */
    static String title(final Interval interval, final WorkerView worker) {
        return "worker " + worker.name() + (worker.cpu() == Worker.UNPINNED ? "" : ", CPU " + worker.cpu())
            + String.format(", %.0f %% busy", interval.busyPercent(worker));
    }

    private static void wires(final Interval interval, final String worker, final List<String> rows) {
        for (final WireView wire : interval.view().wires()) {
            if (wire.from().worker().equals(worker)) {
                final boolean isCrossing = !wire.to().worker().equals(worker);
                final String path = start(wire) + (isCrossing ? " => " : " -> ") + end(wire)
                    + (isCrossing ? " @ " + (wire.to().worker().isEmpty() ? "several" : wire.to().worker()) : "");
                rows.add(String.format(WIRE, path, perSecond(interval.rate(wire.packets())),
                    wire.drops() == 0 ? "" : "  " + perSecond(interval.rate(wire.drops())) + " dropped"));
            }
        }
    }

    private static String start(final WireView wire) {
        return wire.from().isPort() ? "rx " + wire.from().part() + queue(wire.from().queue())
            : wire.from().part() + '.' + wire.from().output();
    }

    private static String end(final WireView wire) {
        return (wire.to().isPort() ? "tx " : "") + wire.to().part() + queue(wire.to().queue());
    }

    private static String queue(final int number) {
        return number < 0 ? "" : " queue " + number;
    }

    /** A rate for people. */
    static String perSecond(final double rate) {
        return scaled(rate) + "/s";
    }

    private static String bits(final double bytesPerSecond) {
        return scaled(bytesPerSecond * 8) + "bit/s";
    }

    private static String scaled(final double rate) {
        if (rate >= 1e9) {
            return String.format("%.3f G", rate / 1e9);
        }
        if (rate >= 1e6) {
            return String.format("%.3f M", rate / 1e6);
        }
        return rate >= 1e4 ? String.format("%.1f k", rate / 1e3) : String.format("%.0f ", rate);
    }
}
