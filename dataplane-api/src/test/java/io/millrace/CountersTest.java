/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Names and values, without a file. */
class CountersTest {
    private final Counters counters = Counters.inMemory();

    @Test
    void shouldCount() {
        final Counter packets = counters.scope("port", "vm0", "rx0").counter("packets");
        packets.increment();
        packets.add(41);
        assertEquals(42, packets.get());
    }

    @Test
    void shouldNameCountersByTheirPath() {
        counters.scope("port", "vm0", "rx0").counter("packets").add(3);
        counters.scope("port", "vm0", "tx0").drops(DropReason.RING_FULL).add(2);
        assertEquals(Map.of("port/vm0/rx0/packets", 3L, "port/vm0/tx0/drop/ring-full", 2L), counters.snapshot());
    }

    @Test
    void shouldListThemInAlphabeticalOrder() {
        final Counters.Scope scope = counters.scope("node");
        List.of("c", "a", "b").forEach(scope::counter);
        assertEquals(List.of("node/a", "node/b", "node/c"), List.copyOf(counters.snapshot().keySet()));
    }

    @Test
    void shouldGiveTheSameCounterForTheSameName() {
        assertSame(counters.scope("node", "a").counter("x"), counters.scope("node", "a").counter("x"));
        assertNotEquals(counters.scope("node", "a").counter("x"), counters.scope("node", "b").counter("x"));
    }

    @Test
    void shouldCountDropsOfOneReasonInOneCounter() {
        final DropReason mine = new DropReason("ring-full", "another sentence");
        final Counters.Scope scope = counters.scope("port", "vm0", "tx0");
        assertSame(scope.drops(DropReason.RING_FULL), scope.drops(mine));
    }

    @Test
    void shouldRefuseANameThatIsTooLong() {
        final Counters.Scope scope = counters.scope("port", "x".repeat(370));
        final String message =
            assertThrows(ConfigurationException.class, () -> scope.counter("packets")).getMessage();
        assertTrue(message.endsWith("is too long: shorten the port's name"), message);
        assertEquals(new TreeMap<>(), counters.snapshot());
    }

    @Test
    void shouldRefusePartsThatWouldBreakThePath() {
        for (final String part : List.of("", "a/b", "a b", "ä")) {
            assertEquals("the name \"" + part + "\" cannot be used: take letters, digits and . _ - only",
                assertThrows(ConfigurationException.class, () -> counters.scope("port", part)).getMessage());
        }
    }

    @Test
    void shouldSayWhenThereAreTooMany() {
        final Counters.Scope scope = counters.scope("port");
        for (int i = 0; i < Counters.CAPACITY; i++) {
            scope.counter("c" + i);
        }
        final Counter known = scope.counter("c7");
        known.increment();
        assertEquals("there are " + Counters.CAPACITY
            + " counters already and none is left for port/x: open fewer ports or queues",
            assertThrows(ConfigurationException.class, () -> scope.counter("x")).getMessage());
        assertEquals(1, counters.snapshot().get("port/c7"));
    }

    @Test
    void shouldRefuseADropReasonThatIsNoName() {
        for (final String name : List.of("", "Ring-full", "ring full", "-ring", "ring--full", "ring/full")) {
            assertThrows(IllegalArgumentException.class, () -> new DropReason(name, "never"));
        }
        assertEquals("ring-full2", new DropReason("ring-full2", "sometimes").name());
    }
}
