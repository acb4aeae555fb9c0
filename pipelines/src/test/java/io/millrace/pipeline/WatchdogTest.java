/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import org.junit.jupiter.api.Test;

import java.util.concurrent.CountDownLatch;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** A worker that stands still is seen, and the others go on. */
class WatchdogTest {
    private final CountDownLatch gate = new CountDownLatch(1);

    /** Holds its worker up until the test lets it go. */
    private final class Blocker extends Node {
        private final Output out = output("out");

        @Override
        protected void process(final Burst burst) {
            try {
                gate.await();
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            out.emitAll(burst);
        }
    }

    @Test
    void shouldSeeAWorkerThatStandsStillWhileOthersGoOn() {
        try (Dataplane dataplane = Dataplane.builder().frames(256).jumboFrames(0).build()) {
            final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
            final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));
            final Blocker blocker = new Blocker();
            dataplane.start(new Graph().from(a).to(blocker).from(blocker.out).to(a).from(b).to(b)
                .place(dataplane.worker("one"), a).place(dataplane.worker("two"), b));
            a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
            Until.isTrue(() -> stalls(dataplane, "one") == 1, () -> "not noticed");
            for (int i = 0; i < 100; i++) {
                b.inject(Packets.ethernet(Packets.B, Packets.A, i));
            }
            assertEquals(100, b.await(100).size());
            gate.countDown();
            a.await(1);
            assertEquals(1, stalls(dataplane, "one"));
            assertEquals(0, stalls(dataplane, "two"));
        }
    }

    private static long stalls(final Dataplane dataplane, final String worker) {
        return dataplane.counters().snapshot().getOrDefault("worker/" + worker + "/stalls", 0L);
    }
}
