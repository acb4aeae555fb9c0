/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.millrace.ConfigurationException;
import io.millrace.Port;
import io.millrace.pipeline.traffic.Traffic;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Closing throws if a frame is missing. */
class RssTest {
    private static final int QUEUES = 4;

    private final Dataplane dataplane = Dataplane.builder().frames(4096).jumboFrames(0).build();
    private MemoryPort in;
    private MemoryPort out;

    @AfterEach
    void close() {
        dataplane.close();
    }

    private Rss start(final Rss rss) {
        in = (MemoryPort) dataplane.open(MemoryPort.driver("in"));
        out = (MemoryPort) dataplane.open(MemoryPort.driver("out", QUEUES));
        final Graph graph = new Graph().from(in).to(rss).from(out).to(in);
        for (int q = 0; q < QUEUES; q++) {
            graph.from(rss.queue(q)).to(out, q);
        }
        dataplane.start(graph);
        return rss;
    }

    /** Sends packets through and returns them by queue. */
    private List<List<byte[]>> spread(final List<byte[]> packets) {
        packets.forEach(in::inject);
        final List<List<byte[]>> byQueue = new ArrayList<>();
        for (int q = 0; q < QUEUES; q++) {
            byQueue.add(new ArrayList<>());
        }
        Until.isTrue(() -> {
            for (int q = 0; q < QUEUES; q++) {
                byQueue.get(q).addAll(out.taken(q));
            }
            return byQueue.stream().mapToInt(List::size).sum() == packets.size();
        }, () -> "not every packet came through: " + dataplane.counters().snapshot());
        return byQueue;
    }

    private int queueOf(final byte[] packet) {
        final List<List<byte[]>> byQueue = spread(List.of(packet));
        return IntStream.range(0, QUEUES).filter(q -> !byQueue.get(q).isEmpty()).findFirst().orElseThrow();
    }

    private static byte[] udp(final int source, final int destination, final int sourcePort, final int destinationPort,
                              final int number) {
        final byte[] packet = Packets.udp(sourcePort, 0);
        ByteBuffer.wrap(packet).putInt(26, source).putInt(30, destination).putShort(36, (short) destinationPort)
            .putInt(50, number);
        return packet;
    }

    private static byte[] tagged(final byte[] packet) {
        return ByteBuffer.allocate(packet.length + 4).put(packet, 0, 12).putInt(0x81000007)
            .put(packet, 12, packet.length - 12).array();
    }

    @Test
    void shouldKeepEachFlowToOneQueueAndInOrder() {
        start(new Rss(QUEUES));
        final List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            packets.add(udp(0x0a000001, 0x0a000002 + i % 7, 1000 + i % 61, 53, i));
        }
        final Map<Long, Integer> queues = new HashMap<>();
        final Map<Long, Integer> last = new HashMap<>();
        final List<List<byte[]>> byQueue = spread(packets);
        for (int q = 0; q < QUEUES; q++) {
            for (final byte[] packet : byQueue.get(q)) {
                final ByteBuffer bytes = ByteBuffer.wrap(packet);
                final long flow = bytes.getLong(30);
                final int number = bytes.getInt(50);
                final Integer other = queues.putIfAbsent(flow, q);
                assertTrue(other == null || other == q, "a flow changed its queue");
                assertTrue(last.getOrDefault(flow, -1) < number, "packet " + number + " was overtaken");
                last.put(flow, number);
            }
        }
        assertEquals(7 * 61, queues.size());
    }

    @Test
    void shouldSendBothDirectionsTheSameWay() {
        start(new Rss(QUEUES));
        final Random random = new Random(3);
        for (int i = 0; i < 50; i++) {
            final int a = random.nextInt();
            final int b = random.nextInt();
            final int p = random.nextInt(1 << 16);
            final int q = random.nextInt(1 << 16);
            assertEquals(queueOf(udp(a, b, p, q, 0)), queueOf(udp(b, a, q, p, 0)));
            assertEquals(queueOf(udp(a, b, p, q, 0)), queueOf(tagged(tagged(udp(b, a, q, p, 0)))));
        }
        assertEquals(queueOf(Packets.ethernet(Packets.A, Packets.B, 1)),
            queueOf(Packets.ethernet(Packets.B, Packets.A, 2)));
    }

    @Test
    void shouldKeepFragmentsTogether() {
        start(new Rss(QUEUES));
        for (int port = 0; port < 20; port++) {
            assertEquals(queueOf(Packets.udp(port, 0x2000)), queueOf(Packets.udp(port + 1, 185)));
        }
    }

    @Test
    void shouldSpreadManyFlowsEvenly() {
        start(new Rss(QUEUES));
        final Random random = new Random(5);
        final List<byte[]> packets = new ArrayList<>();
        for (int i = 0; i < 8000; i++) {
            packets.add(udp(0x0a000000 | random.nextInt(1 << 16), 0x0a010001, 1024 + random.nextInt(60_000), 443, i));
        }
        for (final List<byte[]> queue : spread(packets)) {
            assertEquals(2000, queue.size(), 200);
        }
    }

    @Test
    void shouldFollowItsTableWhileItRuns() {
        final Rss rss = start(new Rss(QUEUES));
        final List<byte[]> packets = IntStream.range(0, 200).mapToObj(i -> udp(1, 2, i, 53, i)).toList();
        assertTrue(spread(packets).stream().noneMatch(List::isEmpty));
        final int[] table = new int[Rss.TABLE_SIZE];
        Arrays.fill(table, 2);
        rss.table(table);
        table[0] = 1;
        assertEquals(200, spread(packets).get(2).size());
        assertEquals(2, rss.table()[0]);
    }

    @Test
    void shouldChooseByTheLowestBitsOfTheHash() {
        start(new Rss(QUEUES, Toeplitz.standard()));
        // A published value: 51ccc178, whose lowest 7 bits are 120.
        assertEquals(120 % QUEUES, queueOf(udp(0x420995bb, 0xa18e6450, 2794, 1766, 0)));
        assertArrayEquals(IntStream.range(0, 128).map(i -> i % QUEUES).toArray(), new Rss(QUEUES).table());
    }

    @Test
    void shouldLetBrokenPacketsPass() {
        start(new Rss(QUEUES));
        final List<byte[]> packets = new ArrayList<>();
        for (int length = 1; length < 64; length++) {
            packets.add(Arrays.copyOf(Packets.udp(1, 0), length));
            packets.add(Arrays.copyOf(tagged(tagged(tagged(Packets.udp(1, 0)))), length));
        }
        spread(packets);
    }

    @Test
    void shouldFeedSeveralWorkersWithoutAllocatingOrReordering() {
        final Traffic sender = Traffic.named("sender").flows(256).sizes("imix");
        final Traffic sink = Traffic.named("sink").sinkOnly();
        sender.window(256, sink);
        final Port from = dataplane.open(sender);
        final Port to = dataplane.open(sink);
        final Rss rss = new Rss(2);
        final Graph graph = new Graph().from(from).to(rss).place(dataplane.worker("edge"), from, rss, to.tx(0));
        for (int q = 0; q < 2; q++) {
            final TestNodes.Pass pass = new TestNodes.Pass();
            graph.from(rss.queue(q)).to(pass).from(pass.out).to(to).place(dataplane.worker("core" + q), pass);
        }
        dataplane.start(graph);
        Until.isTrue(() -> sink.received() > 500_000, () -> dataplane.counters().snapshot().toString());
        final long threads = Thread.getAllStackTraces().keySet().stream().filter(RssTest::isWorker).count();
        assertEquals(3, threads);
        long least = Long.MAX_VALUE;
        // What the compiler interrupts may still allocate once; a byte for a packet would be in each round.
        for (int round = 0; round < 3; round++) {
            final long packets = sink.received();
            final long before = allocated();
            Until.isTrue(() -> sink.received() > packets + 200_000, () -> "too slow");
            least = Math.min(least, allocated() - before);
        }
        assertEquals(0, least, "bytes allocated by the workers");
        sender.stop();
        Until.isTrue(() -> sender.isStopped() && sink.received() == sender.sent(),
            () -> dataplane.counters().snapshot().toString());
        assertTrue(sink.verdict(sender).isClean(), sink.verdict(sender)::toString);
    }

    private static boolean isWorker(final Thread thread) {
        return List.of("edge", "core0", "core1").contains(thread.getName());
    }

    private static long allocated() {
        final ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream().filter(RssTest::isWorker)
            .mapToLong(t -> bean.getThreadAllocatedBytes(t.getId())).sum();
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        assertThrows(ConfigurationException.class, () -> new Rss(0));
        assertThrows(ConfigurationException.class, () -> new Rss(129));
        final Rss rss = new Rss(2);
        assertThrows(IllegalArgumentException.class, () -> rss.queue(2));
        assertThrows(IllegalArgumentException.class, () -> rss.table(0, 1));
        assertEquals("node rss has no queue 2: it has 0 to 1",
            assertThrows(IllegalArgumentException.class, () -> {
                final int[] table = rss.table();
                table[127] = 2;
                rss.table(table);
            }).getMessage());
    }
}
