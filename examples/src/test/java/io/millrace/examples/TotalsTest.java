/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** What counters add up to. */
class TotalsTest {
    private static final Map<String, Long> COUNTERS = new TreeMap<>(Map.of(
        "port/vm0/rx0/packets", 10L, "port/vm0/rx0/bytes", 640L,
        "port/vm0/tx0/packets", 7L, "port/vm0/tx0/bytes", 448L,
        "port/vm0/rx10/packets", 5L, "port/vm0/rx2/packets", 1L,
        "port/vm0/tx0/drop/ring-full", 3L, "node/sw/out/1/drop/unconnected", 2L, "node/sw/drop/runt", 0L));

    @Test
    void shouldAddUpPortsByQueueInNumericalOrder() {
        final Totals totals = Totals.of(COUNTERS);
        assertEquals(List.of(0, 2, 10), List.copyOf(totals.ports().get("vm0").keySet()));
        assertEquals(new Totals.Queue(10, 640, 7, 448), totals.ports().get("vm0").get(0));
        assertEquals(new Totals.Queue(16, 640, 7, 448), totals.port("vm0"));
    }

    @Test
    void shouldListOnlyDropsThatHappened() {
        assertEquals(List.of(new Totals.Drop("node/sw/out/1", "unconnected", 2),
            new Totals.Drop("port/vm0/tx0", "ring-full", 3)), Totals.of(COUNTERS).drops());
        assertEquals(5, Totals.of(COUNTERS).dropped());
    }

    @Test
    void shouldNotTakeLostCopiesForDrops() {
        assertEquals(0, Totals.of(Map.of("multicast/capture-1/to/capture-1/worker-0/drop/too-slow", 9L)).dropped());
    }

    @Test
    void shouldSubtractWhatWasThereBefore() {
        final Totals before = Totals.of(Map.of("port/vm0/rx0/packets", 4L));
        assertEquals(12, Totals.of(COUNTERS).portSince(before, "vm0").rxPackets());
    }
}
