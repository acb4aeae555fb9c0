/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.sun.management.ThreadMXBean;
import io.millrace.Burst;
import io.millrace.DataplaneException;
import io.millrace.Port;
import io.millrace.pipeline.traffic.Traffic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Connected graphs on several workers. Closing throws if a frame is missing. */
class TwoWorkersTest {
    private static final String A = "02:00:00:00:00:0a";
    private static final String B = "02:00:00:00:00:0b";

    private Dataplane dataplane;

    @AfterEach
    void close() {
        if (dataplane != null) {
            dataplane.close();
        }
    }

    private void open(final Idle idle) {
        dataplane = Dataplane.builder().frames(4096).jumboFrames(0).idle(idle).maxWait(Duration.ofMillis(100)).build();
    }

    private MemoryPort memory(final String name, final int queues) {
        return (MemoryPort) dataplane.open(MemoryPort.driver(name, queues));
    }

    private long counter(final String name) {
        return dataplane.counters().snapshot().getOrDefault(name, -1L);
    }

    private static long allocated(final String... threads) {
        final ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream().filter(t -> List.of(threads).contains(t.getName()))
            .mapToLong(t -> bean.getThreadAllocatedBytes(t.getId())).sum();
    }

    /** Two stations that send to each other through a switch on a worker of its own, and know how far the other is. */
    private Traffic[] startSwitch(final int window) {
        final Traffic a = Traffic.named("a").flows(8).source(A).destination(B);
        final Traffic b = Traffic.named("b").flows(8).sizes("imix").source(B).destination(A);
        if (window > 0) {
            a.window(window, b);
            b.window(window, a);
        }
        final LearningSwitch bridge = new LearningSwitch(2);
        final Port[] ports = {dataplane.open(a), dataplane.open(b)};
        final Graph graph = new Graph();
        for (final Port port : ports) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph.place(dataplane.worker("edge"), ports[0], ports[1])
            .place(dataplane.worker("core"), bridge));
        return new Traffic[] {a, b};
    }

    @Test
    void shouldRunEachPartWhereItWasPlaced() {
        open(Idle.BACKOFF);
        final MemoryPort in = memory("in", 1);
        final MemoryPort out = memory("out", 1);
        final Through first = new Through(0);
        final Through second = new Through(0);
        dataplane.start(new Graph().from(in).to(first).from(first.out).to(second).from(second.out).to(out)
            .place(dataplane.worker("edge"), in).place(dataplane.worker("core"), second)
            .place(dataplane.worker("exit"), out));
        for (int i = 0; i < 100; i++) {
            in.inject(Packets.ethernet(Packets.A, Packets.B, i));
        }
        final List<byte[]> packets = out.await(100);
        for (int i = 0; i < 100; i++) {
            assertEquals(i, Packets.number(packets.get(i)));
        }
        assertEquals("edge", first.thread.getName());
        assertEquals("core", second.thread.getName());
        assertEquals(100, counter("handoff/through.out-through-2/packets"));
        assertEquals(100, counter("handoff/through-2.out-out/packets"));
        assertEquals(List.of("edge", "core", "exit"), dataplane.workers().stream().map(Worker::name).toList());
        dataplane.close();
        assertEquals("edge", in.line(0).rxReleasedBy.getName());
        assertEquals("exit", out.line(0).txReleasedBy.getName());
    }

    @Test
    void shouldTakePacketsThroughASwitchOnAnotherWorkerInOrder() {
        open(Idle.BACKOFF);
        final Traffic[] stations = startSwitch(64);
        Until.isTrue(() -> stations[0].received() > 300_000 && stations[1].received() > 300_000, () -> "too slow");
        stations[0].stop();
        stations[1].stop();
        Until.isTrue(() -> stations[0].isStopped() && stations[1].isStopped()
            && stations[0].sent() == stations[1].received() && stations[1].sent() == stations[0].received(),
            () -> dataplane.counters().snapshot().toString());
        assertTrue(stations[0].verdict(stations[1]).isClean(), stations[0].verdict(stations[1])::toString);
        assertTrue(stations[1].verdict(stations[0]).isClean(), stations[1].verdict(stations[0])::toString);
    }

    @Test
    void shouldAllocateNothingOnEitherWorker() {
        open(Idle.BACKOFF);
        final Traffic[] stations = startSwitch(256);
        // Until the compiler is through: what it interrupts may still allocate once.
        Until.isTrue(() -> stations[0].received() + stations[1].received() > 2_000_000, () -> "too slow");
        assertTrue(allocated("edge", "core") > 0, "no worker was found");
        long least = Long.MAX_VALUE;
        // What the compiler interrupts may still allocate once; a byte for a packet would be in each round.
        for (int round = 0; round < 10 && least > 0; round++) {
            final long packets = stations[0].received() + stations[1].received();
            final long before = allocated("edge", "core");
            Until.isTrue(() -> stations[0].received() + stations[1].received() > packets + 1_000_000, () -> "too slow");
            least = Math.min(least, allocated("edge", "core") - before);
        }
        assertEquals(0, least, "bytes allocated by both workers");
    }

    @Test
    void shouldCloseInTimeUnderLoadWithEveryFrame() {
        open(Idle.BACKOFF);
        final Traffic[] stations = startSwitch(0);
        Until.isTrue(() -> stations[0].received() > 100_000, () -> "too slow");
        final long startNs = System.nanoTime();
        dataplane.close();
        assertTrue(System.nanoTime() - startNs < TimeUnit.SECONDS.toNanos(2), "it took 2 seconds or more");
    }

    @Test
    void shouldCountExactlyWhatASlowWorkerCouldNotTake() {
        open(Idle.BACKOFF);
        final long count = 400_000;
        final Traffic sender = Traffic.named("sender").count(count).flows(16).sizes("imix");
        final Traffic sink = Traffic.named("sink").sinkOnly();
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final Through slow = new Through(2000);
        dataplane.start(new Graph().from(from).to(slow).from(slow.out).to(to)
            .place(dataplane.worker("edge"), from).place(dataplane.worker("core"), slow));
        Until.isTrue(() -> sender.isFinished()
            && sink.received() + counter("handoff/sender-through/drop/handoff-full") == count,
            () -> dataplane.counters().snapshot().toString());
        assertTrue(counter("handoff/sender-through/drop/handoff-full") > 0, "it was never full");
        assertEquals(sink.received(), counter("handoff/sender-through/packets"));
        assertEquals(0, sink.verdict(sender).duplicate());
        assertEquals(0, sink.verdict(sender).reordered());
        assertEquals(0, sink.verdict(sender).corrupt());
    }

    @Test
    void shouldBeFedByTwoWorkers() {
        open(Idle.BACKOFF);
        final Traffic first = Traffic.named("first").count(200_000).flows(4);
        final Traffic second = Traffic.named("second").count(200_000).flows(4);
        final Traffic sink = Traffic.named("sink").sinkOnly();
        first.window(128, sink);
        final Port[] ports = {dataplane.open(first), dataplane.open(second), dataplane.open(sink)};
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.start(new Graph().from(ports[0]).to(pass).from(ports[1]).to(pass).from(pass.out).to(ports[2])
            .place(dataplane.worker("one"), ports[0]).place(dataplane.worker("two"), ports[1])
            .place(dataplane.worker("three"), pass));
        Until.isTrue(() -> first.isFinished() && second.isFinished() && sink.received()
            + counter("handoff/first-pass/drop/handoff-full") + counter("handoff/second-pass/drop/handoff-full")
            == 400_000, () -> dataplane.counters().snapshot().toString());
        assertEquals(sink.received(), counter("handoff/first-pass/packets") + counter("handoff/second-pass/packets"));
        assertEquals(0, sink.verdict(first, second).reordered() + sink.verdict(first, second).duplicate());
    }

    @ParameterizedTest
    @ValueSource(strings = {"edge", "front"})
    void shouldSpreadFlowsOverQueuesOnSeveralWorkersThatAreReady(final String first) {
        open(Idle.BACKOFF);
        final MemoryPort in = memory("in", 1);
        final MemoryPort out = memory("out", 3);
        out.line(1).isReady = false;
        final Worker edge = dataplane.worker("edge");
        dataplane.start(new Graph().from(in).to(out).from(out).to(in).place(edge, in)
            .place(first.equals("edge") ? edge : dataplane.worker(first), out.tx(0))
            .place(dataplane.worker("core"), out.tx(1)).place(dataplane.worker("exit"), out.tx(2)));
        final Map<Integer, Integer> queues = new HashMap<>();
        for (int i = 0; i < 600; i++) {
            in.inject(Packets.udp(i % 60, 0));
        }
        final List<byte[]> packets = new ArrayList<>();
        Until.isTrue(() -> {
            for (int q = 0; q < 3; q++) {
                for (final byte[] packet : out.taken(q)) {
                    packets.add(packet);
                    final int flow = packet[35] & 0xff;
                    final Integer other = queues.putIfAbsent(flow, q);
                    assertTrue(other == null || other == q, "flow " + flow + " changed its queue");
                }
            }
            return packets.size() == 600;
        }, () -> packets.size() + " of 600 packets came through");
        assertTrue(queues.containsValue(0) && queues.containsValue(2) && !queues.containsValue(1), queues.toString());
    }

    @Test
    void shouldPollOneQueueOfAPairHereAndFillTheOtherThere() {
        open(Idle.BACKOFF);
        final MemoryPort port = memory("port", 1);
        dataplane.start(new Graph().from(port).to(port)
            .place(dataplane.worker("edge"), port.rx(0)).place(dataplane.worker("core"), port.tx(0)));
        port.inject(Packets.ethernet(Packets.A, Packets.B, 1));
        port.await(1);
        dataplane.close();
        assertEquals("edge", port.line(0).rxReleasedBy.getName());
        assertEquals("core", port.line(0).txReleasedBy.getName());
        dataplane = null;
    }

    @Test
    void shouldWakeAWorkerThatSleeps() {
        open(Idle.ADAPTIVE);
        final MemoryPort in = memory("in", 1);
        final MemoryPort out = memory("out", 1);
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.start(new Graph().from(in).to(pass).from(pass.out).to(out)
            .place(dataplane.worker("edge"), in).place(dataplane.worker("core"), pass));
        final int trips = 20;
        int missed = 0;
        // The first worker has nobody to wake it and sleeps 100 ms; the second is woken, or the trip takes longer.
        for (int i = 0; i < trips; i++) {
            final long waits = counter("worker/core/waits");
            Until.isTrue(() -> counter("worker/core/waits") > waits, () -> "the second worker does not sleep");
            final long woken = counter("worker/core/woken");
            in.inject(Packets.ethernet(Packets.A, Packets.B, i));
            assertEquals(i, Packets.number(out.await(1).get(0)));
            if (woken == counter("worker/core/woken")) {
                missed++;
            }
        }
        assertTrue(missed <= trips / 4, missed + " of " + trips + " times the time had to pass");
    }

    @Test
    void shouldReceiveNothingWhenAWorkerDoesNotStart() {
        open(Idle.BACKOFF);
        final MemoryPort in = memory("in", 1);
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
        for (int i = 0; i < 100; i++) {
            in.inject(Packets.ethernet(Packets.A, Packets.B, i));
        }
        final Graph graph = new Graph().from(in).to(broken).place(dataplane.worker("edge"), in)
            .place(dataplane.worker("core"), broken);
        assertEquals("core did not start: no licence",
            assertThrows(DataplaneException.class, () -> dataplane.start(graph)).getMessage());
        assertEquals(0, in.line(0).polls.get());
        assertEquals(dataplane.pool().frames(), dataplane.pool().free());
        // The same workers serve again.
        dataplane.start(new Graph().from(in).to(in).place(graph.places().get(1).worker(), in));
        in.await(100);
    }

    @Test
    void shouldFindWorkersForWhatNobodyPlaced() {
        open(Idle.BACKOFF);
        final MemoryPort a = memory("a", 1);
        final MemoryPort b = memory("b", 1);
        final Worker taken = dataplane.worker("worker-0");
        dataplane.start(new Graph().from(a).to(a).from(b).to(b).place(taken, a));
        a.inject(Packets.ethernet(Packets.A, Packets.B, 1));
        b.inject(Packets.ethernet(Packets.A, Packets.B, 2));
        a.await(1);
        b.await(1);
        assertEquals(List.of("worker-0", "worker-0-2"), dataplane.workers().stream().map(Worker::name).toList());
    }

    /** Lets everything through at its own pace, and knows its thread. */
    private static final class Through extends Node {
        private final Output out = output("out");
        private final int turns;
        private volatile Thread thread;

        /** Takes that many turns for each packet. */
        Through(final int turns) {
            this.turns = turns;
        }

        @Override
        protected void onStart(final Worker worker) {
            thread = Thread.currentThread();
        }

        @Override
        protected void process(final Burst burst) {
            for (int i = burst.size() * turns; i > 0; i--) {
                Thread.onSpinWait();
            }
            out.emitAll(burst);
        }
    }
}
