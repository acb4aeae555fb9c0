/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

/** Builds IPv4 packets with Ethernet headers, as bytes. */
final class Packets {
    static final int TCP = 34;
    static final int TCP_HEADERS = 54;
    static final int UDP = 34;

    private Packets() {
    }

    /** An UDP packet of a flow, which its last byte but one numbers. */
    static byte[] udp(final int flow, final int number) {
        final byte[] packet = ip(17, 64);
        put16(packet, UDP, 1000 + flow);
        put16(packet, UDP + 2, 9);
        put16(packet, UDP + 4, 64 - UDP);
        packet[62] = (byte) number;
        packet[63] = (byte) flow;
        return packet;
    }

    /** A TCP packet with ACK, whose checksum field holds the sum of the pseudo header only. */
    static byte[] unfinishedTcp(final int length) {
        final byte[] packet = ip(6, length);
        put16(packet, TCP, 4000);
        put16(packet, TCP + 2, 5000);
        packet[TCP + 12] = 0x50;
        packet[TCP + 13] = 0x10;
        put16(packet, TCP + 14, 0xffff);
        for (int i = TCP_HEADERS; i < length; i++) {
            packet[i] = (byte) (i * 13);
        }
        put16(packet, TCP + 16, (int) fold(pseudoHeader(packet, length - TCP)));
        return packet;
    }

    private static byte[] ip(final int protocol, final int length) {
        final byte[] packet = new byte[length];
        for (int i = 0; i < 6; i++) {
            packet[i] = (byte) 0xff;
            packet[6 + i] = 2;
        }
        put16(packet, 12, 0x0800);
        packet[14] = 0x45;
        put16(packet, 16, length - 14);
        packet[22] = 64;
        packet[23] = (byte) protocol;
        packet[26] = 10;
        packet[29] = 1;
        packet[30] = 10;
        packet[33] = 2;
        put16(packet, 24, (int) ~fold(sum(packet, 14, 34)) & 0xffff);
        return packet;
    }

    /** Whether the TCP checksum of a packet is right. */
    static boolean isTcpRight(final byte[] packet) {
        return fold(pseudoHeader(packet, packet.length - TCP) + sum(packet, TCP, packet.length)) == 0xffff;
    }

    private static long pseudoHeader(final byte[] packet, final int length) {
        return sum(packet, 26, 34) + packet[23] + length;
    }

    static long sum(final byte[] packet, final int from, final int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            sum += (i - from & 1) == 0 ? (packet[i] & 0xff) << 8 : packet[i] & 0xff;
        }
        return sum;
    }

    static long fold(final long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return folded;
    }

    static void put16(final byte[] packet, final int at, final int value) {
        packet[at] = (byte) (value >> 8);
        packet[at + 1] = (byte) value;
    }
}
