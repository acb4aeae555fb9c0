/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/**
 * Packets of few addresses and ports, so that filters meet them often: whole ones, fragments, with options and
 * extension headers, behind up to three tags, ARP and other protocols, and what is cut off anywhere.
 */
final class RandomPackets {
    static final String[] MACS = {"02:00:00:00:00:0a", "02:00:00:00:00:0b", "ff:ff:ff:ff:ff:ff"};
    static final String[] HOSTS = {"10.0.0.1", "10.0.1.2", "192.168.7.9", "224.0.0.1"};
    static final String[] HOSTS_6 = {"fe80::1", "fe80::2", "2001:db8::7", "::1"};
    static final int[] PORTS = {0, 22, 53, 80, 443, 4789, 65535};
    static final int[] VLANS = {0, 1, 100, 4095};

    private static final int[] TAGS = {0x8100, 0x8100, 0x88a8, 0x9100};
    private static final int[] PROTOCOLS = {6, 6, 17, 17, 132, 1, 58, 47, 44};
    private static final int[] EXTENSIONS = {0, 43, 44, 60};

    private final Random random;

    RandomPackets(final Random random) {
        this.random = random;
    }

    byte[] next() {
        final ByteBuffer packet = ByteBuffer.allocate(400);
        packet.put(mac()).put(mac());
        for (int tags = random.nextInt(8); tags > 4; tags--) {
            packet.putShort((short) pick(TAGS)).putShort((short) (random.nextInt(16) << 12 | pick(VLANS)));
        }
        switch (random.nextInt(10)) {
            case 0, 1, 2, 3 -> ipv4(packet.putShort((short) 0x0800));
            case 4, 5, 6 -> ipv6(packet.putShort((short) 0x86dd));
            case 7, 8 -> arp(packet.putShort((short) (random.nextInt(4) == 0 ? 0x8035 : 0x0806)));
            default -> packet.putShort((short) (random.nextBoolean() ? 0x88cc : random.nextInt(0x600)));
        }
        packet.position(packet.position() + random.nextInt(60));
        final byte[] whole = Arrays.copyOf(packet.array(), packet.position());
        return random.nextInt(4) == 0 ? Arrays.copyOf(whole, 1 + random.nextInt(whole.length)) : whole;
    }

    private void ipv4(final ByteBuffer packet) {
        // Lengths below 5 are wrong, and read all the same.
        final int words = random.nextInt(3) == 0 ? random.nextInt(16) : 5;
        final int fragment = random.nextInt(3) == 0 ? random.nextInt(1 << 16) & 0x2007 : 0x4000;
        final int start = packet.position();
        packet.put((byte) (0x40 | words)).put((byte) 0).putShort((short) 60).putShort((short) 1)
            .putShort((short) fragment).put((byte) 64).put((byte) pick(PROTOCOLS)).putShort((short) 0)
            .put(host()).put(host());
        packet.position(start + Math.max(20, 4 * words));
        ports(packet);
    }

    private void ipv6(final ByteBuffer packet) {
        final int extensions = Math.max(0, random.nextInt(5) - 2);
        packet.putInt(0x60000000).putShort((short) 40)
            .put((byte) (extensions > 0 ? pick(EXTENSIONS) : pick(PROTOCOLS))).put((byte) 64).put(host6()).put(host6());
        for (int i = extensions; i > 0; i--) {
            packet.put((byte) (i > 1 ? pick(EXTENSIONS) : pick(PROTOCOLS))).put((byte) 0).putShort((short) 0).putInt(0);
        }
        ports(packet);
    }

    private void arp(final ByteBuffer packet) {
        packet.putShort((short) 1).putShort((short) 0x0800).put((byte) 6).put((byte) 4).putShort((short) 1)
            .put(mac()).put(host()).put(mac()).put(host());
    }

    private void ports(final ByteBuffer packet) {
        packet.putShort((short) pick(PORTS)).putShort((short) pick(PORTS)).putLong(random.nextLong());
    }

    private int pick(final int[] from) {
        return from[random.nextInt(from.length)];
    }

    private byte[] mac() {
        return HexFormat.ofDelimiter(":").parseHex(MACS[random.nextInt(MACS.length)]);
    }

    private byte[] host() {
        return address(HOSTS[random.nextInt(HOSTS.length)]);
    }

    private byte[] host6() {
        return address(HOSTS_6[random.nextInt(HOSTS_6.length)]);
    }

    private static byte[] address(final String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (final UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
