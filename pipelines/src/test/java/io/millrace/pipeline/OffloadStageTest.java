/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.Offload;
import io.millrace.packet.Checksum;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

/** Work that a sender left to the interface, on the way to a port that does not take it. */
class OffloadStageTest {
    private static final int UDP = 34;
    private static final int[] CHECKSUM = {UDP, 6, Offload.GSO_NONE, 0, 0};
    private static final int[] LARGE = {UDP, 6, Offload.GSO_UDP_L4, 10, 42};

    private final Dataplane dataplane = Dataplane.builder().frames(512).jumboFrames(0).build();
    private final MemoryPort in = (MemoryPort) dataplane.open(MemoryPort.driver("in"));
    private final MemoryPort out = (MemoryPort) dataplane.open(MemoryPort.driver("out"));

    @AfterEach
    void close() {
        dataplane.close();
    }

    /** A UDP packet whose checksum field holds the sum of the pseudo header, as Linux leaves it. */
    private static byte[] partial(final int sourcePort) {
        final byte[] packet = Packets.udp(sourcePort, 0);
        final ByteBuffer bytes = ByteBuffer.wrap(packet);
        bytes.putShort(UDP + 4, (short) (packet.length - UDP));
        bytes.putShort(UDP + 6, (short) pseudoHeaderSum(bytes));
        return packet;
    }

    private static int pseudoHeaderSum(final ByteBuffer packet) {
        return Checksum.pseudoHeaderSum(packet.getInt(26), packet.getInt(30), 17, packet.capacity() - UDP);
    }

    /** Adds it up anew: ones' complement of pseudo header and datagram, checksum included. */
    private static int sum(final byte[] packet) {
        return sum(packet, pseudoHeaderSum(ByteBuffer.wrap(packet)));
    }

    private static int sum(final byte[] packet, final int first) {
        final ByteBuffer bytes = ByteBuffer.wrap(packet);
        int sum = first;
        for (int at = UDP; at < packet.length; at += 2) {
            sum += bytes.getShort(at) & 0xffff;
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }

    private static OffloadStage stage(final FrameCache frames, final Burst inbox, final Counters.Scope scope) {
        return new OffloadStage(frames, inbox, () -> 0, inbox::freeAll, "test", "a test", scope);
    }

    private void start() {
        dataplane.start(new Graph().from(in).to(out).from(out).to(in));
    }

    private long counter(final String name) {
        return dataplane.counters().scope("port", "out", "tx0").counter(name).get();
    }

    @Test
    void shouldFillInTheChecksum() {
        in.offloads = Offload.CSUM;
        in.line(0).request = CHECKSUM;
        for (int port = 1; port <= 100; port++) {
            in.inject(partial(port));
        }
        start();
        out.await(100).forEach(packet -> assertEquals(0xffff, sum(packet)));
        Until.isTrue(() -> counter("checksummed") == 100, () -> counter("checksummed") + " checksums");
    }

    @Test
    void shouldFillItInForAPortThatCameLaterToAnotherWorker() {
        final Worker edge = dataplane.worker("edge");
        final Worker core = dataplane.worker("core");
        final TestNodes.Pass first = new TestNodes.Pass();
        final TestNodes.Pass second = new TestNodes.Pass();
        final Graph graph = new Graph().from(in).to(first).from(first.out).to(second).from(second.out).to(out)
            .from(out).to(in).place(edge, in, first).place(core, second, out);
        dataplane.start(graph.copy());
        final MemoryPort vm = (MemoryPort) dataplane.open(MemoryPort.driver("vm"));
        vm.offloads = Offload.CSUM;
        vm.line(0).request = CHECKSUM;
        dataplane.apply(graph.from(vm).to(first).place(edge, vm.rx(0)));
        vm.inject(partial(1));
        assertEquals(0xffff, sum(out.await(1).get(0)));
    }

    @Test
    void shouldWriteNoZeroForAUdpChecksum() {
        in.offloads = Offload.CSUM;
        in.line(0).request = CHECKSUM;
        // The one source port that makes all of it add up to 0xffff, whose complement is 0.
        in.inject(partial(0xffff - sum(partial(0), 0)));
        start();
        final byte[] sent = out.await(1).get(0);
        assertEquals((short) 0xffff, ByteBuffer.wrap(sent).getShort(UDP + 6));
        assertEquals(0xffff, sum(sent));
    }

    @Test
    void shouldLeaveItToAPortThatFillsItIn() {
        in.offloads = Offload.CSUM;
        out.offloads = Offload.CSUM;
        in.line(0).request = CHECKSUM;
        in.inject(partial(1));
        start();
        assertArrayEquals(partial(1), out.await(1).get(0));
        assertEquals(0, counter("checksummed"));
    }

    @Test
    void shouldLeaveCompletePacketsAlone() {
        in.offloads = Offload.CSUM;
        in.inject(partial(1));
        start();
        assertArrayEquals(partial(1), out.await(1).get(0));
        assertEquals(0, counter("checksummed"));
    }

    @Test
    void shouldDropWhatCannotBeFinishedAndKeepTheOrderOfTheRest() {
        try (Dataplane plane = Dataplane.builder().frames(64).jumboFrames(0).build()) {
            final var frames = plane.pool().cache("test");
            final Burst inbox = new Burst(frames, 8);
            for (int i = 0; i < 8; i++) {
                final byte[] packet = partial(i);
                inbox.add(frames.allocate(), packet.length, 0);
                for (int at = 0; at < packet.length; at++) {
                    UnsafeApi.putByte(inbox.address(i) + at, packet[at]);
                }
            }
            inbox.offload(1, UDP, 6, Offload.GSO_NONE, 0, 0);
            // To be cut, and nothing that could be.
            inbox.offload(2, UDP, 6, Offload.GSO_UDP_L4, 10, 42);
            UnsafeApi.putByte(inbox.address(2) + 14, (byte) 0);
            // The headers that the checksum begins in are gone.
            inbox.offload(4, UDP, 6, Offload.GSO_NONE, 0, 0);
            inbox.trimFront(4, UDP + 2);
            // The place for the checksum is gone.
            inbox.offload(7, UDP, 6, Offload.GSO_NONE, 0, 0);
            inbox.resize(7, UDP + 7);
            final var scope = plane.counters().scope("test");
            stage(frames, inbox, scope).run();
            assertEquals(1, scope.counter("checksummed").get());
            assertEquals(3, scope.drops(Drops.OFFLOAD).get());
            final List<Integer> left = List.of(0, 1, 3, 5, 6);
            assertEquals(left.size(), inbox.size());
            for (int i = 0; i < left.size(); i++) {
                assertEquals(left.get(i), UnsafeApi.getByte(inbox.address(i) + UDP + 1) & 0xff);
                assertEquals(0, inbox.flags(i));
            }
            inbox.freeAll();
            frames.close();
        }
    }

    @Test
    void shouldNotReachOutsideThePacketWhateverWasWrittenIntoItsFrame() {
        try (Dataplane plane = Dataplane.builder().frames(64).jumboFrames(0).build()) {
            final var frames = plane.pool().cache("test");
            final Burst inbox = new Burst(frames, 1);
            final var scope = plane.counters().scope("test");
            final OffloadStage stage = stage(frames, inbox, scope);
            final int[] starts = {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30};
            for (final int start : starts) {
                inbox.add(frames.allocate(), 64, 0);
                inbox.offload(0, UDP, 6, Offload.GSO_NONE, 0, 0);
                // What a back-end that shares the pool can do: the record is in the first bytes of the frame.
                UnsafeApi.putInt(inbox.address(0) - inbox.headroom(0) - 16, start);
                stage.run();
                assertEquals(0, inbox.size());
            }
            assertEquals(starts.length, scope.drops(Drops.OFFLOAD).get());
            frames.close();
        }
    }

    @Test
    void shouldCutForAPortThatDoesNot() {
        in.offloads = Offload.CSUM | Offload.USO;
        out.offloads = Offload.CSUM;
        in.line(0).request = new int[] {UDP, 6, Offload.GSO_UDP_L4, 4, 42};
        for (int i = 0; i < 100; i++) {
            in.inject(partial(i));
        }
        start();
        final int pieces = (partial(0).length - 42 + 3) / 4;
        final List<byte[]> packets = out.await(100 * pieces);
        for (int i = 0; i < packets.size(); i++) {
            // Its checksum is left to the port, which takes that: the sum of the pseudo header stands there.
            assertEquals(i / pieces, ByteBuffer.wrap(packets.get(i)).getShort(UDP) & 0xffff, "packet " + i);
            assertEquals(pseudoHeaderSum(ByteBuffer.wrap(packets.get(i))),
                ByteBuffer.wrap(packets.get(i)).getShort(UDP + 6) & 0xffff, "packet " + i);
        }
        Until.isTrue(() -> counter("segmented") == 100, () -> counter("segmented") + " segmented");
    }

    @Test
    void shouldTakeLargePacketsBetweenPortsThatBothDo() {
        in.offloads = Offload.CSUM | Offload.USO;
        out.offloads = Offload.CSUM | Offload.USO;
        in.line(0).request = LARGE;
        in.inject(partial(1));
        start();
        assertArrayEquals(partial(1), out.await(1).get(0));
    }
}
