/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.Idle;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class WindowTest {
    private static final int WINDOW = 10;

    private final Traffic receiver = Traffic.named("receiver").sinkOnly();
    private final Traffic sender = Traffic.named("sender").count(10_000).window(WINDOW, receiver);

    private static void await(final BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - deadlineNs < 0, "in vain");
            Thread.onSpinWait();
        }
    }

    private static Dataplane dataplane() {
        return Dataplane.builder().frames(1024).jumboFrames(0).idle(Idle.SPIN).build();
    }

    @Test
    void shouldStopWhenNothingArrives() {
        try (Dataplane dataplane = dataplane()) {
            final Port elsewhere = dataplane.open(Traffic.named("elsewhere").sinkOnly());
            dataplane.start(new Graph().from(dataplane.open(sender)).to(elsewhere)
                .from(dataplane.open(receiver)).to(elsewhere));
            await(() -> sender.sent() == WINDOW);
            final long cycles = dataplane.counters().snapshot().get("worker/worker-0/cycles");
            await(() -> dataplane.counters().snapshot().get("worker/worker-0/cycles") > cycles + 1000);
            assertEquals(WINDOW, sender.sent());
        }
    }

    @Test
    void shouldGoOnAsPacketsArrive() {
        try (Dataplane dataplane = dataplane()) {
            dataplane.start(new Graph().from(dataplane.open(sender)).to(dataplane.open(receiver)));
            await(() -> sender.isFinished() && receiver.received() == sender.sent());
            assertTrue(receiver.verdict(sender).isClean(), receiver.verdict(sender).toString());
        }
    }
}
