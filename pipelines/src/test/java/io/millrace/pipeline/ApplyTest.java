/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.DataplaneException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A running data plane is given another graph. Closing throws if a frame is missing. */
class ApplyTest {
    private final Dataplane dataplane = Dataplane.builder().frames(1024).jumboFrames(0)
        .maxWait(Duration.ofMillis(100)).build();
    private final MemoryPort a = memory("a");
    private final MemoryPort b = memory("b");

    @AfterEach
    void close() {
        dataplane.close();
    }

    private MemoryPort memory(final String name) {
        return (MemoryPort) dataplane.open(MemoryPort.driver(name));
    }

    private static void send(final MemoryPort from, final String destination, final String source, final int number) {
        from.inject(Packets.ethernet(destination, source, number));
    }

    private long counter(final String name) {
        return dataplane.counters().snapshot().getOrDefault(name, -1L);
    }

    /** A node that notes on which worker it was started and closed. */
    private static final class Resident extends Node {
        final Output out = output("out");
        final List<String> life = new ArrayList<>();
        private String worker;

        @Override
        protected void onStart(final Worker on) {
            worker = on.name();
            life.add("start " + worker);
        }

        @Override
        protected void onClose() {
            assertEquals(worker, Thread.currentThread().getName());
            life.add("close " + worker);
        }

        @Override
        protected void process(final Burst burst) {
            assertEquals(worker, Thread.currentThread().getName());
            out.emitAll(burst);
        }
    }

    @Test
    void shouldPutANodeInBetween() {
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        send(a, Packets.B, Packets.A, 1);
        b.await(1);
        final TestNodes.Drop drop = new TestNodes.Drop();
        final Plan plan = dataplane.apply(new Graph().from(a).to(drop).from(b).to(a));
        assertEquals(List.of("drop"), plan.nodes().added());
        assertEquals(List.of("a-b"), plan.wires().removed());
        assertEquals(List.of("a-drop"), plan.wires().added());
        send(a, Packets.B, Packets.A, 2);
        Until.isTrue(() -> counter("node/drop/drop/unwanted") == 1, () -> "not dropped");
        send(b, Packets.A, Packets.B, 3);
        a.await(1);
        dataplane.apply(new Graph().from(a).to(b).from(b).to(a));
        assertFalse(drop.isBound(), "it may run elsewhere");
        send(a, Packets.B, Packets.A, 4);
        assertEquals(4, Packets.number(b.await(1).get(0)));
        assertEquals(2, counter("dataplane/swaps"));
        assertTrue(counter("dataplane/paused-ns") > 0);
    }

    @Test
    void shouldKeepTheStateOfANodeThatStays() {
        final LearningSwitch bridge = new LearningSwitch(3);
        final Graph graph = new Graph();
        for (final MemoryPort port : List.of(a, b)) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
        send(a, Packets.B, Packets.A, 1);
        b.await(1);
        final MemoryPort c = memory("c");
        final Plan plan = dataplane.apply(dataplane.graph().from(c).to(bridge).from(bridge.port(2)).to(c));
        assertEquals(List.of("c"), plan.ports().added());
        assertEquals(List.of("learning-switch"), plan.nodes().kept());
        send(c, Packets.A, "02:00:00:00:00:0c", 2);
        assertEquals(2, Packets.number(a.await(1).get(0)));
        assertEquals(0, b.taken().size(), "a was forgotten: the packet was flooded");
    }

    @Test
    void shouldCloseAPortThatNoWireTouchesAnyMore() {
        final MemoryPort c = memory("c");
        dataplane.start(new Graph().from(a).to(b).from(b).to(a).from(c).to(c));
        final Plan plan = dataplane.apply(new Graph().from(a).to(b).from(b).to(a));
        assertEquals(List.of("c"), plan.ports().removed());
        assertTrue(c.isClosed());
        assertEquals(List.of(a, b), dataplane.ports());
        final MemoryPort again = memory("c");
        assertEquals(2, again.id(), "the number is free again");
        dataplane.apply(dataplane.graph().from(again).to(again));
        send(again, Packets.B, Packets.A, 1);
        again.await(1);
    }

    @Test
    void shouldReleaseQueuesOnlyWhenTheyChangeHands() {
        final Worker edge = dataplane.worker("edge");
        final Worker core = dataplane.worker("core");
        dataplane.start(new Graph().from(a).to(b).from(b).to(a).place(edge, a, b));
        send(a, Packets.B, Packets.A, 1);
        b.await(1);
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.apply(new Graph().from(a).to(pass).from(pass.out).to(b).from(b).to(a).place(edge, a, b, pass));
        send(a, Packets.B, Packets.A, 2);
        b.await(1);
        assertEquals(null, a.line(0).rxReleasedBy);
        final Plan plan = dataplane.apply(
            new Graph().from(a).to(pass).from(pass.out).to(b).from(b).to(a).place(edge, a).place(core, b, pass));
        assertEquals(List.of("pass", "b"), plan.moved());
        assertEquals(List.of("core"), plan.workers().added());
        assertEquals(null, a.line(0).rxReleasedBy);
        assertEquals("edge", b.line(0).rxReleasedBy.getName());
        assertEquals("edge", b.line(0).txReleasedBy.getName());
        send(a, Packets.B, Packets.A, 3);
        assertEquals(3, Packets.number(b.await(1).get(0)));
    }

    @Test
    void shouldMoveANodeToAnotherWorkerAndEndTheOldOne() {
        final Resident node = new Resident();
        final Worker edge = dataplane.worker("edge");
        final Worker core = dataplane.worker("core");
        final Graph wires = new Graph().from(a).to(node).from(node.out).to(b).from(b).to(a);
        dataplane.start(wires.copy().place(edge, a, b, node));
        for (int i = 0; i < 5; i++) {
            dataplane.apply(wires.copy().place(core, a, b, node));
            assertEquals(List.of(core), dataplane.workers());
            send(a, Packets.B, Packets.A, i);
            assertEquals(i, Packets.number(b.await(1).get(0)));
            dataplane.apply(wires.copy().place(edge, a, b, node));
            assertEquals(List.of(edge), dataplane.workers());
            send(a, Packets.B, Packets.A, i);
            assertEquals(i, Packets.number(b.await(1).get(0)));
        }
        assertEquals(List.of("start edge", "close edge", "start core", "close core", "start edge"),
            node.life.subList(0, 5));
        assertEquals(21, node.life.size());
    }

    @Test
    void shouldChangeNothingWhenTheGraphIsWrong() {
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        final TestNodes.Pass other = new TestNodes.Pass();
        assertThrows(WiringException.class, () -> dataplane.apply(
            new Graph().from(a).to(pass).from(pass.out).to(other).from(other.out).to(pass).from(b).to(a)));
        assertThrows(WiringException.class, () -> dataplane.apply(new Graph()));
        assertNothingChanged();
        assertFalse(pass.isBound());
    }

    @Test
    void shouldChangeNothingWhenANodeDoesNotStart() {
        final Resident good = new Resident();
        final Node broken = new Node() {
            @Override
            protected void onStart(final Worker worker) {
                throw new IllegalStateException("no licence");
            }

            @Override
            protected void process(final Burst burst) {
                burst.freeAll();
            }
        };
        final TestNodes.Pass kept = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(kept).from(kept.out).to(b).from(b).to(a));
        final Graph graph = new Graph().from(a).to(kept).from(kept.out).to(good).from(good.out).to(broken)
            .from(b).to(a).place(dataplane.worker("core"), broken);
        assertEquals("core did not start: no licence",
            assertThrows(DataplaneException.class, () -> dataplane.apply(graph)).getMessage());
        assertNothingChanged();
        assertTrue(kept.isBound());
        assertFalse(good.isBound());
        Until.isTrue(() -> good.life.size() == 0 || good.life.size() == 2, () -> good.life.toString());
        assertEquals(List.of("worker-0"), dataplane.workers().stream().map(Worker::name).toList());
    }

    private void assertNothingChanged() {
        assertEquals(0, counter("dataplane/swaps"));
        send(a, Packets.B, Packets.A, 7);
        assertEquals(7, Packets.number(b.await(1).get(0)));
        send(b, Packets.B, Packets.A, 8);
        assertEquals(8, Packets.number(a.await(1).get(0)));
    }

    @Test
    void shouldNotChangeWithoutHavingStarted() {
        assertEquals("data plane millrace runs no graph yet: start one",
            assertThrows(IllegalStateException.class, () -> dataplane.apply(new Graph().from(a).to(b))).getMessage());
        assertTrue(dataplane.graph().wires().isEmpty());
    }

    @Test
    void shouldSayWhatItWouldDo() {
        final LearningSwitch bridge = new LearningSwitch(2);
        final Graph graph = new Graph();
        for (final MemoryPort port : List.of(a, b)) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
        assertTrue(dataplane.plan(dataplane.graph()).isEmpty());
        final TestNodes.Pass pass = new TestNodes.Pass();
        final Graph next = new Graph().from(a).to(pass).from(pass.out).to(bridge).from(b).to(bridge)
            .from(bridge.port(0)).to(a).from(bridge.port(1)).to(b).place(dataplane.worker("edge"), a);
        next.watch(next.wire("b-learning-switch"), worker -> burst -> {
        });
        assertEquals("""
            workers   + edge - worker-0
            ports     = a = b
            nodes     = learning-switch + pass
            wires     + a-pass + pass.out-learning-switch - a-learning-switch
            watched   + b-learning-switch
            moved     learning-switch a b""", dataplane.plan(next).toString());
        assertEquals(-1, counter("node/pass/packets"));
        assertFalse(pass.isBound());
    }

    @Test
    void shouldTellANewNodeFromAnOldOneOfThatName() {
        final TestNodes.Pass old = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(old).from(old.out).to(b).from(b).to(a));
        final TestNodes.Pass young = new TestNodes.Pass();
        final Plan plan = dataplane.apply(new Graph().from(a).to(young).from(young.out).to(b).from(b).to(a));
        assertEquals(List.of("pass"), plan.nodes().added());
        assertEquals(List.of("pass"), plan.nodes().removed());
        assertEquals(List.of(), plan.nodes().kept());
    }

    @Test
    void shouldGoThroughWithAChangeThoughItsThreadIsInterrupted() {
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        final TestNodes.Pass pass = new TestNodes.Pass();
        Thread.currentThread().interrupt();
        dataplane.apply(new Graph().from(a).to(pass).from(pass.out).to(b).from(b).to(a));
        assertTrue(Thread.interrupted());
        send(a, Packets.B, Packets.A, 1);
        b.await(1);
        assertEquals(1, counter("node/pass/packets"));
    }

    @Test
    void shouldKeepItsOwnCopyOfTheGraph() {
        final Graph graph = new Graph().from(a).to(b).from(b).to(a);
        dataplane.start(graph);
        graph.from(new TestNodes.Pass().out).to(a);
        assertEquals(2, dataplane.graph().wires().size());
        dataplane.graph().from(new TestNodes.Pass().out).to(a);
        assertEquals(2, dataplane.graph().wires().size());
    }

    @Test
    void shouldLetAProbeSeeEveryPacketOfAWireAndOnlyThose() {
        final AtomicInteger seen = new AtomicInteger();
        final AtomicInteger closed = new AtomicInteger();
        final AtomicInteger made = new AtomicInteger();
        final TestNodes.Split split = new TestNodes.Split();
        dataplane.start(new Graph().from(a).to(split).from(split.left).to(b).from(split.right).to(a).from(b).to(a));
        final Graph watched = dataplane.graph();
        watched.watch(watched.wire("split.left-b"), worker -> {
            made.incrementAndGet();
            return new Probe() {
                @Override
                public void observe(final Burst burst) {
                    assertEquals("worker-0", Thread.currentThread().getName());
                    seen.addAndGet(burst.size());
                }

                @Override
                public void close() {
                    closed.incrementAndGet();
                }
            };
        });
        dataplane.apply(watched);
        for (int i = 0; i < 10; i++) {
            send(a, Packets.B, Packets.A, i);
        }
        Until.isTrue(() -> counter("node/split/packets") == 10, () -> "not all came");
        Until.isTrue(() -> counter("node/split/out/left/packets") + counter("node/split/out/right/packets") == 10,
            () -> "not all left");
        final long left = counter("node/split/out/left/packets");
        assertEquals(left, seen.get());
        // Another change keeps the probe that is there.
        final Graph more = dataplane.graph();
        dataplane.apply(more.watch(more.wire("b-a"), worker -> burst -> {
        }));
        assertEquals(0, closed.get());
        assertEquals(1, made.get());
        final Graph bare = new Graph().from(a).to(split).from(split.left).to(b).from(split.right).to(a).from(b).to(a);
        dataplane.apply(bare);
        assertEquals(1, closed.get());
        send(a, Packets.B, Packets.A, 1);
        b.await(1);
        assertEquals(left, seen.get());
    }

    @Test
    void shouldWatchOnWhenAnotherGraphIsApplied() {
        final AtomicInteger seen = new AtomicInteger();
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        final Watching watching = dataplane.watch(Map.of("b-a",
            worker -> burst -> seen.addAndGet(burst.size())));
        final Graph before = dataplane.graph();
        send(b, Packets.A, Packets.B, 1);
        a.await(1);
        assertEquals(1, seen.get());
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.apply(new Graph().from(a).to(pass).from(pass.out).to(b).from(b).to(a));
        send(b, Packets.A, Packets.B, 2);
        a.await(1);
        assertEquals(2, seen.get());
        watching.close();
        watching.close();
        // A copy from the time of the watch does not bring it back.
        dataplane.apply(before);
        send(b, Packets.A, Packets.B, 3);
        a.await(1);
        assertEquals(2, seen.get());
        assertThrows(WiringException.class, () -> dataplane.watch(Map.of("x", worker -> burst -> {
        })));
    }

    @Test
    void shouldNotWaitForAPortThatIsOpenAndNotWiredYet() {
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        final MemoryPort c = memory("c");
        dataplane.watch(Map.of("b-a", worker -> burst -> {
        })).close();
        dataplane.apply(dataplane.graph());
        assertEquals(0, c.line(0).polls.get());
        assertFalse(c.isClosed());
        dataplane.apply(dataplane.graph().from(c).to(c));
        send(c, Packets.A, Packets.B, 1);
        c.await(1);
    }

    @Test
    void shouldNotBeChangedByItsOwnWorkers() {
        final List<Throwable> refused = new ArrayList<>();
        final TestNodes.Custom[] self = new TestNodes.Custom[1];
        self[0] = new TestNodes.Custom((burst, i) -> {
            try {
                dataplane.apply(dataplane.graph());
            } catch (final IllegalStateException e) {
                refused.add(e);
            }
            self[0].out.emit(burst, i);
        });
        dataplane.start(new Graph().from(a).to(self[0]).from(self[0].out).to(b).from(b).to(a));
        send(a, Packets.B, Packets.A, 1);
        b.await(1);
        assertEquals("data plane millrace cannot be changed by its own thread worker-0: let another one do it",
            refused.get(0).getMessage());
    }

    @Test
    void shouldForgetStationsOfAPortThatIsGone() {
        final LearningSwitch bridge = new LearningSwitch(4);
        final MemoryPort c = memory("c");
        final Graph two = new Graph().from(a).to(bridge).from(b).to(bridge).from(bridge.port(0)).to(a)
            .from(bridge.port(1)).to(b);
        dataplane.start(two.copy().from(c).to(bridge).from(bridge.port(2)).to(c));
        send(c, Packets.B, "02:00:00:00:00:0c", 1);
        Until.isTrue(() -> counter("node/learning-switch/fdb-size") == 1, () -> "not learned");
        dataplane.apply(two);
        Until.isTrue(() -> counter("node/learning-switch/fdb-size") == 0, () -> "not forgotten");
    }

    @Test
    void shouldNameTheWiresThatCanBeWatched() {
        dataplane.start(new Graph().from(a).to(b, 0).from(b, 0).to(a));
        assertEquals("there is no wire x: there are a-b.tx0, b.rx0-a",
            assertThrows(WiringException.class, () -> dataplane.graph().wire("x")).getMessage());
        final Wire foreign = dataplane.graph().wire("a-b.tx0");
        assertThrows(WiringException.class, () -> dataplane.graph().watch(foreign, worker -> burst -> {
        }));
    }

    @Test
    void shouldDrawWhatRuns() {
        final LearningSwitch bridge = new LearningSwitch(2);
        final Graph graph = new Graph();
        for (final MemoryPort port : List.of(a, b)) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        assertEquals(0, dataplane.view().wires().size());
        dataplane.start(graph);
        send(a, Packets.B, Packets.A, 1);
        b.await(1);
        Until.isTrue(() -> dataplane.view().wires().get(1).packets() == 0
            && dataplane.view().wires().get(3).packets() == 1, () -> dataplane.view().toString());
        final GraphView view = dataplane.view();
        assertEquals(1, view.version());
        assertEquals(new GraphView.End("learning-switch", false, "port1", -1, "worker-0"), view.wires().get(3).from());
        assertEquals(new GraphView.End("b", true, "", -1, "worker-0"), view.wires().get(3).to());
        assertEquals("LearningSwitch", view.nodes().get(0).type());
        assertEquals(1, view.nodes().get(0).packets());
        assertEquals("up", view.ports().get(0).link());
        assertNotEquals(0, view.workers().get(0).passes());
        assertTrue(view.workers().get(0).runningNs() > 0);
    }
}
