/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MacTableTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long TICK = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long START = Long.MAX_VALUE - 5 * SECOND;
    private static final long MAC = 0x0200_0000_0001L;

    private static MacTable table(final int capacity) {
        return new MacTable(capacity, 300 * SECOND, START, TICK);
    }

    @Test
    void shouldFindWhatItLearned() {
        final MacTable table = table(16);
        assertEquals(MacTable.LEARNED, table.learn(MAC, 255));
        assertEquals(MacTable.KNOWN, table.learn(MAC, 255));
        assertEquals(255, table.lookup(MAC));
        assertEquals(MacTable.NONE, table.lookup(MAC + 1));
        assertEquals(MacTable.NONE, table.lookup(0));
        assertEquals(1, table.size());
    }

    @Test
    void shouldFollowAStationThatMoves() {
        final MacTable table = table(16);
        table.learn(MAC, 1);
        assertEquals(MacTable.MOVED, table.learn(MAC, 2));
        assertEquals(2, table.lookup(MAC));
        assertEquals(1, table.size());
    }

    @Test
    void shouldSayWhenItIsFullAndKeepWhatItHas() {
        final MacTable table = table(3);
        for (int i = 0; i < 3; i++) {
            assertEquals(MacTable.LEARNED, table.learn(MAC + i, i));
        }
        assertEquals(MacTable.FULL, table.learn(MAC + 3, 3));
        assertEquals(MacTable.MOVED, table.learn(MAC, 9));
        assertEquals(9, table.lookup(MAC));
        assertEquals(MacTable.NONE, table.lookup(MAC + 3));
    }

    @Test
    void shouldForgetAStationThatWasSilentForALifetime() {
        final MacTable table = table(16);
        table.learn(MAC, 1);
        table.tick(START + 299 * SECOND);
        assertEquals(1, table.lookup(MAC));
        assertEquals(1, table.tick(START + 304 * SECOND));
        assertEquals(MacTable.NONE, table.lookup(MAC));
        assertEquals(0, table.size());
    }

    @Test
    void shouldNotFindAnExpiredStationEvenBeforeItIsSweptOut() {
        // So large that one tick sweeps only a part.
        final MacTable table = table(1 << 20);
        for (int i = 0; i < 10_000; i++) {
            table.learn(MAC + i, 1);
        }
        final int removed = table.tick(START + 304 * SECOND);
        assertTrue(removed < 10_000, "a tick must not sweep the whole of a large table");
        for (int i = 0; i < 10_000; i++) {
            assertEquals(MacTable.NONE, table.lookup(MAC + i));
        }
        assertEquals(10_000 - removed, table.size());
    }

    @Test
    void shouldRememberAStationThatIsSeenNowAndThen() {
        final MacTable table = table(16);
        for (int t = 0; t <= 3000; t += 100) {
            table.tick(START + t * SECOND);
            table.learn(MAC, 1);
        }
        assertEquals(1, table.lookup(MAC));
    }

    @Test
    void shouldLearnAnExpiredStationAnew() {
        final MacTable table = table(1 << 20);
        for (int i = 0; i < 1000; i++) {
            table.learn(MAC + i, 1);
        }
        table.tick(START + 304 * SECOND);
        for (int i = 0; i < 1000; i++) {
            assertEquals(MacTable.LEARNED, table.learn(MAC + i, 2));
            assertEquals(2, table.lookup(MAC + i));
        }
    }

    @Test
    void shouldAgreeWithAMapThroughLearningMovingAndAgeing() {
        final Random random = new Random(7);
        final MacTable table = new MacTable(400, 10 * SECOND, 0, TICK);
        final Map<Long, Integer> ports = new HashMap<>();
        final Map<Long, Long> seen = new HashMap<>();
        long now = 0;
        for (int step = 0; step < 200_000; step++) {
            final long mac = MAC + random.nextInt(600);
            final int port = random.nextInt(4);
            final int outcome = table.learn(mac, port);
            if (outcome == MacTable.FULL) {
                assertTrue(!ports.containsKey(mac));
            } else {
                ports.put(mac, port);
                seen.put(mac, now);
            }
            if (step % 10 == 0) {
                now += TICK;
                table.tick(now);
                final long oldest = now - 10 * SECOND;
                ports.keySet().removeIf(m -> seen.get(m) < oldest);
            }
            final long asked = MAC + random.nextInt(600);
            assertEquals(ports.getOrDefault(asked, MacTable.NONE), table.lookup(asked), "step " + step);
        }
        assertTrue(ports.size() > 100, "the test did not fill the table");
        assertEquals(ports.size(), table.size());
    }
}
