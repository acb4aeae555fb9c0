/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several workers in one table. */
class MacTableStressTest {
    private static final int WORKERS = 3;
    private static final int STATIONS = 300;
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long TICK = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long MAC = 0x0200_0000_0001L;

    private final ExecutorService threads = Executors.newFixedThreadPool(WORKERS);
    private final CyclicBarrier start = new CyclicBarrier(WORKERS);

    @AfterEach
    void close() throws InterruptedException {
        threads.shutdownNow();
        assertTrue(threads.awaitTermination(60, TimeUnit.SECONDS));
    }

    private interface Work {
        void run(int worker) throws Exception;
    }

    private void onEachWorker(final Work work) throws Exception {
        final List<Future<?>> all = new ArrayList<>();
        for (int w = 0; w < WORKERS; w++) {
            final int worker = w;
            all.add(threads.submit((Callable<Void>) () -> {
                start.await(60, TimeUnit.SECONDS);
                work.run(worker);
                return null;
            }));
        }
        for (final Future<?> one : all) {
            one.get(240, TimeUnit.SECONDS);
        }
    }

    /** Where a worker sees a station: each sees it behind another port. */
    private static int port(final int station, final int worker) {
        return station * 5 + worker & 0xff;
    }

    private static void assertWasLearned(final MacTable table, final int station) {
        final int port = table.lookup(MAC + station);
        assertTrue(port == MacTable.NONE || (port - station * 5 & 0xff) < WORKERS,
            () -> "station " + station + " behind port " + port + ", where nobody saw it");
    }

    private static int known(final MacTable table) {
        int known = 0;
        for (int station = 0; station < STATIONS; station++) {
            known += table.lookup(MAC + station) == MacTable.NONE ? 0 : 1;
        }
        return known;
    }

    @Test
    void shouldNeverTellAPortThatNobodySawTheStationBehind() throws Exception {
        final MacTable table = new MacTable(STATIONS, SECOND, 0, TICK);
        final AtomicLong clock = new AtomicLong();
        final AtomicBoolean isOver = new AtomicBoolean();
        onEachWorker(worker -> {
            final Random random = new Random(worker);
            for (int step = 0; step < 2_000_000 && !isOver.get(); step++) {
                final int station = random.nextInt(STATIONS);
                // For a while each worker sees only some stations, so that others expire and are taken out meanwhile.
                if (station * 4 / STATIONS != (step >> 12 & 3)) {
                    table.learn(MAC + station, port(station, worker));
                }
                assertWasLearned(table, random.nextInt(STATIONS));
                if (step % 64 == 0) {
                    table.tick(clock.addAndGet(TICK / 8));
                }
                assertTrue(table.size() <= STATIONS + WORKERS, "more entries than allowed");
            }
            isOver.set(true);
        });
        assertTrue(clock.get() > 20 * SECOND, "no entry ever expired");
        // Whatever was in it twice, or was counted wrongly, would show now.
        for (int station = 0; station < STATIONS; station++) {
            table.learn(MAC + station, port(station, 0));
        }
        assertEquals(table.size(), known(table));
        for (int tick = 0; tick < 20; tick++) {
            table.tick(clock.addAndGet(TICK));
        }
        assertEquals(0, table.size());
        assertEquals(0, known(table));
    }

    @Test
    void shouldEnterAStationOnceThatAllSeeAtTheSameTime() throws Exception {
        for (int round = 0; round < 300; round++) {
            final MacTable table = new MacTable(STATIONS, SECOND, 0, TICK);
            onEachWorker(worker -> {
                for (int station = 0; station < STATIONS; station++) {
                    table.learn(MAC + station, port(station, worker));
                }
            });
            assertEquals(STATIONS, known(table));
            assertEquals(STATIONS, table.size());
            for (int station = 0; station < STATIONS; station++) {
                assertWasLearned(table, station);
            }
        }
    }

    @Test
    void shouldAllocateNothingUnderContention() throws Exception {
        final ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final MacTable table = new MacTable(STATIONS, SECOND, 0, TICK);
        final AtomicLong clock = new AtomicLong();
        final AtomicLong least = new AtomicLong(Long.MAX_VALUE);
        onEachWorker(worker -> {
            long sum = 0;
            for (int round = 0; round < 6; round++) {
                final long before = bean.getThreadAllocatedBytes(Thread.currentThread().getId());
                for (int step = 0; step < 100_000; step++) {
                    final int station = step % STATIONS;
                    table.learn(MAC + station, port(station, worker));
                    sum += table.lookup(MAC + station + 1);
                    if (step % 64 == 0) {
                        table.tick(clock.addAndGet(TICK));
                    }
                }
                final long bytes = bean.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
                least.accumulateAndGet(bytes, Math::min);
            }
            assertTrue(sum != 0);
        });
        assertEquals(0, least.get(), "bytes for 100000 stations learned and looked up");
    }
}
