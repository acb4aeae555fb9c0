/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.sun.management.ThreadMXBean;
import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Offload;
import io.millrace.packet.Checksum;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Segments that are joined, and how they look when they are cut again. */
class GroTest {
    private static final int ALL = Offload.CSUM | Offload.TSO4 | Offload.TSO6;
    private static final int FLOW = 11;
    private static final int ACK = 0x10;
    private static final int PSH = 0x08;

    /** Large packets of one stream after another, cut into what a sender with TSO would put on the wire. */
    private static final class Stream {
        final Random random;
        private final int number;
        private final boolean isIpv4;
        private final int tags;
        private final int options;
        private int sequence;
        private int identification;

        Stream(final int number) {
            random = new Random(number);
            this.number = number;
            isIpv4 = number % 2 == 0;
            tags = number % 3;
            options = number % 4 == 0 ? 0 : 12;
            sequence = random.nextInt();
        }

        /** The pieces of the next {@code data} bytes. */
        List<byte[]> next(final int data, final int size, final int flags) {
            final List<byte[]> pieces = new ArrayList<>();
            for (int from = 0; from == 0 || from < data; from += size) {
                final int some = Math.min(size, data - from);
                pieces.add(piece(some, from + some == data ? flags : flags & ~PSH));
            }
            return pieces;
        }

        /** Breaks a byte, but for those that say which stream it is, or exchanges two packets, now and then. */
        void spoil(final List<byte[]> packets) {
            if (random.nextInt(4) == 0 && packets.size() > 1) {
                final byte[] packet = packets.get(packets.size() - 1 - random.nextInt(2));
                final int network = 14 + 4 * tags;
                final int transport = network + (isIpv4 ? 20 : 40);
                final int at = network + random.nextInt(packet.length - network);
                if (at < network + (isIpv4 ? 9 : 6) || at >= transport + 4) {
                    packet[at] ^= (byte) (1 << random.nextInt(8));
                }
            }
            if (random.nextInt(4) == 0 && packets.size() > 1) {
                packets.add(packets.size() - 2, packets.remove(packets.size() - 1));
            }
        }

        private byte[] piece(final int data, final int flags) {
            final int network = 14 + 4 * tags;
            final int transport = network + (isIpv4 ? 20 : 40);
            final byte[] bytes = new byte[transport + 20 + options + data];
            random.nextBytes(bytes);
            Arrays.fill(bytes, 0, transport + 20 + options, (byte) 0);
            final ByteBuffer packet = ByteBuffer.wrap(bytes).put(0, (byte) 2).put(FLOW, (byte) number);
            for (int tag = 0; tag < tags; tag++) {
                packet.putInt(12 + 4 * tag, 0x8100_0005);
            }
            final int tcp = bytes.length - transport;
            packet.putShort(network - 2, (short) (isIpv4 ? 0x0800 : 0x86dd));
            if (isIpv4) {
                packet.putInt(network, 0x45000000 | bytes.length - network)
                    .putInt(network + 4, identification++ << 16 | 0x4000)
                    .putInt(network + 8, 0x40060000).putInt(network + 12, 0x0a000001).putInt(network + 16, 0x0a000002);
                packet.putShort(network + 10, (short) ~sum(bytes, network, transport, 0));
            } else {
                packet.putInt(network, 0x60000000).putInt(network + 4, tcp << 16 | 0x0640)
                    .putInt(network + 8, 0xfe800000).putInt(network + 24, 0xfe800000).putInt(network + 36, 2);
            }
            packet.putShort(transport, (short) (1000 + number)).putShort(transport + 2, (short) 80)
                .putInt(transport + 4, sequence).putInt(transport + 8, 77)
                .put(transport + 12, (byte) (20 + options << 2)).put(transport + 13, (byte) flags)
                .putShort(transport + 14, (short) 500);
            final int pseudo = sum(bytes, network + (isIpv4 ? 12 : 8), transport, 6 + tcp);
            packet.putShort(transport + 16, (short) ~sum(bytes, transport, bytes.length, pseudo));
            sequence += data;
            return bytes;
        }
    }

    private static int sum(final byte[] bytes, final int from, final int to, final int first) {
        int sum = first;
        for (int at = from; at < to; at++) {
            sum += (bytes[at] & 0xff) << ((at - from) % 2 == 0 ? 8 : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (sum & 0xffff) + (sum >>> 16);
    }

    private static List<byte[]> of(final int flow, final List<byte[]> packets) {
        return packets.stream().filter(packet -> packet[FLOW] == flow).toList();
    }

    private static List<List<byte[]>> streams(final int count) {
        final List<List<byte[]>> streams = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            final Stream stream = new Stream(n);
            final List<byte[]> packets = new ArrayList<>();
            while (packets.size() < 400) {
                final int size = 200 + stream.random.nextInt(1200);
                switch (stream.random.nextInt(10)) {
                    case 0 -> packets.addAll(stream.next(0, 1, ACK));
                    case 1 -> packets.addAll(stream.next(100, size, ACK | 1));
                    case 2 -> stream.sequence += 1000;
                    default -> packets.addAll(stream.next(1 + stream.random.nextInt(30_000), size,
                        ACK | (stream.random.nextBoolean() ? PSH : 0)));
                }
                stream.spoil(packets);
            }
            streams.add(packets);
        }
        return streams;
    }

    /** Some packets of one stream, some of another, and so on. */
    private static List<byte[]> mixed(final List<List<byte[]>> streams) {
        final Random random = new Random(1);
        final List<byte[]> mixed = new ArrayList<>();
        final int[] next = new int[streams.size()];
        final int all = streams.stream().mapToInt(List::size).sum();
        while (mixed.size() < all) {
            final int n = random.nextInt(streams.size());
            for (int some = 1 + random.nextInt(12); some > 0 && next[n] < streams.get(n).size(); some--) {
                mixed.add(streams.get(n).get(next[n]++));
            }
        }
        return mixed;
    }

    private static long counter(final Dataplane dataplane, final String name) {
        return dataplane.counters().scope("node", "gro").counter(name).get();
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 0})
    void shouldBeUndoneByCuttingAgain(final int jumboFrames) {
        final int flows = 13;
        final List<byte[]> sent = mixed(streams(flows));
        try (Dataplane dataplane = Dataplane.builder().frames(4096).jumboFrames(jumboFrames).build()) {
            final MemoryPort in = (MemoryPort) dataplane.open(MemoryPort.driver("in"));
            final MemoryPort out = (MemoryPort) dataplane.open(MemoryPort.driver("out"));
            final Gro gro = new Gro();
            sent.forEach(in::inject);
            dataplane.start(new Graph().from(in).to(gro).from(gro.out()).to(out).from(out).to(in));
            final List<byte[]> received = out.await(sent.size());
            assertEquals(sent.size(), received.size());
            for (int n = 0; n < flows; n++) {
                final List<byte[]> before = of(n, sent);
                final List<byte[]> after = of(n, received);
                assertEquals(before.size(), after.size(), "flow " + n);
                for (int i = 0; i < before.size(); i++) {
                    assertArrayEquals(before.get(i), after.get(i), "packet " + i + " of flow " + n);
                }
            }
            assertEquals(new GraphView.OffloadView("none", "none", "csum+tso4+tso6", List.of("gro")),
                dataplane.view().ports().get(out.id()).offloads());
            final boolean hasLarge = jumboFrames > 0;
            assertEquals(hasLarge, counter(dataplane, "joined") > sent.size() / 3, "joined");
            assertEquals(hasLarge, counter(dataplane, "large") > 0, "large");
            assertEquals(!hasLarge, counter(dataplane, "starved") > 0, "starved");
        }
    }

    @Test
    void shouldGiveAPortThatTakesThemLargePackets() {
        final Stream stream = new Stream(4);
        final List<byte[]> sent = stream.next(20_000, 1400, ACK | PSH);
        try (Dataplane dataplane = Dataplane.builder().frames(512).jumboFrames(8).stepped().build()) {
            final MemoryPort in = (MemoryPort) dataplane.open(MemoryPort.driver("in"));
            final MemoryPort out = (MemoryPort) dataplane.open(MemoryPort.driver("out"));
            out.offloads = ALL;
            final Gro gro = new Gro();
            sent.forEach(in::inject);
            dataplane.start(new Graph().from(in).to(gro).from(gro.out()).to(out).from(out).to(in));
            dataplane.step();
            final List<byte[]> received = out.taken();
            assertEquals(1, received.size());
            final ByteBuffer whole = ByteBuffer.wrap(received.get(0));
            assertEquals(18 + 40 + 20_000, whole.capacity());
            assertEquals(40 + 20_000, whole.getShort(20));
            assertEquals(0xffff, sum(whole.array(), 18, 38, 0));
            // What Linux leaves for a network card: the sum of the pseudo header.
            assertEquals(Checksum.pseudoHeaderSum(0x0a000001, 0x0a000002, 6, 20_020), whole.getShort(54) & 0xffff);
            assertEquals(ACK | PSH, whole.get(51));
        }
    }

    /** Marks every third packet. */
    private static final class Marker extends Node {
        private final Output out = output("out");
        private int packets;

        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                if (packets++ % 3 == 0) {
                    burst.mark(i, packets);
                }
            }
            out.emitAll(burst);
        }
    }

    /** Counts marks. */
    private static final class Marks extends Node {
        private int found;

        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                found += burst.mark(i) != 0 ? 1 : 0;
            }
            burst.freeAll();
        }
    }

    @Test
    void shouldLeaveMarkedPacketsAsTheyAre() {
        try (Dataplane dataplane = Dataplane.builder().frames(512).jumboFrames(16).stepped().build()) {
            final MemoryPort in = (MemoryPort) dataplane.open(MemoryPort.driver("in"));
            final Marker marker = new Marker();
            final Gro gro = new Gro();
            final Marks marks = new Marks();
            new Stream(4).next(30_000, 1000, ACK).forEach(in::inject);
            dataplane.start(new Graph().from(in).to(marker).from(marker.out).to(gro).from(gro.out()).to(marks));
            dataplane.step();
            assertEquals(10, marks.found);
            assertEquals(10, counter(dataplane, "large"));
        }
    }

    /** Where packets end. */
    private static final class Sink extends Node {
        private int packets;

        @Override
        protected void process(final Burst burst) {
            packets += burst.freeAll();
        }
    }

    @Test
    void shouldAllocateNothing() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final Stream stream = new Stream(0);
        try (Dataplane dataplane = Dataplane.builder().frames(512).jumboFrames(8).stepped().build()) {
            final MemoryPort in = (MemoryPort) dataplane.open(MemoryPort.driver("in"));
            final Gro gro = new Gro();
            final Sink sink = new Sink();
            dataplane.start(new Graph().from(in).to(gro).from(gro.out()).to(sink));
            long least = Long.MAX_VALUE;
            int sent = 0;
            for (int round = 0; round < 20 && least > 0; round++) {
                for (int i = 0; i < 50; i++) {
                    final List<byte[]> packets = stream.next(30_000, 1000, ACK);
                    packets.forEach(in::inject);
                    sent += packets.size();
                }
                final long startBytes = threads.getCurrentThreadAllocatedBytes();
                int steps = 1;
                while (dataplane.step() > 0) {
                    steps++;
                }
                final long endBytes = threads.getCurrentThreadAllocatedBytes();
                // A step itself makes an iterator over the workers.
                for (int i = 0; i < steps; i++) {
                    dataplane.step();
                }
                final long idleBytes = threads.getCurrentThreadAllocatedBytes() - endBytes;
                least = Math.min(least, endBytes - startBytes - idleBytes);
            }
            assertEquals(0, least);
            assertTrue(sink.packets < sent / 10, sink.packets + " of " + sent);
        }
    }

    @Test
    void shouldReachNoByteOutsideWhateverIsInThePacket() {
        final FramePool pool = FramePool.create(64, 0);
        try (FrameCache frames = pool.cache("test")) {
            final Burst burst = new Burst(frames, 1);
            final TcpSegment segment = new TcpSegment();
            int read = 0;
            for (int seed = 0; seed < 50_000; seed++) {
                final Random random = new Random(seed);
                final byte[] packet = new Stream(random.nextInt(13)).next(random.nextInt(200), 200, ACK).get(0);
                for (int i = random.nextInt(3); i > 0; i--) {
                    packet[12 + random.nextInt(Math.min(60, packet.length) - 12)] = (byte) random.nextInt();
                }
                final int length = random.nextInt(3) == 0 ? 1 + random.nextInt(packet.length) : packet.length;
                final int offset = frames.allocateFor(length);
                burst.add(offset, length, 0);
                for (int i = 0; i < length; i++) {
                    UnsafeApi.putByte(burst.address(0) + i, packet[i]);
                }
                if (segment.read(burst, 0) == TcpSegment.Kind.TCP) {
                    assertTrue(segment.network >= 14 && segment.transport > segment.network
                        && segment.headers >= segment.transport + 20 && segment.headers + segment.data == length,
                        "seed " + seed);
                    read++;
                }
                burst.freeAll();
            }
            assertTrue(read > 10_000, read + " read");
        } finally {
            pool.close();
        }
    }
}
