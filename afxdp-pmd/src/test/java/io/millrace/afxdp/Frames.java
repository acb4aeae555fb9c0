/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import java.util.HexFormat;

/** Packets for the tests of filters, made of hexadecimal headers. */
final class Frames {
    static final long MAC = 0x5254_0012_3456L;
    static final long OTHER_MAC = 0x5254_0012_3457L;

    private Frames() {
    }

    /** An Ethernet header, any tags as {@code "8100 0064"}, and what follows, from its type on. */
    static byte[] ethernet(final long destination, final String... rest) {
        return hex("%012x 020000000001".formatted(destination) + String.join("", rest));
    }

    /** From the Ethernet type on: UDP over IPv4, with options and the fragment field. */
    static String udp4(final int port, final int words, final int fragment) {
        final String header = "0800 %02x00 0040 0000 %04x 4011 0000 0a000001 0a000002"
            .formatted(0x40 | words, fragment);
        return header + "07".repeat(Math.max(0, 4 * words - 20)) + udp(port);
    }

    static String udp4(final int port) {
        return udp4(port, 5, 0);
    }

    static String udp6(final int port) {
        return "86dd 60000000 0010 11 40" + "fe80".repeat(16) + udp(port);
    }

    static String udp(final int port) {
        return "1111 %04x 0010 0000".formatted(port) + "0102030405060708";
    }

    static String arp() {
        return "0806 0001 0800 0604 0001" + "00".repeat(20);
    }

    static byte[] hex(final String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }
}
