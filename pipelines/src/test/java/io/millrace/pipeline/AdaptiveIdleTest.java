/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.sun.management.ThreadMXBean;
import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.linux.EventFd;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.time.Duration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A worker that sleeps while nothing arrives, and is woken by its queues. */
class AdaptiveIdleTest {
    private static final Duration LONG = Duration.ofMillis(100);
    private static final int TRIPS = 40;

    private final EventFd bell = EventFd.create();
    private Dataplane dataplane;
    private MemoryPort port;

    @AfterEach
    void close() {
        if (dataplane != null) {
            dataplane.close();
        }
        bell.close();
    }

    private void open(final Duration maxWait) {
        dataplane = Dataplane.builder().frames(64).jumboFrames(0).idle(Idle.ADAPTIVE).maxWait(maxWait).build();
        port = (MemoryPort) dataplane.open(MemoryPort.driver("port"));
    }

    private void start() {
        dataplane.start(new Graph().from(port).to(port));
    }

    private long counter(final String name) {
        return dataplane.counters().scope("worker", "worker-0").counter(name).get();
    }

    private void awaitWaits(final int more) {
        final long target = counter("waits") + more;
        Until.isTrue(() -> counter("waits") >= target, () -> counter("waits") + " waits instead of " + target);
    }

    private void awaitArmed() {
        Until.isTrue(() -> port.line(0).arms.get() > port.line(0).disarms.get(), () -> "not armed");
    }

    private static long thread(final String name) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().equals(name))
            .findFirst().orElseThrow().getId();
    }

    @ParameterizedTest
    @EnumSource(Idle.class)
    void shouldHaveQueuesDoWhatTheyPutOffBeforeItSleeps(final Idle idle) {
        dataplane = Dataplane.builder().frames(64).jumboFrames(0).idle(idle).build();
        port = (MemoryPort) dataplane.open(MemoryPort.driver("port"));
        start();
        if (idle == Idle.SPIN) {
            Until.isTrue(() -> port.line(0).polls.get() > 100_000, () -> "not polled");
            assertEquals(0, port.line(0).flushes.get());
        } else {
            Until.isTrue(() -> port.line(0).flushes.get() > 2, () -> "not flushed");
        }
    }

    @Test
    void shouldBeWokenLongBeforeTheTimeIsOver() {
        open(LONG);
        port.line(0).bell = bell;
        start();
        final long startNs = System.nanoTime();
        for (int i = 0; i < TRIPS; i++) {
            awaitArmed();
            port.inject(Packets.ethernet(Packets.A, Packets.B, i));
            bell.signal();
            assertEquals(i, Packets.number(port.await(1).get(0)));
        }
        final long tookNs = System.nanoTime() - startNs;
        assertTrue(tookNs < TRIPS * LONG.toNanos() / 2, TRIPS + " packets took " + tookNs + " ns");
        assertTrue(counter("woken") >= TRIPS / 2, counter("woken") + " times woken");
    }

    @Test
    void shouldLookAtItsQueuesWhenALinkChanges() {
        open(LONG);
        port.line(0).bell = bell;
        final PortContext[] contexts = new PortContext[1];
        final Port other = dataplane.open(context -> {
            contexts[0] = context;
            return MemoryPort.driver("other", 1).open(context);
        });
        dataplane.start(new Graph().from(port).to(port).from(other).to(other));
        awaitArmed();
        contexts[0].control().execute(() -> contexts[0].listener().onLink(other, LinkState.UP, "on purpose"));
        Until.isTrue(() -> counter("woken") > 0, () -> counter("waits") + " waits");
    }

    @Test
    void shouldLookAtTheBoundWhereTheWakeUpIsMissing() {
        open(Duration.ofMillis(5));
        port.line(0).bell = bell;
        start();
        awaitWaits(2);
        final long atStart = counter("woken");
        for (int i = 0; i < 10; i++) {
            awaitWaits(1);
            port.inject(Packets.ethernet(Packets.A, Packets.B, i));
            assertEquals(i, Packets.number(port.await(1).get(0)));
        }
        assertEquals(atStart, counter("woken"));
    }

    @Test
    void shouldLookAtTheBoundWhereAQueueCannotWakeIt() {
        open(Duration.ofMillis(5));
        start();
        awaitWaits(3);
        final long atStart = counter("woken");
        port.inject(Packets.ethernet(Packets.A, Packets.B, 1));
        port.await(1);
        assertEquals(atStart, counter("woken"));
    }

    @Test
    void shouldNotSleepOverAPacketThatCameBeforeItWasArmed() {
        open(LONG);
        final Recorder recorder = new Recorder();
        final long[] atArm = {-1};
        port.line(0).onArm = () -> {
            atArm[0] = counter("waits");
            port.inject(Packets.ethernet(Packets.A, Packets.B, 1));
            port.line(0).onArm = () -> {
            };
        };
        dataplane.start(new Graph().from(port).to(recorder).from(recorder.out).to(port));
        port.await(1);
        assertEquals(atArm[0], recorder.waits);
    }

    @Test
    void shouldSurviveAQueueThatFailsWhenArmed() {
        open(Duration.ofMillis(1));
        port.line(0).onArm = () -> {
            throw new IllegalStateException("on purpose");
        };
        start();
        awaitWaits(3);
        port.inject(Packets.ethernet(Packets.A, Packets.B, 1));
        port.await(1);
    }

    @Test
    void shouldDisarmBeforeTheQueueIsReleased() {
        open(LONG);
        port.line(0).bell = bell;
        start();
        awaitArmed();
        dataplane.close();
        assertEquals(port.line(0).arms.get(), port.line(0).disarms.get());
    }

    @Test
    void shouldUseNextToNoProcessorTime() {
        open(Duration.ofMillis(1));
        port.line(0).bell = bell;
        start();
        awaitWaits(5);
        final long worker = thread("worker-0");
        final java.lang.management.ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        final long beforeNs = threads.getThreadCpuTime(worker);
        awaitWaits(50);
        final long usedNs = threads.getThreadCpuTime(worker) - beforeNs;
        // 5 % of the time it slept for; without sleep it would be all of it.
        assertTrue(usedNs < 50 * 500_000, usedNs + " ns for 50 waits of 10 ms, for every queue can wake it");
    }

    @Test
    void shouldAllocateNothing() {
        open(Duration.ofNanos(20_000));
        start();
        awaitWaits(2000);
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long worker = thread("worker-0");
        final long before = threads.getThreadAllocatedBytes(worker);
        awaitWaits(2000);
        final long bytes = threads.getThreadAllocatedBytes(worker) - before;
        // Less than any object in each wait: what the compiler interrupts may still allocate once.
        assertTrue(bytes < 2000 * 8, bytes + " bytes in 2000 waits");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 999, 100_000_001, Long.MAX_VALUE})
    void shouldRefuseABoundThatMakesNoSense(final long ns) {
        final DataplaneBuilder builder = Dataplane.builder().maxWait(Duration.ofNanos(ns));
        assertTrue(assertThrows(ConfigurationException.class, builder::build).getMessage()
            .endsWith(" seconds: take 1 microsecond to 100 milliseconds"));
    }

    /** Notes how often the worker had slept when the first packet came. */
    private final class Recorder extends Node {
        private final Output out = output("out");
        private volatile long waits = -1;

        @Override
        protected void process(final Burst burst) {
            if (waits < 0) {
                waits = AdaptiveIdleTest.this.counter("waits");
            }
            out.emitAll(burst);
        }
    }
}
