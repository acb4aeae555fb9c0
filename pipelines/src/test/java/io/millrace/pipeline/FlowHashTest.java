/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

class FlowHashTest {
    private final FramePool pool = FramePool.create(8, 0);
    private final FrameCache frames = pool.cache("test");
    private final Burst burst = new Burst(frames, 1);
    private final FlowHash hash = new FlowHash();

    @AfterEach
    void close() {
        pool.close();
    }

    private int hash(final byte[] packet) {
        burst.add(frames.allocate(), packet.length, 0);
        for (int i = 0; i < packet.length; i++) {
            UnsafeApi.putByte(burst.address(0) + i, packet[i]);
        }
        final int value = hash.of(burst, 0);
        burst.freeAll();
        return value;
    }

    private static byte[] tagged(final byte[] packet) {
        return ByteBuffer.allocate(packet.length + 4).put(packet, 0, 12).putInt(0x81000007)
            .put(packet, 12, packet.length - 12).array();
    }

    private static byte[] ipv6(final int lastByte, final int protocol, final int sourcePort) {
        return ByteBuffer.allocate(64).put(Packets.ethernet(Packets.B, Packets.A, 0), 0, 12).putShort((short) 0x86dd)
            .putInt(0x60000000).putShort((short) 10).put((byte) protocol).put((byte) 64)
            .putLong(1).putLong(2).putLong(3).putLong(lastByte).putShort((short) sourcePort).putShort((short) 53)
            .array();
    }

    @Test
    void shouldDifferByPort() {
        assertNotEquals(hash(Packets.udp(1, 0)), hash(Packets.udp(2, 0)));
        assertEquals(hash(Packets.udp(1, 0)), hash(Packets.udp(1, 0)));
    }

    @Test
    void shouldSeeThroughTags() {
        assertEquals(hash(Packets.udp(1, 0)), hash(tagged(Packets.udp(1, 0))));
        assertEquals(hash(Packets.udp(1, 0)), hash(tagged(tagged(Packets.udp(1, 0)))));
    }

    @Test
    void shouldKeepFragmentsTogether() {
        assertEquals(hash(Packets.udp(1, 0x2000)), hash(Packets.udp(2, 185)));
    }

    @Test
    void shouldHashIpv6() {
        assertNotEquals(hash(ipv6(4, 17, 1)), hash(ipv6(4, 17, 2)));
        assertNotEquals(hash(ipv6(4, 6, 1)), hash(ipv6(5, 6, 1)));
        assertEquals(hash(ipv6(4, 58, 1)), hash(ipv6(4, 58, 2)));
    }

    @Test
    void shouldHashMacAddressesOfTheRest() {
        assertEquals(hash(Packets.ethernet(Packets.A, Packets.B, 1)), hash(Packets.ethernet(Packets.A, Packets.B, 2)));
        assertNotEquals(hash(Packets.ethernet(Packets.A, Packets.B, 1)),
            hash(Packets.ethernet(Packets.A, Packets.C, 1)));
    }

    @Test
    void shouldNotTripOverBrokenPackets() {
        final byte[] whole = Packets.udp(1, 0);
        for (int length = 1; length < whole.length; length++) {
            hash(java.util.Arrays.copyOf(whole, length));
            hash(java.util.Arrays.copyOf(tagged(tagged(tagged(whole))), length));
            hash(java.util.Arrays.copyOf(ipv6(4, 17, 1), length));
        }
        assertEquals(0, hash(new byte[13]));
    }
}
