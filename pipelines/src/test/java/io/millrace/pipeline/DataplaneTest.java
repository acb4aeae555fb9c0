/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.DataplaneException;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.linux.Cpus;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DataplaneTest {
    private static DataplaneBuilder small() {
        return Dataplane.builder().frames(256).jumboFrames(0);
    }

    @Test
    void shouldPatchTwoPorts() {
        try (Dataplane dataplane = small().build()) {
            final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
            final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));
            dataplane.start(new Graph().from(a).to(b).from(b).to(a));
            a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
            b.inject(Packets.ethernet(Packets.A, Packets.B, 2));
            assertEquals(1, Packets.number(b.await(1).get(0)));
            assertEquals(2, Packets.number(a.await(1).get(0)));
        }
    }

    @Test
    void shouldNumberPortsInTheOrderOfOpening() {
        try (Dataplane dataplane = small().build()) {
            assertEquals(0, dataplane.open(MemoryPort.driver("a")).id());
            assertEquals(1, dataplane.open(MemoryPort.driver("b")).id());
            assertEquals(List.of("a", "b"), dataplane.ports().stream().map(Port::name).toList());
        }
    }

    @Test
    void shouldRefuseTwoPortsOfOneNameAndCloseTheSecond() {
        try (Dataplane dataplane = small().build()) {
            final AtomicReference<MemoryPort> second = new AtomicReference<>();
            dataplane.open(MemoryPort.driver("a"));
            final ConfigurationException refusal = assertThrows(ConfigurationException.class,
                () -> dataplane.open(context -> {
                    second.set((MemoryPort) MemoryPort.driver("a").open(context));
                    return second.get();
                }));
            assertEquals("two ports are named a: give one another name", refusal.getMessage());
            assertTrue(second.get().isClosed());
            assertEquals(1, dataplane.ports().size());
        }
    }

    @Test
    void shouldRefuseADriverThatIgnoresItsId() {
        try (Dataplane dataplane = small().build()) {
            assertThrows(DataplaneException.class, () -> dataplane.open(context -> MemoryPort.driver("a").open(
                new PortContext(7, context.pool(), context.counters(), context.control(), context.listener()))));
        }
    }

    @Test
    void shouldTellListenersOfLinkChangesEvenIfOneFails() {
        try (Dataplane dataplane = small().build()) {
            final AtomicReference<PortContext> driver = new AtomicReference<>();
            final Port a = dataplane.open(context -> {
                driver.set(context);
                return MemoryPort.driver("a").open(context);
            });
            final AtomicReference<String> heard = new AtomicReference<>();
            dataplane.onLink((port, state, reason) -> {
                throw new IllegalStateException("a bad listener");
            });
            dataplane.onLink((port, state, reason) -> heard.set(port.name() + ' ' + state + ' ' + reason));
            driver.get().listener().onLink(a, LinkState.UP, "peer connected");
            assertEquals("a UP peer connected", heard.get());
        }
    }

    @Test
    void shouldRefuseToStartTwice() {
        try (Dataplane dataplane = small().build()) {
            final Port a = dataplane.open(MemoryPort.driver("a"));
            dataplane.start(new Graph().from(a).to(a));
            assertThrows(IllegalStateException.class, () -> dataplane.start(new Graph().from(a).to(a)));
        }
    }

    @Test
    void shouldStartAgainAfterANodeFailedToStart() {
        try (Dataplane dataplane = small().build()) {
            final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
            final CountDownLatch closed = new CountDownLatch(1);
            final Node first = new Node() {
                private final Output out = output("out");

                @Override
                protected void process(final Burst burst) {
                    out.emitAll(burst);
                }

                @Override
                protected void onClose() {
                    closed.countDown();
                }
            };
            final Node broken = new Node() {
                @Override
                protected void process(final Burst burst) {
                    burst.freeAll();
                }

                @Override
                protected void onStart(final Worker worker) {
                    throw new IllegalStateException("no licence");
                }
            };
            final DataplaneException failure = assertThrows(DataplaneException.class, () -> dataplane.start(
                new Graph().from(a).to(first).from(first.outputs().iterator().next()).to(broken)));
            assertEquals("worker-0 did not start: no licence", failure.getMessage());
            assertEquals(0, closed.getCount(), "the node that had started was not closed");
            assertTrue(dataplane.workers().isEmpty());
            assertEquals(0, a.line(0).polls.get(), "packets were received before every node had started");
            dataplane.start(new Graph().from(a).to(a));
            a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
            a.await(1);
        }
    }

    @Test
    void shouldRunIndependentPartsOnDifferentWorkers() {
        try (Dataplane dataplane = small().cpus(Cpus.available()).build()) {
            final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
            final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));
            dataplane.start(new Graph().from(a).to(a).from(b).to(b));
            assertEquals(Math.min(2, Cpus.available().length), dataplane.workers().size());
            a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
            b.inject(Packets.ethernet(Packets.B, Packets.A, 2));
            a.await(1);
            b.await(1);
        }
    }

    @Test
    void shouldUseOneWorkerForOnePart() {
        try (Dataplane dataplane = small().build()) {
            final Port a = dataplane.open(MemoryPort.driver("a"));
            dataplane.start(new Graph().from(a).to(a));
            assertEquals(List.of("worker-0"), dataplane.workers().stream().map(Worker::name).toList());
            assertEquals(Worker.UNPINNED, dataplane.workers().get(0).cpu());
        }
    }

    @Test
    void shouldRefuseACpuThatIsNotThere() {
        final ConfigurationException refusal =
            assertThrows(ConfigurationException.class, () -> small().cpus(9999).build());
        assertTrue(refusal.getMessage().startsWith("CPU 9999 is not available to this process: choose from ["),
            refusal.getMessage());
    }

    @Test
    void shouldRefuseACpuThatIsListedTwice() {
        final int cpu = Cpus.available()[0];
        assertThrows(ConfigurationException.class, () -> small().cpus(cpu, cpu).build());
    }

    @Test
    void shouldRefuseABurstOfNothing() {
        assertThrows(ConfigurationException.class, () -> small().burst(0).build());
        assertThrows(ConfigurationException.class, () -> small().burst(1025).build());
    }

    @Test
    void shouldReleaseEveryQueueOnTheThreadThatPolledIt() {
        final Dataplane dataplane = small().build();
        final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a", 2));
        dataplane.start(new Graph().from(a, 0).to(a, 0));
        Until.isTrue(() -> a.line(1).polls.get() > 0 && a.line(1).transmits.get() > 0,
            () -> "the queues that no wire touches are not served");
        dataplane.close();
        for (int q = 0; q < 2; q++) {
            assertEquals("worker-0", a.line(q).rxReleasedBy.getName());
            assertSame(a.line(q).rxReleasedBy, a.line(q).txReleasedBy);
        }
        assertTrue(a.isClosed());
    }

    @Test
    void shouldCloseTwiceAndRefuseWorkAfterwards() {
        final Dataplane dataplane = small().build();
        dataplane.close();
        dataplane.close();
        assertThrows(IllegalStateException.class, () -> dataplane.open(MemoryPort.driver("a")));
        assertThrows(IllegalStateException.class, () -> dataplane.start(new Graph()));
    }

    @Test
    void shouldNameTheHolderOfMissingFramesAndCloseTheRest() {
        final Dataplane dataplane = small().build();
        final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
        final Node hoarder = new Node() {
            private Burst hoard;

            @Override
            protected void onStart(final Worker worker) {
                hoard = new Burst(worker.frames(), 32);
            }

            @Override
            protected void process(final Burst burst) {
                burst.moveAll(hoard);
            }
        };
        dataplane.start(new Graph().from(a).to(hoarder));
        a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
        Until.isTrue(() -> a.line(0).in.isEmpty() && a.line(0).polls.get() > 10, () -> "not polled");
        final IllegalStateException missing = assertThrows(IllegalStateException.class, dataplane::close);
        assertEquals("1 of 256 frames are missing: 1 taken by worker-0", missing.getMessage());
        assertTrue(a.isClosed());
    }

    @Test
    void shouldStopWaitingWhenItCloses() throws InterruptedException {
        final Dataplane dataplane = small().build();
        assertFalse(dataplane.await(Duration.ofMillis(1)));
        final CountDownLatch returned = new CountDownLatch(1);
        final Thread waiting = new Thread(() -> {
            dataplane.await();
            returned.countDown();
        });
        waiting.start();
        dataplane.close();
        assertTrue(returned.await(10, TimeUnit.SECONDS));
        assertTrue(dataplane.await(Duration.ofMillis(1)));
        waiting.join();
    }

    @Test
    void shouldCountPassesAndPackets() {
        try (Dataplane dataplane = small().build()) {
            final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
            dataplane.start(new Graph().from(a).to(a));
            a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
            a.await(1);
            Until.isTrue(() -> dataplane.counters().snapshot().get("worker/worker-0/packets") == 1, () -> "no packet");
            assertEquals(1, dataplane.counters().snapshot().get("worker/worker-0/busy-cycles"));
            assertTrue(dataplane.counters().snapshot().get("worker/worker-0/cycles") >= 1);
        }
    }
}
