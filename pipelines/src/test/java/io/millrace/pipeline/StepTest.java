/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** A data plane that moves only when it is told to. */
class StepTest {
    private final Dataplane dataplane = Dataplane.builder().frames(256).jumboFrames(0).stepped().build();
    private final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
    private final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));

    @AfterEach
    void close() {
        dataplane.close();
    }

    @Test
    void shouldTakePacketsThroughInOneStepOnTheCallersThread() {
        final List<Thread> threads = new ArrayList<>();
        final TestNodes.Custom[] self = new TestNodes.Custom[1];
        self[0] = new TestNodes.Custom((burst, i) -> {
            threads.add(Thread.currentThread());
            self[0].out.emit(burst, i);
        });
        dataplane.start(new Graph().from(a).to(self[0]).from(self[0].out).to(b).from(b).to(a));
        a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
        assertEquals(0, b.taken().size());
        assertEquals(1, dataplane.step());
        assertEquals(1, b.taken().size());
        assertEquals(List.of(Thread.currentThread()), threads);
        assertEquals(0, dataplane.step());
    }

    @Test
    void shouldTakeAStepForEachWorkerAPacketComesTo() {
        final TestNodes.Pass pass = new TestNodes.Pass();
        dataplane.start(new Graph().from(a).to(pass).from(pass.out).to(b).from(b).to(a)
            .place(dataplane.worker("core"), pass, b).place(dataplane.worker("edge"), a));
        a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
        dataplane.step();
        assertEquals(0, b.taken().size());
        dataplane.step();
        assertEquals(1, b.taken().size());
    }

    @Test
    void shouldLetTimePassOnlyWhenItIsTold() {
        final List<Long> ticks = new ArrayList<>();
        final Node clock = new Node() {
            @Override
            protected void onTick(final long nowNs) {
                ticks.add(nowNs);
            }

            @Override
            protected void process(final Burst burst) {
                burst.freeAll();
            }
        };
        dataplane.start(new Graph().from(a).to(clock).from(b).to(a));
        dataplane.step();
        assertEquals(0, ticks.size());
        dataplane.advance(Duration.ofMillis(100));
        dataplane.step();
        dataplane.step();
        assertEquals(1, ticks.size());
        dataplane.advance(Duration.ofSeconds(1));
        dataplane.step();
        assertEquals(1_000_000_000L, ticks.get(1) - ticks.get(0));
    }

    @Test
    void shouldForgetAStationThatIsSilentForLong() {
        final LearningSwitch bridge = new LearningSwitch(2).ageing(Duration.ofSeconds(10));
        final Graph graph = new Graph();
        for (final MemoryPort port : List.of(a, b)) {
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
        a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
        dataplane.step();
        assertEquals(1, dataplane.counters().snapshot().get("node/learning-switch/fdb-size"));
        // A tick looks at a hundredth of the table.
        for (int tick = 0; tick < 220; tick++) {
            dataplane.advance(Duration.ofMillis(100));
            dataplane.step();
        }
        assertEquals(0, dataplane.counters().snapshot().get("node/learning-switch/fdb-size"));
    }

    @Test
    void shouldBeGivenAnotherGraphBetweenTwoSteps() {
        final TestNodes.Pass pass = new TestNodes.Pass();
        final Worker core = dataplane.worker("core");
        final Worker edge = dataplane.worker("edge");
        dataplane.start(new Graph().from(a).to(pass).from(pass.out).to(b).from(b).to(a)
            .place(core, pass, b).place(edge, a));
        a.inject(Packets.ethernet(Packets.B, Packets.A, 1));
        dataplane.step();
        // What is between the workers arrives on the way.
        dataplane.apply(new Graph().from(a).to(b).from(b).to(a).place(core, a, b));
        assertEquals(1, b.taken().size());
        a.inject(Packets.ethernet(Packets.B, Packets.A, 2));
        dataplane.step();
        assertEquals(1, b.taken().size());
    }

    @Test
    void shouldNotStepWhatRunsByItself() {
        try (Dataplane running = Dataplane.builder().frames(64).jumboFrames(0).build()) {
            assertEquals("data plane millrace runs by itself: build it stepped() to step it",
                assertThrows(IllegalStateException.class, running::step).getMessage());
        }
    }
}
