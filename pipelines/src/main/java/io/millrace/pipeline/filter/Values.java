/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.packet.EtherType;
import io.millrace.packet.Ipv4Address;
import io.millrace.packet.MacAddress;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** Numbers and addresses as they are written in filters. Each method says what is wrong, with an example. */
final class Values {
    private static final String IPV6 = "[0-9a-fA-F:][0-9a-fA-F:.]*";

    private Values() {
    }

    /** A decimal number, or a hexadecimal one with {@code 0x}. */
    static int number(final Token token, final int min, final int max, final String noun, final String example) {
        return number(token, token.text(), min, max, noun, example);
    }

    /** A number that is a part of a token. */
    static int number(final Token token, final String text, final int min, final int max, final String noun,
                      final String example) {
        final boolean isHex = text.matches("0x[0-9a-fA-F]{1,7}");
        // A leading zero means octal to some readers and decimal to others.
        if (isHex || text.matches("0|[1-9][0-9]{0,8}")) {
            final int number = isHex ? Integer.parseInt(text.substring(2), 16) : Integer.parseInt(text);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw token.insteadOf(noun + " from " + min + " to " + max, example);
    }

    /** An address; {@code kind} says of what. */
    static int ipv4(final Token token, final String text, final String kind, final String example) {
        try {
            return Ipv4Address.parse(text);
        } catch (final IllegalArgumentException e) {
            throw token.insteadOf(kind, example);
        }
    }

    /** Whether it is an IPv6 address or net, as far as its form says. */
    static boolean isIpv6(final String text) {
        return text.indexOf(':') >= 0;
    }

    /** Four words of 32 bits. */
    static int[] ipv6(final Token token, final String text, final String kind, final String example) {
        if (text.matches(IPV6) && isIpv6(text)) {
            try {
                // No name is ever looked up: it begins like an IPv6 address and has a colon.
                final InetAddress address = InetAddress.getByName(text);
                final ByteBuffer bytes = ByteBuffer.allocate(16);
                if (address instanceof Inet4Address) {
                    bytes.putLong(0).putInt(0xFFFF);
                }
                bytes.put(address.getAddress()).flip();
                return new int[] {bytes.getInt(), bytes.getInt(), bytes.getInt(), bytes.getInt()};
            } catch (final UnknownHostException e) {
                throw token.insteadOf(kind, example);
            }
        }
        throw token.insteadOf(kind, example);
    }

    /** Writes an IPv6 address. */
    static String ipv6(final int[] words) {
        final StringBuilder text = new StringBuilder();
        for (final int word : words) {
            text.append(':').append(Integer.toHexString(word >>> 16))
                .append(':').append(Integer.toHexString(word & 0xFFFF));
        }
        return text.substring(1);
    }

    /** A MAC address. */
    static long mac(final Token token, final String example) {
        try {
            return MacAddress.parse(token.text());
        } catch (final IllegalArgumentException e) {
            throw token.insteadOf("a MAC address", example);
        }
    }

    /** The number of a protocol over Ethernet, or over IP. Names may have the backslash that tcpdump asks for. */
    static int protocol(final Token token, final Protocol below) {
        final boolean isType = below == Protocol.ETHER;
        final String word = token.text().startsWith("\\") ? token.text().substring(1) : token.text();
        final Protocol named = Protocol.of(word);
        if (named != null && named.number() >= 0 && named.isOverIp() != isType) {
            return named.number();
        }
        return isType
            ? number(token, EtherType.MIN, 0xFFFF, "a protocol like ip, ip6 or arp, or a number", "ether proto 0x88cc")
            : number(token, 0, 0xFF, "a protocol like tcp, udp or icmp, or a number", "ip proto 47");
    }
}
