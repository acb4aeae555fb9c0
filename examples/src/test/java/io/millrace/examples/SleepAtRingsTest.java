/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.Idle;
import io.millrace.pipeline.MacSwap;
import io.millrace.pipeline.traffic.Traffic;
import io.millrace.virtqueue.VhostUser;
import io.millrace.virtqueue.VirtioUser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * An echo that sleeps while nothing arrives, and a peer that sends one packet at a time, slowly. Whoever sleeps is
 * woken by the other side's signal: the bound of its sleep is far longer than a round trip.
 */
class SleepAtRingsTest {
    private static final Duration BOUND = Duration.ofMillis(100);
    private static final int PACKETS = 50;
    private static final long TIMEOUT_NS = 60_000_000_000L;

    @TempDir
    Path folder;
    private Dataplane sleeper;
    private Dataplane sender;

    @AfterEach
    void close() {
        sender.close();
        sleeper.close();
    }

    private static void until(final BooleanSupplier condition) {
        Running.until(TIMEOUT_NS, condition);
    }

    private static Dataplane dataplane(final String name, final Idle idle) {
        return Dataplane.builder().name(name).frames(2048).jumboFrames(16).idle(idle).maxWait(BOUND).build();
    }

    private long counter(final String name) {
        return sleeper.counters().scope("worker", "worker-0").counter(name).get();
    }

    private void echo(final Port port) {
        final MacSwap swap = new MacSwap();
        sleeper.start(new Graph().from(port).to(swap).from(swap.out()).to(port));
    }

    private void exchange(final Port card, final Port echoed) {
        // 20 ms apart: the echo falls asleep in between.
        final Traffic traffic = Traffic.named("traffic").rate(50).count(PACKETS).paused();
        final Port end = sender.open(traffic.window(1, traffic));
        sender.start(new Graph().from(end).to(card).from(card).to(end));
        until(() -> card.link() == LinkState.UP && echoed.link() == LinkState.UP && card.tx(0).isReady());
        // A worker that sleeps finds its new rings when it wakes: until then they hold no buffers.
        final long waits = counter("waits");
        until(() -> counter("waits") >= waits + 2);
        final long startNs = System.nanoTime();
        final long wokenBefore = counter("woken");
        traffic.start();
        until(() -> traffic.received() == PACKETS);
        final long tookNs = System.nanoTime() - startNs;
        // Each would take the whole bound if nobody woke the sleeper. On a busy machine it may sleep only rarely.
        assertTrue(tookNs < PACKETS * BOUND.toNanos() * 3 / 5, PACKETS + " round trips took " + tookNs + " ns");
        assertTrue(counter("woken") > wokenBefore, "never woken by " + PACKETS + " packets");
        assertEquals(PACKETS, traffic.sent());
    }

    @Test
    void shouldWakeTheDeviceSide() {
        sleeper = dataplane("device", Idle.ADAPTIVE);
        sender = dataplane("driver", Idle.BACKOFF);
        final String socket = folder.resolve("s.sock").toString();
        final Port device = sleeper.open(VhostUser.listen(socket).name("vm"));
        echo(device);
        exchange(sender.open(VirtioUser.connect(socket).name("card")), device);
    }

    @Test
    void shouldWakeTheDriverSide() {
        sleeper = dataplane("driver", Idle.ADAPTIVE);
        sender = dataplane("device", Idle.BACKOFF);
        final String socket = folder.resolve("s.sock").toString();
        final Port device = sender.open(VhostUser.listen(socket).name("vm"));
        final Port driver = sleeper.open(VirtioUser.connect(socket).name("card"));
        echo(driver);
        exchange(device, driver);
    }
}
