/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Offload;
import org.agrona.UnsafeApi;

import java.nio.ByteBuffer;

/** Packets whose senders left something to be done, with bytes behind the headers that follow from a number. */
final class OffloadPackets {
    static final int TCP_PLACE = 16;
    static final int UDP_PLACE = 6;
    static final int TCP = 6;
    static final int UDP = 17;

    private static final int ETHERNET = 14;
    private static final int IPV4 = 20;
    private static final int IPV6 = 40;

    private OffloadPackets() {
    }

    /** Ethernet, IPv4 and a transport header, 34 bytes before it. */
    static byte[] ipv4(final int protocol, final int length, final int number) {
        final ByteBuffer packet = filled(length, number).putShort(12, (short) 0x0800);
        packet.put(ETHERNET, (byte) 0x45).putShort(ETHERNET + 2, (short) (length - ETHERNET))
            .putShort(ETHERNET + 6, (short) 0x4000).put(ETHERNET + 9, (byte) protocol);
        return transport(packet, ETHERNET + IPV4, protocol);
    }

    /** Ethernet, IPv6 and a transport header, 54 bytes before it. */
    static byte[] ipv6(final int protocol, final int length, final int number) {
        final ByteBuffer packet = filled(length, number).putShort(12, (short) 0x86dd);
        packet.putInt(ETHERNET, 0x6000_0000).putShort(ETHERNET + 4, (short) (length - ETHERNET - IPV6))
            .put(ETHERNET + 6, (byte) protocol);
        return transport(packet, ETHERNET + IPV6, protocol);
    }

    /** The same packet with a VLAN tag. */
    static byte[] tagged(final byte[] packet, final int type) {
        final ByteBuffer longer = ByteBuffer.allocate(packet.length + 4);
        longer.put(packet, 0, 12).putShort((short) type).putShort((short) 7).put(packet, 12, packet.length - 12);
        return longer.array();
    }

    /** An IPv6 packet with an extension header of 8 bytes before the rest. */
    static byte[] extended(final byte[] packet, final int extension) {
        final ByteBuffer longer = ByteBuffer.allocate(packet.length + 8);
        final int at = ETHERNET + IPV6;
        longer.put(packet, 0, at).put(packet[ETHERNET + 6]).put(new byte[7]).put(packet, at, packet.length - at);
        return longer.put(ETHERNET + 6, (byte) extension).array();
    }

    private static ByteBuffer filled(final int length, final int number) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (number * 31 + i);
        }
        bytes[0] = 2;
        bytes[6] = 2;
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] transport(final ByteBuffer packet, final int at, final int protocol) {
        if (protocol == TCP && at + 12 < packet.capacity()) {
            packet.put(at + 12, (byte) 0x50);
        }
        return packet.array();
    }

    static void write(final byte[] packet, final long address) {
        for (int i = 0; i < packet.length; i++) {
            UnsafeApi.putByte(address + i, packet[i]);
        }
    }

    /** A request for a checksum. */
    static long checksum(final int start, final int place) {
        return OffloadRequest.of(OffloadRequest.NEEDS_CSUM, 0, start, place);
    }

    /** A request to be cut, of a type of {@link Offload}. */
    static long cut(final int gsoType, final int gsoSize, final int start, final int place) {
        return OffloadRequest.of(OffloadRequest.NEEDS_CSUM | gsoType << 8, gsoSize, start, place);
    }
}
