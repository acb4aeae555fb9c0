/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import io.millrace.packet.MacAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class LearningSwitchTest {
    private final Dataplane dataplane = Dataplane.builder().frames(512).jumboFrames(0).build();
    private final List<MemoryPort> ports = new ArrayList<>();
    private final LearningSwitch bridge = new LearningSwitch(3);

    @AfterEach
    void close() {
        dataplane.close();
    }

    private void start(final int count) {
        final Graph graph = new Graph();
        for (int i = 0; i < count; i++) {
            final MemoryPort port = (MemoryPort) dataplane.open(MemoryPort.driver("p" + i));
            ports.add(port);
            graph.from(port).to(bridge).from(bridge.port(port.id())).to(port);
        }
        dataplane.start(graph);
    }

    private void send(final int port, final String destination, final String source) {
        ports.get(port).inject(Packets.ethernet(destination, source, port));
    }

    private void awaitCounter(final String name, final long value) {
        Until.isTrue(() -> count(name) == value, () -> name + " is " + count(name) + " and not " + value);
    }

    private long count(final String name) {
        return dataplane.counters().snapshot().getOrDefault("node/learning-switch/" + name, 0L);
    }

    private void assertNothingCame(final int port) {
        assertEquals(0, ports.get(port).taken().size());
    }

    @Test
    void shouldFloodToAllButTheSenderUntilItKnows() {
        start(3);
        send(0, Packets.B, Packets.A);
        ports.get(1).await(1);
        ports.get(2).await(1);
        assertNothingCame(0);
        send(1, Packets.A, Packets.B);
        ports.get(0).await(1);
        send(0, Packets.B, Packets.A);
        ports.get(1).await(1);
        assertNothingCame(2);
        assertEquals(2, count("learned"));
        assertEquals(1, count("flooded"));
        assertEquals(2, count("fdb-size"));
    }

    @Test
    void shouldFloodBroadcastAndMulticast() {
        start(3);
        send(0, Packets.ALL, Packets.A);
        send(0, "33:33:00:00:00:01", Packets.A);
        assertEquals(2, ports.get(1).await(2).size());
        assertEquals(2, ports.get(2).await(2).size());
        assertEquals(2, count("flooded"));
    }

    @Test
    void shouldDropWhatIsForItsOwnSide() {
        start(2);
        send(0, Packets.ALL, Packets.A);
        send(0, Packets.ALL, Packets.B);
        ports.get(1).await(2);
        send(0, Packets.B, Packets.A);
        awaitCounter("drop/hairpin", 1);
        assertNothingCame(1);
    }

    @Test
    void shouldFollowAStationToAnotherPort() {
        start(3);
        send(0, Packets.ALL, Packets.A);
        ports.get(1).await(1);
        ports.get(2).await(1);
        send(1, Packets.ALL, Packets.A);
        ports.get(0).await(1);
        ports.get(2).await(1);
        send(2, Packets.A, Packets.C);
        ports.get(1).await(1);
        assertNothingCame(0);
        assertEquals(1, count("moved"));
        assertEquals(2, count("fdb-size"));
    }

    @Test
    void shouldNotLearnGroupsAndZero() {
        start(2);
        send(0, Packets.B, "01:00:5e:00:00:01");
        send(0, Packets.B, "00:00:00:00:00:00");
        send(0, Packets.B, Packets.ALL);
        assertEquals(3, ports.get(1).await(3).size());
        assertEquals(0, count("learned"));
        send(1, "00:00:00:00:00:00", Packets.C);
        assertEquals(1, ports.get(0).await(1).size());
        assertEquals(1, count("fdb-size"));
    }

    @Test
    void shouldKeepReservedFramesOnTheirLink() {
        start(2);
        for (int last = 0; last < 16; last++) {
            send(0, String.format("01:80:c2:00:00:%02x", last), Packets.A);
        }
        send(0, "01:80:c2:00:00:10", Packets.A);
        send(0, "01:80:c2:00:01:00", Packets.A);
        assertEquals(List.of("01:80:c2:00:00:10", "01:80:c2:00:01:00"),
            ports.get(1).await(2).stream().map(Packets::destination).toList());
        assertEquals(16, count("drop/reserved"));
    }

    @Test
    void shouldForwardWhatItHasNoRoomToLearn() {
        bridge.capacity(2);
        start(2);
        for (int i = 0; i < 5; i++) {
            send(0, Packets.ALL, "02:00:00:00:01:0" + i);
        }
        assertEquals(5, ports.get(1).await(5).size());
        assertEquals(2, count("learned"));
        assertEquals(3, count("table-full"));
        assertEquals(2, count("fdb-size"));
    }

    @Test
    void shouldForgetSilentStations() {
        bridge.ageing(Duration.ofSeconds(1));
        start(3);
        send(0, Packets.ALL, Packets.A);
        ports.get(1).await(1);
        ports.get(2).await(1);
        awaitCounter("aged", 1);
        assertEquals(0, count("fdb-size"));
        send(1, Packets.A, Packets.B);
        ports.get(0).await(1);
        ports.get(2).await(1);
    }

    @Test
    void shouldDropRunts() {
        start(2);
        ports.get(0).inject(new byte[13]);
        ports.get(0).inject(new byte[14]);
        ports.get(1).await(1);
        assertEquals(1, count("drop/runt"));
    }

    @Test
    void shouldDropByNameWhenThereIsNobodyElse() {
        start(1);
        send(0, Packets.ALL, Packets.A);
        awaitCounter("drop/nowhere", 1);
    }

    @Test
    void shouldDropByNameWhatIsBehindAOneWayPort() {
        final MemoryPort oneWay = (MemoryPort) dataplane.open(MemoryPort.driver("one-way"));
        final MemoryPort other = (MemoryPort) dataplane.open(MemoryPort.driver("other"));
        dataplane.start(new Graph().from(oneWay).to(bridge).from(other).to(bridge)
            .from(bridge.port(other.id())).to(other));
        oneWay.inject(Packets.ethernet(Packets.B, Packets.A, 0));
        other.await(1);
        other.inject(Packets.ethernet(Packets.A, Packets.B, 0));
        awaitCounter("drop/no-way-back", 1);
    }

    @Test
    void shouldKeepTheOrderOfPacketsInBurstsLargerThanAColumn() {
        for (int i = 0; i < 3; i++) {
            ports.add((MemoryPort) dataplane.open(MemoryPort.driver("p" + i)));
        }
        for (int n = 0; n < 32; n++) {
            for (int i = 0; i < 3; i++) {
                ports.get(i).inject(Packets.ethernet(Packets.ALL, Packets.A.replace("0a", "0" + i), n));
            }
        }
        final Graph graph = new Graph();
        ports.forEach(port -> graph.from(port).to(bridge).from(bridge.port(port.id())).to(port));
        dataplane.start(graph);
        for (final MemoryPort port : ports) {
            final List<byte[]> packets = port.await(64);
            for (int i = 0; i < 3; i++) {
                final String source = Packets.A.replace("0a", "0" + i);
                final List<Integer> numbers =
                    packets.stream().filter(p -> Packets.source(p).equals(source)).map(Packets::number).toList();
                assertEquals(numbers.stream().sorted().toList(), numbers);
                assertEquals(i == port.id() ? 0 : 32, numbers.size());
            }
        }
    }

    @Test
    void shouldTellWhatItKnowsAndForgetItWhenAsked() {
        start(3);
        send(0, Packets.ALL, Packets.A);
        send(1, Packets.ALL, Packets.B);
        awaitCounter("learned", 2);
        final StationPage all = bridge.stations(0, LearningSwitch.MAX_PAGE);
        assertEquals(Set.of("02:00:00:00:00:0a 0", "02:00:00:00:00:0b 1"), all.stations().stream()
            .map(station -> MacAddress.format(station.mac()) + ' ' + station.port()).collect(Collectors.toSet()));
        assertEquals(-1, all.next());
        all.stations().forEach(station ->
            assertTrue(station.ageSeconds() >= 0 && station.ageSeconds() <= 300, station.toString()));
        final StationPage first = bridge.stations(0, 1);
        assertEquals(1, first.stations().size());
        final StationPage second = bridge.stations(first.next(), 1);
        assertEquals(1, second.stations().size());
        assertTrue(first.stations().get(0).mac() != second.stations().get(0).mac());
        assertEquals(-1, second.next() == -1 ? -1 : bridge.stations(second.next(), 1).next());
        assertEquals(2, bridge.flush());
        assertEquals(List.of(), bridge.stations(0, 10).stations());
        awaitCounter("fdb-size", 0);
        send(0, Packets.B, Packets.A);
        awaitCounter("flooded", 3);
        awaitCounter("fdb-size", 1);
    }

    @Test
    void shouldBeAskedAndFlushedWhilePacketsFlow() {
        start(2);
        final AtomicBoolean isOver = new AtomicBoolean();
        final AtomicInteger flushes = new AtomicInteger();
        final Thread asker = new Thread(() -> {
            while (!isOver.get()) {
                bridge.stations(0, 100);
                bridge.flush();
                flushes.incrementAndGet();
            }
        });
        asker.start();
        for (int n = 0; n < 500 || flushes.get() < 100; n++) {
            send(n & 1, Packets.ALL, Packets.A.replace("0a", String.format("%02x", n & 31)));
            ports.get(1 - (n & 1)).await(1);
        }
        isOver.set(true);
        Until.isTrue(() -> !asker.isAlive(), () -> "still asking");
        assertEquals(0, count("drop/fault"));
        bridge.flush();
        awaitCounter("fdb-size", 0);
    }

    @Test
    void shouldKnowNobodyBeforeTheStart() {
        assertEquals(new StationPage(List.of(), -1), bridge.stations(0, 1));
        assertEquals(0, bridge.flush());
        assertThrows(IllegalArgumentException.class, () -> bridge.stations(-1, 1));
        assertThrows(IllegalArgumentException.class, () -> bridge.stations(0, 0));
        assertThrows(IllegalArgumentException.class, () -> bridge.stations(0, LearningSwitch.MAX_PAGE + 1));
        assertTrue(bridge.sharesWith(bridge.replica()) && !bridge.sharesWith(new LearningSwitch(3)));
    }

    @Test
    void shouldRefuseMorePortsThanItWasMadeFor() {
        bridge.port(7);
        bridge.port(255);
        assertEquals("port7", bridge.port(7).name());
        bridge.port(0);
        assertEquals("node learning-switch was made for 3 ports and has them: port 1 is one more",
            assertThrows(IllegalArgumentException.class, () -> bridge.port(1)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> bridge.port(256));
    }

    @Test
    void shouldRefuseSettingsThatCannotBe() {
        assertThrows(ConfigurationException.class, () -> new LearningSwitch(0));
        assertThrows(ConfigurationException.class, () -> new LearningSwitch(257));
        assertThrows(ConfigurationException.class, () -> bridge.capacity(0));
        assertThrows(ConfigurationException.class, () -> bridge.ageing(Duration.ofMillis(999)));
        assertTrue(bridge.named("br0").name().equals("br0"));
    }
}
