/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Offload;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The pieces of a large packet: the same bytes, once, under headers that are right. */
class SegmenterTest {
    private static final int TCP = 6;
    private static final int UDP = 17;

    private final FramePool pool = FramePool.create(4096, 8);
    private final FrameCache frames = pool.cache("test");
    private final Burst large = new Burst(frames, 1);
    private final Burst pieces = new Burst(frames, 2048);
    private final Segmenter segmenter = new Segmenter();

    @AfterEach
    void everyFrameIsBack() {
        large.freeAll();
        pieces.freeAll();
        frames.close();
        pool.close();
    }

    /** Adds a packet with {@code data} random bytes, and answers how many bytes its headers have. */
    private int add(final boolean isIpv4, final boolean isTcp, final int tags, final int options, final int data) {
        final int network = 14 + 4 * tags;
        final int transport = network + (isIpv4 ? 20 : 40);
        final int headers = transport + (isTcp ? 20 + options : 8);
        final byte[] bytes = new byte[headers + data];
        new Random(data).nextBytes(bytes);
        final ByteBuffer packet = ByteBuffer.wrap(bytes);
        for (int tag = 0; tag < tags; tag++) {
            packet.putShort(12 + 4 * tag, (short) 0x8100);
        }
        packet.putShort(network - 2, (short) (isIpv4 ? 0x0800 : 0x86dd));
        if (isIpv4) {
            packet.put(network, (byte) 0x45).put(network + 9, (byte) (isTcp ? TCP : UDP));
        } else {
            packet.putInt(network, 0x6000_0000).put(network + 6, (byte) (isTcp ? TCP : UDP));
        }
        if (isTcp) {
            packet.put(transport + 12, (byte) (20 + options << 2)).put(transport + 13, (byte) 0x99)
                .putInt(transport + 4, 0xffff_f000);
        }
        final int offset = frames.allocateFor(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            UnsafeApi.putByte(pool.baseAddress() + offset + i, bytes[i]);
        }
        large.add(offset, bytes.length, 3);
        return headers;
    }

    private void request(final int gsoType, final int start, final int size) {
        assertTrue(large.offload(0, start, gsoType == Offload.GSO_UDP_L4 ? 6 : 16, gsoType, size, 0));
    }

    private static byte[] bytes(final Burst burst, final int i) {
        final byte[] bytes = new byte[burst.length(i)];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = UnsafeApi.getByte(burst.address(i) + at);
        }
        return bytes;
    }

    private static int sum(final byte[] bytes, final int from, final int to) {
        int sum = 0;
        for (int at = from; at < to; at++) {
            sum += (bytes[at] & 0xff) << ((at - from) % 2 == 0 ? 8 : 0);
        }
        return sum;
    }

    private static int fold(final int sum) {
        int folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return folded;
    }

    @ParameterizedTest
    @CsvSource({
        "true, true, 0, 0, 65000, 1460", "true, true, 0, 12, 65000, 1448", "true, true, 2, 40, 9001, 1000",
        "false, true, 0, 12, 65000, 1428", "false, true, 1, 0, 1461, 1460", "true, false, 0, 0, 65000, 1472",
        "false, false, 1, 0, 30000, 1000", "true, true, 0, 12, 60000, 8948", "true, true, 0, 0, 65000, 64",
        "true, false, 0, 0, 10, 3", "true, true, 0, 0, 1500, 1460"})
    void shouldMakePiecesThatAddUpToThePacket(final boolean isIpv4, final boolean isTcp, final int tags,
                                              final int options, final int data, final int size) {
        for (final boolean leavesChecksum : new boolean[] {false, true}) {
            final int headers = add(isIpv4, isTcp, tags, options, data);
            final int network = 14 + 4 * tags;
            final int transport = network + (isIpv4 ? 20 : 40);
            final int tcp = isIpv4 ? Offload.GSO_TCPV4 : Offload.GSO_TCPV6;
            request(isTcp ? tcp | Offload.GSO_ECN : Offload.GSO_UDP_L4, transport, size);
            large.mark(0, 77);
            final byte[] whole = bytes(large, 0);
            assertTrue(segmenter.begin(large, 0));
            while (segmenter.hasNext()) {
                assertTrue(segmenter.next(pieces, leavesChecksum));
            }
            final int count = (data + size - 1) / size;
            assertEquals(count, pieces.size());
            for (int i = 0; i < count; i++) {
                final byte[] piece = bytes(pieces, i);
                final int part = Math.min(size, data - i * size);
                assertEquals(headers + part, piece.length);
                assertEquals(3, pieces.port(i));
                assertEquals(77, pieces.mark(i));
                for (int at = 0; at < part; at++) {
                    assertEquals(whole[headers + i * size + at], piece[headers + at], "byte " + at + " of " + i);
                }
                checkNetwork(ByteBuffer.wrap(piece), ByteBuffer.wrap(whole), isIpv4, network, i);
                if (isTcp) {
                    final ByteBuffer header = ByteBuffer.wrap(piece);
                    assertEquals(0xffff_f000 + i * size, header.getInt(transport + 4));
                    final int flags = 0x10 | (i == 0 ? 0x80 : 0) | (i == count - 1 ? 0x09 : 0);
                    assertEquals(flags, header.get(transport + 13) & 0xff);
                } else {
                    assertEquals(8 + part, ByteBuffer.wrap(piece).getShort(transport + 4));
                }
                checkChecksum(piece, isIpv4, isTcp, network, transport, leavesChecksum);
                assertEquals(leavesChecksum, pieces.hasOffload(i));
            }
            pieces.freeAll();
            large.freeAll();
        }
    }

    private static void checkNetwork(final ByteBuffer piece, final ByteBuffer whole, final boolean isIpv4,
                                     final int network, final int number) {
        if (isIpv4) {
            assertEquals(piece.capacity() - network, piece.getShort(network + 2) & 0xffff);
            assertEquals((short) (whole.getShort(network + 4) + number), piece.getShort(network + 4));
            assertEquals(0xffff, fold(sum(piece.array(), network, network + 20)));
        } else {
            assertEquals(piece.capacity() - network - 40, piece.getShort(network + 4) & 0xffff);
        }
    }

    private static void checkChecksum(final byte[] piece, final boolean isIpv4, final boolean isTcp,
                                      final int network, final int transport, final boolean isLeft) {
        final int pseudo = fold(sum(piece, network + (isIpv4 ? 12 : 8), transport) + (isTcp ? TCP : UDP)
            + piece.length - transport);
        if (isLeft) {
            assertEquals(pseudo, ByteBuffer.wrap(piece).getShort(transport + (isTcp ? 16 : 6)) & 0xffff);
        } else {
            assertEquals(0xffff, fold(pseudo + sum(piece, transport, piece.length)));
        }
    }

    @Test
    void shouldRefuseWhatIsNotWhatItIsSaidToBe() {
        refuse(add(true, true, 0, 0, 9000), Offload.GSO_TCPV6, 34, 1448, -1, 0);
        refuse(add(false, true, 0, 0, 9000), Offload.GSO_TCPV4, 54, 1448, -1, 0);
        refuse(add(true, true, 0, 0, 9000), Offload.GSO_TCPV4, 38, 1448, -1, 0);
        refuse(add(true, true, 0, 0, 9000), Offload.GSO_TCPV4, 14, 1448, -1, 0);
        refuse(add(true, true, 0, 0, 9000), Offload.GSO_TCPV4, 34, 1448, 46, 0x40);
        refuse(add(true, true, 0, 0, 9000), Offload.GSO_TCPV4, 34, 1448, 14, 0x46);
        refuse(add(true, true, 0, 0, 9000), Offload.GSO_TCPV4, 34, 1448, 13, 6);
        refuse(add(true, false, 0, 0, 9000), Offload.GSO_TCPV4, 34, 1448, -1, 0);
        refuse(add(false, false, 0, 0, 9000), Offload.GSO_TCPV6, 54, 1448, -1, 0);
        refuse(add(true, true, 0, 0, 9000), Offload.GSO_UDP_L4, 34, 1448, -1, 0);
        // An IPv4 header with a tunnel's in front of it.
        refuse(add(true, false, 0, 0, 9000), Offload.GSO_TCPV4, 84, 1448, -1, 0);
        // Too many pieces: an attack.
        refuse(add(true, true, 0, 0, 60_000), Offload.GSO_TCPV4, 34, 1, -1, 0);
    }

    private void refuse(final int headers, final int gsoType, final int start, final int size, final int at,
                        final int value) {
        request(gsoType, start, size);
        if (at >= 0) {
            UnsafeApi.putByte(large.address(0) + at, (byte) value);
        }
        assertFalse(segmenter.begin(large, 0), headers + " bytes of headers");
        large.freeAll();
    }

    @Test
    void shouldStopWhenThePoolIsEmpty() {
        add(true, true, 0, 0, 60_000);
        request(Offload.GSO_TCPV4, 34, 60);
        final int[] taken = new int[4096];
        int n = 0;
        while (n < 4032) {
            n += frames.allocate(taken, n, 64);
        }
        assertTrue(segmenter.begin(large, 0));
        int made = 0;
        while (segmenter.next(pieces, false)) {
            made++;
        }
        assertEquals(pieces.size(), made);
        assertTrue(made < 1000 && segmenter.hasNext());
        for (int i = 0; i < n; i++) {
            frames.free(taken[i]);
        }
    }

    @Test
    void shouldReachNoByteOutsideWhateverIsInThePacket() {
        int cut = 0;
        for (int seed = 0; seed < 50_000; seed++) {
            final Random random = new Random(seed);
            final boolean isTcp = random.nextBoolean();
            final int headers = add(random.nextBoolean(), isTcp, random.nextInt(3), random.nextInt(3) * 4,
                1 + random.nextInt(1400));
            for (int i = random.nextInt(3); i > 0; i--) {
                UnsafeApi.putByte(large.address(0) + random.nextInt(headers), (byte) random.nextInt());
            }
            final int[] types = {Offload.GSO_TCPV4, Offload.GSO_TCPV6, Offload.GSO_UDP_L4};
            final int type = types[random.nextInt(3)];
            final int start = random.nextInt(4) == 0 ? random.nextInt(120) : headers - (isTcp ? 20 : 8);
            if (large.offload(0, start, type == Offload.GSO_UDP_L4 ? 6 : 16, type, 1 + random.nextInt(400), 0)
                && segmenter.begin(large, 0)) {
                int sum = 0;
                while (segmenter.hasNext()) {
                    assertTrue(segmenter.next(pieces, random.nextBoolean()), "seed " + seed);
                    sum += pieces.length(pieces.size() - 1);
                }
                assertTrue(sum >= large.length(0), "seed " + seed);
                cut++;
                pieces.freeAll();
            }
            large.freeAll();
        }
        assertTrue(cut > 1000, cut + " cut");
    }
}
