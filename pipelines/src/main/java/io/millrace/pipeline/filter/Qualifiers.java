/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.packet.Ipv4Address;
import io.millrace.packet.MacAddress;
import io.millrace.pipeline.filter.Condition.Primitive;

/**
 * What stands before a value and says which it is: {@code ip src host}, {@code udp portrange}.
 *
 * @param kind {@code host}, {@code net}, {@code port}, {@code portrange} or {@code proto}; empty: none of them, nor a
 *             direction.
 */
record Qualifiers(Protocol protocol, Direction direction, String kind) {
    private static final int MAX_PORT = 0xFFFF;

    /** Reads them; null if there is none. A direction alone means a host. */
    static Qualifiers read(final FilterParser from) {
        final Protocol named = Protocol.of(from.here().text());
        if (named != null) {
            from.next();
        }
        final Direction direction = direction(from);
        String kind = "";
        if (from.here().is("host", "net", "port", "portrange", "proto")) {
            kind = from.next().text();
        } else if (direction != null) {
            kind = "host";
        } else if (named == null) {
            return null;
        }
        return new Qualifiers(named == null ? Protocol.ANY : named,
            direction == null ? Direction.EITHER : direction, kind);
    }

    private static Direction direction(final FilterParser from) {
        if (!from.here().is("src", "dst")) {
            return null;
        }
        final boolean isSource = from.next().is("src");
        if (from.here().is("or", "||", "and", "&&") && from.ahead().is(isSource ? "dst" : "src")) {
            final boolean isBoth = from.next().is("and", "&&");
            from.next();
            return isBoth ? Direction.BOTH : Direction.EITHER;
        }
        return isSource ? Direction.SOURCE : Direction.DESTINATION;
    }

    boolean isProtocolAlone() {
        return kind.isEmpty();
    }

    /** Throws if they make no sense together. */
    void check(final Token first) {
        switch (kind) {
            case "host" -> check(first, !protocol.isOverIp(),
                "ether, ip, ip6, arp or rarp before host", "ip host 10.0.0.1");
            case "net" -> check(first, !protocol.isOverIp() && protocol != Protocol.ETHER,
                "ip, ip6, arp or rarp before net", "ip net 10.0.0.0/8");
            case "port", "portrange" -> check(first, protocol == Protocol.ANY || protocol.hasPorts(),
                "tcp, udp or sctp before " + kind, "tcp port 80");
            default -> check(first, direction == Direction.EITHER && (protocol == Protocol.ANY
                || protocol == Protocol.ETHER || protocol == Protocol.IP || protocol == Protocol.IP6),
                "ether, ip or ip6 before proto", "ether proto 0x88cc");
        }
    }

    private static void check(final Token first, final boolean isSense, final String expected, final String example) {
        if (!isSense) {
            throw first.insteadOf(expected, example);
        }
    }

    /** Reads a value and makes the primitive. */
    Primitive of(final Headers headers, final FilterParser from) {
        final Token token = from.next();
        return switch (kind) {
            case "host" -> protocol == Protocol.ETHER ? mac(token) : host(headers, token);
            case "net" -> net(headers, token, from);
            case "port", "portrange" -> ports(headers, token);
            default -> proto(headers, token);
        };
    }

    private Primitive primitive(final String value, final Condition meaning) {
        final String word = protocol == Protocol.ANY ? "" : protocol.word() + ' ';
        return new Primitive(word + direction.text() + kind + ' ' + value, meaning);
    }

    private Primitive mac(final Token token) {
        final long mac = Values.mac(token, "ether host 52:54:00:12:34:56");
        return primitive(MacAddress.format(mac), Headers.mac(direction, mac));
    }

    private Primitive host(final Headers headers, final Token token) {
        if (isIpv6(token)) {
            final int[] address = Values.ipv6(token, token.text(), "an IPv6 address", "host fe80::1");
            return primitive(Values.ipv6(address), headers.ipv6(direction, address, Long.SIZE * 2));
        }
        final int address = Values.ipv4(token, token.text(), "an address",
            protocol == Protocol.ANY ? "host 10.0.0.1" : protocol.word() + " host 10.0.0.1");
        return primitive(Ipv4Address.format(address), headers.ipv4(protocol, direction, address, -1));
    }

    private boolean isIpv6(final Token token) {
        return protocol == Protocol.IP6 || protocol == Protocol.ANY && Values.isIpv6(token.text());
    }

    private Primitive net(final Headers headers, final Token token, final FilterParser from) {
        final Net net = isIpv6(token) ? Net.ipv6(token) : Net.ipv4(token, from);
        return primitive(net.text(), net.isIpv6() ? headers.ipv6(direction, net.words(), net.prefix())
            : headers.ipv4(protocol, direction, net.words()[0], net.mask()));
    }

    private Primitive ports(final Headers headers, final Token token) {
        final String noun = kind.equals("port") ? "a port" : "a port or two, each";
        if (kind.equals("port")) {
            final int port = Values.number(token, 0, MAX_PORT, noun, "port 80");
            return primitive(Integer.toString(port), headers.ports(protocol, direction, port, port));
        }
        final String example = "portrange 5000-6000";
        final String text = token.text();
        final int dash = text.indexOf('-');
        final int from = Values.number(token, dash < 0 ? text : text.substring(0, dash), 0, MAX_PORT, noun, example);
        final int to = Values.number(token, text.substring(dash + 1), 0, MAX_PORT, noun, example);
        final int low = Math.min(from, to);
        final int high = Math.max(from, to);
        return primitive(low + "-" + high, headers.ports(protocol, direction, low, high));
    }

    private Primitive proto(final Headers headers, final Token token) {
        final int number = Values.protocol(token, protocol);
        return protocol == Protocol.ETHER ? primitive("0x%04x".formatted(number), headers.type(number))
            : primitive(Integer.toString(number), headers.protocol(protocol, number));
    }
}
