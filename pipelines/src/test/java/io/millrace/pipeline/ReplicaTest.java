/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One switch for each queue of all ports, on a worker of its own. Closing throws if a frame is missing. */
class ReplicaTest {
    private static final int QUEUES = 2;
    private static final int PORTS = 3;

    private final Dataplane dataplane = Dataplane.builder().frames(4096).jumboFrames(0).build();
    private final List<MemoryPort> ports = new ArrayList<>();

    @AfterEach
    void close() {
        dataplane.close();
    }

    private void start(final LearningSwitch... switches) {
        for (int i = 0; i < PORTS; i++) {
            ports.add((MemoryPort) dataplane.open(MemoryPort.driver("p" + i, QUEUES)));
        }
        final Graph graph = new Graph();
        for (int q = 0; q < QUEUES; q++) {
            for (final MemoryPort port : ports) {
                graph.from(port, q).to(switches[q]).from(switches[q].port(port.id())).to(port, q);
            }
            graph.place(dataplane.worker("core" + q), switches[q]);
        }
        dataplane.start(graph);
    }

    private long count(final String counter) {
        return dataplane.counters().snapshot().getOrDefault(counter, 0L);
    }

    private void await(final String counter, final long value) {
        Until.isTrue(() -> count(counter) == value, () -> counter + " is " + count(counter) + " and not " + value);
    }

    private static LearningSwitch[] sharing() {
        final LearningSwitch first = new LearningSwitch(PORTS);
        return new LearningSwitch[] {first, first.replica()};
    }

    @Test
    void shouldForwardByOneReplicaWhatAnotherLearned() {
        start(sharing());
        ports.get(0).inject(0, Packets.ethernet(Packets.B, Packets.A, 1));
        ports.get(1).await(1);
        ports.get(2).await(1);
        ports.get(1).inject(1, Packets.ethernet(Packets.A, Packets.B, 2));
        Until.isTrue(() -> !ports.get(0).line(1).out.isEmpty(), () -> "nothing came by queue 1");
        assertEquals(1, ports.get(0).taken(1).size());
        assertTrue(ports.get(0).line(0).out.isEmpty() && ports.get(2).taken().isEmpty());
        assertEquals(1, count("node/learning-switch/learned"));
        assertEquals(1, count("node/learning-switch-2/learned"));
        assertEquals(0, count("node/learning-switch-2/flooded"));
        await("node/learning-switch/fdb-size", 2);
        await("node/learning-switch-2/fdb-size", 2);
        dataplane.close();
        assertEquals("core0", ports.get(0).line(0).rxReleasedBy.getName());
        assertEquals("core1", ports.get(0).line(1).rxReleasedBy.getName());
        assertSame(ports.get(2).line(1).txReleasedBy, ports.get(0).line(1).rxReleasedBy);
    }

    @Test
    void shouldFollowAStationThatMovesToAPortThatAnotherReplicaSees() {
        start(sharing());
        ports.get(0).inject(0, Packets.ethernet(Packets.ALL, Packets.A, 1));
        ports.get(1).await(1);
        ports.get(2).inject(1, Packets.ethernet(Packets.ALL, Packets.A, 2));
        ports.get(0).await(1);
        ports.get(2).taken();
        ports.get(1).taken();
        ports.get(1).inject(0, Packets.ethernet(Packets.A, Packets.B, 3));
        assertEquals(3, Packets.number(ports.get(2).await(1).get(0)));
        assertEquals(1, count("node/learning-switch-2/moved"));
        assertTrue(ports.get(0).taken().isEmpty());
    }

    @Test
    void shouldKnowOnlyWhatItSawItselfIfItIsNoReplica() {
        start(new LearningSwitch(PORTS), new LearningSwitch(PORTS));
        ports.get(0).inject(0, Packets.ethernet(Packets.B, Packets.A, 1));
        ports.get(1).await(1);
        ports.get(2).await(1);
        ports.get(1).inject(1, Packets.ethernet(Packets.A, Packets.B, 2));
        ports.get(0).await(1);
        ports.get(2).await(1);
        assertEquals(1, count("node/learning-switch-2/flooded"));
    }

    @Test
    void shouldForgetWhatNoReplicaSees() {
        final LearningSwitch first = new LearningSwitch(PORTS);
        final LearningSwitch second = first.replica();
        second.ageing(Duration.ofSeconds(1)).capacity(1);
        start(first, second);
        ports.get(0).inject(0, Packets.ethernet(Packets.ALL, Packets.A, 1));
        await("node/learning-switch/learned", 1);
        ports.get(0).inject(1, Packets.ethernet(Packets.ALL, Packets.B, 1));
        await("node/learning-switch-2/table-full", 1);
        Until.isTrue(() -> count("node/learning-switch/aged") + count("node/learning-switch-2/aged") == 1,
            () -> "it was not forgotten, or twice");
        await("node/learning-switch/fdb-size", 0);
        await("node/learning-switch-2/fdb-size", 0);
    }

    @Test
    void shouldLoseAndReorderNothing() {
        start(sharing());
        final int packets = 20_000;
        final String[] stations = {Packets.A, Packets.B, Packets.C};
        for (int i = 0; i < PORTS; i++) {
            ports.get(i).inject(i % QUEUES, Packets.ethernet(Packets.ALL, stations[i], 0));
        }
        await("node/learning-switch/fdb-size", PORTS);
        for (final MemoryPort port : ports) {
            port.await(PORTS - 1);
        }
        for (int n = 1; n <= packets; n++) {
            for (int i = 0; i < PORTS; i++) {
                for (int q = 0; q < QUEUES; q++) {
                    ports.get(i).inject(q, Packets.ethernet(stations[(i + 1) % PORTS], stations[i], n));
                }
            }
        }
        for (int i = 0; i < PORTS; i++) {
            final MemoryPort port = ports.get(i);
            final Map<Integer, Integer> last = new HashMap<>();
            final int[] count = new int[1];
            Until.isTrue(() -> {
                for (int q = 0; q < QUEUES; q++) {
                    for (final byte[] packet : port.taken(q)) {
                        assertEquals(last.getOrDefault(q, 0) + 1, Packets.number(packet), "by queue " + q);
                        last.put(q, Packets.number(packet));
                        count[0]++;
                    }
                }
                return count[0] == packets * QUEUES;
            }, () -> count[0] + " packets came");
        }
        final Map<String, Long> counters = dataplane.counters().snapshot();
        assertEquals(0, counters.keySet().stream().filter(name -> name.contains("/drop/"))
            .mapToLong(counters::get).sum(), counters::toString);
    }
}
