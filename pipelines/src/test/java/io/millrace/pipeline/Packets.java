/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.packet.MacAddress;

import java.nio.ByteBuffer;

/** Packets as bytes. */
final class Packets {
    static final String A = "02:00:00:00:00:0a";
    static final String B = "02:00:00:00:00:0b";
    static final String C = "02:00:00:00:00:0c";
    static final String ALL = "ff:ff:ff:ff:ff:ff";

    private Packets() {
    }

    static byte[] ethernet(final String destination, final String source, final int number) {
        final ByteBuffer packet = ByteBuffer.allocate(64);
        mac(packet, destination);
        mac(packet, source);
        return packet.putShort((short) 0x88b5).putInt(number).array();
    }

    static byte[] udp(final int sourcePort, final int flags) {
        return ByteBuffer.allocate(64).put(ethernet(B, A, 0), 0, 12).putShort((short) 0x0800)
            .put((byte) 0x45).put((byte) 0).putShort((short) 50).putShort((short) 0).putShort((short) flags)
            .put((byte) 64).put((byte) 17).putShort((short) 0).putInt(0x0a000001).putInt(0x0a000002)
            .putShort((short) sourcePort).putShort((short) 53).array();
    }

    /** The number that {@link #ethernet} put into it. */
    static int number(final byte[] packet) {
        return ByteBuffer.wrap(packet).getInt(14);
    }

    static String destination(final byte[] packet) {
        return MacAddress.format(ByteBuffer.wrap(packet).getLong(0) >>> 16);
    }

    static String source(final byte[] packet) {
        return MacAddress.format(ByteBuffer.wrap(packet).getLong(6) >>> 16);
    }

    private static void mac(final ByteBuffer packet, final String text) {
        final long mac = MacAddress.parse(text);
        packet.putShort((short) (mac >>> 32)).putInt((int) mac);
    }
}
