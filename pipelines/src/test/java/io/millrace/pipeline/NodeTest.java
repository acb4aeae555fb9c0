/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a node can rely on, and what its outputs do. */
class NodeTest {
    private final Dataplane dataplane = Dataplane.builder().frames(64).jumboFrames(0).build();
    private final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
    private final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));

    @AfterEach
    void close() {
        dataplane.close();
    }

    private void inject(final int packets) {
        for (int i = 0; i < packets; i++) {
            a.inject(Packets.ethernet(Packets.B, Packets.A, i));
        }
    }

    private void awaitCounter(final String name, final long value) {
        Until.isTrue(() -> dataplane.counters().snapshot().getOrDefault(name, 0L) == value,
            () -> name + " is not " + value + ": " + dataplane.counters().snapshot());
    }

    @Test
    void shouldBeNamedAfterItsClass() {
        assertEquals("learning-switch", new LearningSwitch(1).name());
        assertEquals("node", new Node() {
            @Override
            protected void process(final Burst burst) {
                burst.freeAll();
            }
        }.name());
    }

    @Test
    void shouldRefuseNamesThatCountersCannotCarry() {
        assertThrows(IllegalArgumentException.class, () -> new MacSwap().named("a/b"));
        assertThrows(IllegalArgumentException.class, () -> new MacSwap().named(""));
    }

    @Test
    void shouldRefuseTwoOutputsOfOneName() {
        final TestNodes.Pass node = new TestNodes.Pass();
        assertEquals("node pass has an output out already",
            assertThrows(IllegalArgumentException.class, () -> node.output("out")).getMessage());
    }

    @Test
    void shouldTakeOutputsButNoNameWhileItRuns() {
        final TestNodes.Pass node = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(node).from(node.out).to(b));
        assertFalse(node.output("late").isConnected());
        assertThrows(IllegalStateException.class, () -> node.named("late"));
        assertTrue(node.out.isConnected());
    }

    @Test
    void shouldHaveNoCountersBeforeItStarts() {
        assertThrows(IllegalStateException.class, () -> new TestNodes.Pass().counter("early"));
    }

    @Test
    void shouldBeFreeForAnotherDataplaneAfterTheClose() {
        final TestNodes.Pass node = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(node).from(node.out).to(b));
        dataplane.close();
        assertFalse(node.out.isConnected());
        try (Dataplane next = Dataplane.builder().frames(64).jumboFrames(0).build()) {
            final MemoryPort port = (MemoryPort) next.open(MemoryPort.driver("p"));
            next.start(new Graph().from(port).to(node).from(node.out).to(port));
            port.inject(Packets.ethernet(Packets.B, Packets.A, 1));
            port.await(1);
        }
    }

    @Test
    void shouldDropByNameWhatLeavesByAnUnconnectedOutput() {
        inject(10);
        final TestNodes.Split node = new TestNodes.Split();
        dataplane.start(new Graph().from(a).to(node).from(node.left).to(b).from(b).to(a));
        assertEquals(5, b.await(5).size());
        awaitCounter("node/split/out/right/drop/unconnected", 5);
    }

    @Test
    void shouldDropByNameWhatIsEmittedAtOnceToNowhere() {
        inject(10);
        final TestNodes.Pass node = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(node).from(b).to(a));
        awaitCounter("node/pass/out/out/drop/unconnected", 10);
    }

    @Test
    void shouldSendCopiesAndOriginals() {
        inject(20);
        final TestNodes.Copy node = new TestNodes.Copy();
        dataplane.start(new Graph().from(a).to(node).from(node.original).to(a).from(node.copy).to(b));
        final List<byte[]> originals = a.await(20);
        final List<byte[]> copies = b.await(20);
        for (int i = 0; i < 20; i++) {
            assertEquals(i, Packets.number(originals.get(i)));
            assertEquals(i, Packets.number(copies.get(i)));
        }
    }

    @Test
    void shouldCountCopiesForWhichThereIsNoFrame() {
        // All of the 64 frames are in one burst of packets then.
        try (Dataplane tight = Dataplane.builder().frames(64).jumboFrames(0).burst(64).build()) {
            final MemoryPort port = (MemoryPort) tight.open(MemoryPort.driver("p", 2));
            for (int i = 0; i < 64; i++) {
                port.inject(Packets.ethernet(Packets.B, Packets.A, i));
            }
            final TestNodes.Copy node = new TestNodes.Copy();
            tight.start(new Graph().from(port, 0).to(node).from(node.original).to(port, 0).from(node.copy).to(port, 1));
            assertEquals(64, port.await(64).size());
            assertEquals(64, tight.counters().snapshot().get("node/copy/out/copy/drop/no-frame"));
        }
    }

    @Test
    void shouldNotSendCopiesToNowhere() {
        inject(3);
        final TestNodes.Copy node = new TestNodes.Copy();
        dataplane.start(new Graph().from(a).to(node).from(node.original).to(a).from(b).to(b));
        a.await(3);
        awaitCounter("node/copy/out/copy/drop/unconnected", 3);
    }

    @Test
    void shouldJoinTwoOutputsInOneNodeWithoutOverflow() {
        inject(64);
        final TestNodes.Copy node = new TestNodes.Copy();
        final TestNodes.Pass join = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(node).from(node.original).to(join).from(node.copy).to(join)
            .from(join.out).to(b));
        assertEquals(128, b.await(128).size());
    }

    @Test
    void shouldTakeALotFromEachOfManyPortsInOnePass() {
        for (int i = 0; i < 20; i++) {
            a.inject(Packets.ethernet(Packets.B, Packets.A, i));
            b.inject(Packets.ethernet(Packets.B, Packets.A, i));
        }
        final TestNodes.Pass join = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(join).from(b).to(join).from(join.out).to(b));
        assertEquals(40, b.await(40).size());
    }

    @Test
    void shouldTickWithoutTraffic() throws InterruptedException {
        final CountDownLatch ticks = new CountDownLatch(3);
        final Node node = new Node() {
            @Override
            protected void process(final Burst burst) {
                burst.freeAll();
            }

            @Override
            protected void onTick(final long nowNs) {
                ticks.countDown();
            }
        };
        dataplane.start(new Graph().from(a).to(node).from(b).to(b));
        assertTrue(ticks.await(10, TimeUnit.SECONDS));
    }

    @Test
    void shouldSwapAddresses() {
        final MacSwap swap = new MacSwap();
        inject(3);
        dataplane.start(new Graph().from(a).to(swap).from(swap.out()).to(a).from(b).to(b));
        for (final byte[] packet : a.await(3)) {
            assertEquals(Packets.A, Packets.destination(packet));
            assertEquals(Packets.B, Packets.source(packet));
        }
    }

    @Test
    void shouldDropRuntsBetweenPacketsThatItSwaps() {
        final MacSwap swap = new MacSwap();
        inject(2);
        a.inject(new byte[13]);
        inject(2);
        dataplane.start(new Graph().from(a).to(swap).from(swap.out()).to(a).from(b).to(b));
        final List<byte[]> packets = a.await(4);
        assertEquals(List.of(0, 1, 0, 1), packets.stream().map(Packets::number).toList());
        packets.forEach(packet -> assertEquals(Packets.A, Packets.destination(packet)));
        awaitCounter("node/mac-swap/drop/runt", 1);
    }
}
