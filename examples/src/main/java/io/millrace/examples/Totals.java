/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the counters of a data plane add up to for a reader: packets and bytes per port and queue, and drops by name.
 *
 * @param ports by port name, by queue number.
 * @param drops those that happened at least once, in the order of their counters' names.
 */
record Totals(SortedMap<String, SortedMap<Integer, Queue>> ports, List<Drop> drops) {
    private static final Pattern QUEUE = Pattern.compile("port/([^/]+)/(rx|tx)(\\d+)/(packets|bytes)");
    // Copies that are lost are no packets: those went on.
    private static final Pattern DROP = Pattern.compile("((?!multicast/).+)/drop/([^/]+)");

    /** One receive and transmit queue pair. */
    record Queue(long rxPackets, long rxBytes, long txPackets, long txBytes) {
        private static final Queue NONE = new Queue(0, 0, 0, 0);

        private Queue with(final String direction, final String unit, final long value) {
            return switch (direction + unit) {
                case "rxpackets" -> new Queue(value, rxBytes, txPackets, txBytes);
                case "rxbytes" -> new Queue(rxPackets, value, txPackets, txBytes);
                case "txpackets" -> new Queue(rxPackets, rxBytes, value, txBytes);
                default -> new Queue(rxPackets, rxBytes, txPackets, value);
            };
        }

        private Queue plus(final Queue other, final int sign) {
            return new Queue(rxPackets + sign * other.rxPackets, rxBytes + sign * other.rxBytes,
                txPackets + sign * other.txPackets, txBytes + sign * other.txBytes);
        }
    }

    /**
     * Packets that went no further.
     *
     * @param where   the path of what dropped them, such as {@code port/vm0/tx0}.
     * @param reason  the name of the reason.
     * @param packets how many.
     */
    record Drop(String where, String reason, long packets) {
    }

    /** Whether a counter counts packets that went no further. */
    static boolean isDrop(final String counter) {
        return DROP.matcher(counter).matches();
    }

    /** Reads them from counters by name. */
    static Totals of(final Map<String, Long> counters) {
        final SortedMap<String, SortedMap<Integer, Queue>> ports = new TreeMap<>();
        final List<Drop> drops = new ArrayList<>();
        counters.forEach((name, value) -> {
            final Matcher queue = QUEUE.matcher(name);
            final Matcher drop = DROP.matcher(name);
            if (queue.matches()) {
                ports.computeIfAbsent(queue.group(1), port -> new TreeMap<>()).merge(
                    Integer.valueOf(queue.group(3)),
                    Queue.NONE.with(queue.group(2), queue.group(4), value),
                    (known, more) -> known.with(queue.group(2), queue.group(4), value));
            } else if (drop.matches() && value > 0) {
                drops.add(new Drop(drop.group(1), drop.group(2), value));
            }
        });
        return new Totals(ports, drops);
    }

    /** All queues of a port together. */
    Queue port(final String name) {
        Queue sum = Queue.NONE;
        for (final Queue queue : ports.getOrDefault(name, new TreeMap<>()).values()) {
            sum = sum.plus(queue, 1);
        }
        return sum;
    }

    /** What a port did since {@code before}. */
    Queue portSince(final Totals before, final String name) {
        return port(name).plus(before.port(name), -1);
    }

    /** All drops together. */
    long dropped() {
        return drops.stream().mapToLong(Drop::packets).sum();
    }
}
