/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Offload;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Requests that fit their packet pass with the right length of headers; all others do not pass. */
class OffloadCheckTest {
    private static final int SENSELESS = OffloadCheck.SENSELESS;
    private static final int NOT_CUT = OffloadCheck.NOT_CUT;
    private static final int ROOM = 1 << 17;

    private final long memory = UnsafeApi.allocateMemory(ROOM);

    @AfterEach
    void free() {
        UnsafeApi.freeMemory(memory);
    }

    private int check(final byte[] packet, final long request) {
        return check(packet, packet.length, request);
    }

    private int check(final byte[] packet, final int length, final long request) {
        OffloadPackets.write(packet, memory);
        return OffloadCheck.headers(memory, length, request);
    }

    @Test
    void shouldPassChecksumsThatAreWhereTheirHeadersHaveThem() {
        final byte[] tcp4 = OffloadPackets.ipv4(OffloadPackets.TCP, 100, 1);
        final byte[] udp4 = OffloadPackets.ipv4(OffloadPackets.UDP, 100, 1);
        final byte[] tcp6 = OffloadPackets.ipv6(OffloadPackets.TCP, 100, 1);
        assertEquals(NOT_CUT, check(tcp4, OffloadPackets.checksum(34, 16)));
        assertEquals(NOT_CUT, check(udp4, OffloadPackets.checksum(34, 6)));
        assertEquals(NOT_CUT, check(tcp6, OffloadPackets.checksum(54, 16)));
        assertEquals(NOT_CUT, check(OffloadPackets.tagged(tcp4, 0x8100), OffloadPackets.checksum(38, 16)));
        assertEquals(NOT_CUT, check(OffloadPackets.tagged(OffloadPackets.tagged(tcp6, 0x8100), 0x88a8),
            OffloadPackets.checksum(62, 16)));
        assertEquals(NOT_CUT, check(OffloadPackets.extended(tcp6, 60), OffloadPackets.checksum(62, 16)));
        // A tunnel: what lacks its checksum is a packet inside.
        assertEquals(NOT_CUT, check(udp4, OffloadPackets.checksum(80, 16)));
        // GRE, and what is no IP at all.
        assertEquals(NOT_CUT, check(OffloadPackets.ipv4(47, 100, 1), OffloadPackets.checksum(58, 16)));
        assertEquals(NOT_CUT, check(DriverHost.packet(1, 100), OffloadPackets.checksum(14, 2)));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0", "0, 6", "6, 0", "12, 0", "13, 0", "14, 10", "14, 36", "30, 20", "33, 17", "34, 0", "34, 6", "34, 17",
        "35, 16", "50, 0", "83, 16", "99, 0", "100, 0", "65535, 0", "65535, 65535", "34, 65535", "34, 65"})
    void shouldRefuseAChecksumElsewhereInATcpPacket(final int start, final int place) {
        assertEquals(SENSELESS, check(OffloadPackets.ipv4(OffloadPackets.TCP, 100, 1),
            OffloadPackets.checksum(start, place)));
    }

    @ParameterizedTest
    @CsvSource({"34, 0", "34, 4", "34, 16", "35, 6", "41, 0", "20, 20", "42, 57", "98, 1"})
    void shouldRefuseAChecksumElsewhereInAUdpPacket(final int start, final int place) {
        assertEquals(SENSELESS, check(OffloadPackets.ipv4(OffloadPackets.UDP, 100, 1),
            OffloadPackets.checksum(start, place)));
    }

    @Test
    void shouldPassPacketsToBeCutWithTheirHeaders() {
        final byte[] tcp4 = OffloadPackets.ipv4(OffloadPackets.TCP, 9000, 1);
        tcp4[46] = (byte) 0x80;
        assertEquals(34 + 32, check(tcp4, OffloadPackets.cut(Offload.GSO_TCPV4, 1448, 34, 16)));
        assertEquals(34 + 32, check(tcp4,
            OffloadPackets.cut(Offload.GSO_TCPV4 | Offload.GSO_ECN, 1448, 34, 16)));
        final byte[] tcp6 = OffloadPackets.ipv6(OffloadPackets.TCP, 65_549, 1);
        assertEquals(54 + 20, check(tcp6, OffloadPackets.cut(Offload.GSO_TCPV6, 1428, 54, 16)));
        assertEquals(62 + 20, check(OffloadPackets.extended(tcp6, 0),
            OffloadPackets.cut(Offload.GSO_TCPV6, 1428, 62, 16)));
        assertEquals(42, check(OffloadPackets.ipv4(OffloadPackets.UDP, 9000, 1),
            OffloadPackets.cut(Offload.GSO_UDP_L4, 1472, 34, 6)));
        assertEquals(62, check(OffloadPackets.ipv6(OffloadPackets.UDP, 9000, 1),
            OffloadPackets.cut(Offload.GSO_UDP_L4, 1452, 54, 6)));
    }

    @ParameterizedTest
    @ValueSource(ints = {46, 47, 1448, 65535})
    void shouldNotCutWhereOnePieceWouldCome(final int gsoSize) {
        assertEquals(NOT_CUT, check(OffloadPackets.ipv4(OffloadPackets.TCP, 100, 1),
            OffloadPackets.cut(Offload.GSO_TCPV4, gsoSize, 34, 16)));
    }

    @ParameterizedTest
    @CsvSource({
        // Types that are none, or not those of the packet; ECN alone, or of UDP.
        "0x7f, 100", "3, 100", "4, 100", "5, 100", "0x80, 100", "0x85, 100", "2, 100", "0xff, 100",
        // Nothing in each piece.
        "1, 0"})
    void shouldRefuseToCutTcpOverIpv4By(final String gsoType, final int gsoSize) {
        assertEquals(SENSELESS, check(OffloadPackets.ipv4(OffloadPackets.TCP, 9000, 1),
            OffloadPackets.cut(Integer.decode(gsoType), gsoSize, 34, 16)));
    }

    @Test
    void shouldRefuseToCutWhatIsNotWhatItIsSaidToBe() {
        final long tcp = OffloadPackets.cut(Offload.GSO_TCPV4, 1448, 34, 16);
        final byte[] good = OffloadPackets.ipv4(OffloadPackets.TCP, 9000, 1);
        assertEquals(54, check(good, tcp));
        assertEquals(SENSELESS, check(good, tcp & ~OffloadRequest.NEEDS_CSUM));
        assertEquals(SENSELESS, check(DriverHost.packet(1, 9000), tcp));
        assertEquals(SENSELESS, check(OffloadPackets.ipv4(OffloadPackets.UDP, 9000, 1),
            OffloadPackets.cut(Offload.GSO_UDP_L4, 1448, 80, 6)));
        assertEquals(SENSELESS, check(with(good, 14, 0x44), tcp));
        assertEquals(SENSELESS, check(with(good, 14, 0x65), tcp));
        // A fragment: its checksum is over more than this packet.
        assertEquals(SENSELESS, check(with(good, 20, 0x20), tcp));
        assertEquals(SENSELESS, check(with(good, 21, 1), tcp));
        assertEquals(SENSELESS, check(with(good, 46, 0x40), tcp));
        assertEquals(SENSELESS, check(with(good, 46, 0xf0), 60, OffloadPackets.cut(1, 1, 34, 16)));
        final byte[] six = OffloadPackets.ipv6(OffloadPackets.TCP, 9000, 1);
        assertEquals(SENSELESS, check(OffloadPackets.extended(six, 44), OffloadPackets.cut(4, 1448, 62, 16)));
        assertEquals(SENSELESS, check(with(six, 14, 0x45), OffloadPackets.cut(4, 1448, 54, 16)));
        byte[] chain = six;
        for (int i = 0; i < 9; i++) {
            chain = OffloadPackets.extended(chain, 60);
        }
        assertEquals(SENSELESS, check(chain, OffloadPackets.cut(4, 1448, 54 + 72, 16)));
    }

    private static byte[] with(final byte[] packet, final int at, final int value) {
        final byte[] changed = packet.clone();
        changed[at] = (byte) value;
        return changed;
    }

    /** Nothing behind a packet counts, and whatever passes is a request that a burst takes. */
    @Test
    void shouldLookAtNothingButThePacketWhateverIsInIt() {
        try (FramePool pool = FramePool.create(64, 4); FrameCache frames = pool.cache("test")) {
            final Burst burst = new Burst(frames, 1);
            int passed = 0;
            for (int seed = 0; seed < 300_000; seed++) {
                final Random random = new Random(seed);
                final int length = 14 + random.nextInt(random.nextBoolean() ? 80 : 1600);
                final byte[] packet = any(random, length);
                final long request = request(random);
                OffloadPackets.write(packet, memory);
                UnsafeApi.setMemory(memory + length, 256, (byte) 0);
                final int headers = OffloadCheck.headers(memory, length, request);
                UnsafeApi.setMemory(memory + length, 256, (byte) 0x45);
                assertEquals(headers, OffloadCheck.headers(memory, length, request), "seed " + seed);
                final int offset = frames.allocate();
                OffloadPackets.write(packet, pool.baseAddress() + offset);
                final boolean isAdded = OffloadCheck.add(burst, offset, length, 0, request);
                assertEquals(headers != SENSELESS, isAdded, "seed " + seed);
                if (isAdded) {
                    passed++;
                    assertTrue(burst.hasOffload(0), "seed " + seed);
                    assertTrue(burst.checksumStart(0) >= 14, "seed " + seed);
                    assertEquals(headers, burst.headerLength(0), "seed " + seed);
                    assertEquals(headers != NOT_CUT, burst.gsoType(0) != Offload.GSO_NONE, "seed " + seed);
                    burst.freeAll();
                } else {
                    assertFalse(burst.size() > 0, "seed " + seed);
                    frames.free(offset);
                }
            }
            assertTrue(passed > 3_000, passed + " passed");
        }
    }

    /** Mostly a packet with headers, of which one byte or two are not right. */
    private static byte[] any(final Random random, final int length) {
        final int protocol = random.nextBoolean() ? OffloadPackets.TCP : OffloadPackets.UDP;
        final byte[] packet;
        if (length < 74) {
            packet = new byte[length];
            random.nextBytes(packet);
            packet[12] = 8;
            packet[13] = 0;
        } else {
            packet = random.nextBoolean() ? OffloadPackets.ipv4(protocol, length, 1)
                : OffloadPackets.ipv6(protocol, length, 1);
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            packet[random.nextInt(Math.min(length, 74))] = (byte) random.nextInt();
        }
        return packet;
    }

    private static long request(final Random random) {
        final int[] starts = {0, 14, 34, 38, 54, 62, 65535, random.nextInt(100)};
        final int[] places = {16, 6, 16, 6, 0, 65535, random.nextInt(100)};
        final int[] types = {0, 1, 4, 5, 0x81, 0x84, 3, random.nextInt(256)};
        final int[] sizes = {0, 1, 100, 1448, 65535};
        return OffloadRequest.of(types[random.nextInt(types.length)] << 8 | (random.nextInt(16) == 0 ? 0 : 1),
            sizes[random.nextInt(sizes.length)], starts[random.nextInt(starts.length)],
            places[random.nextInt(places.length)]);
    }
}
