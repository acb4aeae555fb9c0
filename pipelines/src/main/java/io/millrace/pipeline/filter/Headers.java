/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import static io.millrace.pipeline.filter.Condition.any;
import static io.millrace.pipeline.filter.Condition.every;

import io.millrace.packet.EtherType;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv6;
import io.millrace.pipeline.filter.Condition.Test;
import java.util.Arrays;

/**
 * What can be asked of a packet, told as comparisons with its bytes. As in libpcap, a {@code vlan} in an expression
 * moves everything that follows it in the text behind one more tag: {@code tags} says how many there were.
 *
 * <pre>
 *   0     6     12       12 + 4 x tags  14 + 4 x tags
 *   +-----+-----+--------+--------------+------------------
 *   | dst | src | tags   | type         | IP or ARP header
 *   +-----+-----+--------+--------------+------------------
 * </pre>
 */
record Headers(int tags) {
    private static final int SERVICE_VLAN_BEFORE_STANDARD = 0x9100;
    private static final int VLAN_ID_MASK = 0xFFF;
    private static final int FRAGMENT_OFFSET_MASK = 0x1FFF;
    private static final Protocol[] WITH_PORTS = {Protocol.SCTP, Protocol.TCP, Protocol.UDP};

    private int typeAt() {
        return 12 + 4 * tags;
    }

    private int payloadAt() {
        return typeAt() + 2;
    }

    private static Test is(final int at, final int width, final int value) {
        return is(at, width, -1, value);
    }

    private static Test is(final int at, final int width, final int mask, final int value) {
        return new Test(Test.NONE, at, width, mask, false, value);
    }

    /** The next header is of that type. */
    Condition type(final int etherType) {
        return is(typeAt(), 2, etherType);
    }

    /** The next header is a VLAN tag. */
    Condition tag() {
        return any(type(EtherType.VLAN), type(EtherType.SERVICE_VLAN), type(SERVICE_VLAN_BEFORE_STANDARD));
    }

    /** The next header is a VLAN tag with that id. */
    Condition tag(final int id) {
        return every(tag(), is(payloadAt(), 2, VLAN_ID_MASK, id));
    }

    /** Length in bytes. */
    static Condition isAtLeast(final int length) {
        return new Test(Test.NONE, 0, 0, -1, true, length);
    }

    /** A MAC address. */
    static Condition mac(final Direction direction, final long mac) {
        return direction.of(macAt(6, mac), macAt(0, mac));
    }

    private static Condition macAt(final int at, final long mac) {
        return every(is(at + 2, 4, (int) mac), is(at, 2, (int) (mac >>> 32)));
    }

    /** An IPv4 address, in IP or ARP packets; {@link Protocol#ANY}: in both. */
    Condition ipv4(final Protocol protocol, final Direction direction, final int address, final int mask) {
        return switch (protocol) {
            case IP -> ipv4(EtherType.IPV4, 12, 16, direction, address, mask);
            case ARP, RARP -> ipv4(protocol.number(), 14, 24, direction, address, mask);
            default -> any(ipv4(Protocol.IP, direction, address, mask), ipv4(Protocol.ARP, direction, address, mask),
                ipv4(Protocol.RARP, direction, address, mask));
        };
    }

    private Condition ipv4(final int type, final int source, final int destination, final Direction direction,
                           final int address, final int mask) {
        return every(type(type), direction.of(is(payloadAt() + source, 4, mask, address),
            is(payloadAt() + destination, 4, mask, address)));
    }

    /** An IPv6 address of which the first {@code prefix} bits count: words of 32 bits. */
    Condition ipv6(final Direction direction, final int[] words, final int prefix) {
        return every(type(EtherType.IPV6),
            direction.of(ipv6At(payloadAt() + 8, words, prefix), ipv6At(payloadAt() + 24, words, prefix)));
    }

    // All four words, though some may not count: as in libpcap, a packet without them does not match.
    private static Condition ipv6At(final int at, final int[] words, final int prefix) {
        Condition all = is(at, 4, Net.mask(prefix), words[0]);
        for (int i = 1; i < words.length; i++) {
            all = every(all, is(at + 4 * i, 4, Net.mask(prefix - i * Integer.SIZE), words[i]));
        }
        return all;
    }

    /** What an IPv4 header, or an IPv6 header or the fragment header behind that, announces. */
    Condition protocol(final Protocol below, final int number) {
        return switch (below) {
            case IP -> every(type(EtherType.IPV4), is(payloadAt() + 9, 1, number));
            case IP6 -> every(type(EtherType.IPV6), any(is(payloadAt() + 6, 1, number),
                every(is(payloadAt() + 6, 1, IpProtocol.FRAGMENT), is(payloadAt() + Ipv6.LENGTH, 1, number))));
            default -> any(protocol(Protocol.IP, number), protocol(Protocol.IP6, number));
        };
    }

    /** Ports of a protocol; {@link Protocol#ANY}: of each that has ports. Not in IPv4 fragments but the first. */
    Condition ports(final Protocol protocol, final Direction direction, final int low, final int high) {
        final int ip = payloadAt();
        final Condition[] v4 = numbered(protocol, ip + 9);
        final Condition[] v6 = numbered(protocol, ip + 6);
        return any(
            every(type(EtherType.IPV6), any(v6[0], Arrays.copyOfRange(v6, 1, v6.length)),
                direction.of(port(Test.NONE, ip + Ipv6.LENGTH, low, high),
                    port(Test.NONE, ip + Ipv6.LENGTH + 2, low, high))),
            every(type(EtherType.IPV4), any(v4[0], Arrays.copyOfRange(v4, 1, v4.length)),
                is(ip + 6, 2, FRAGMENT_OFFSET_MASK, 0),
                direction.of(port(ip, ip, low, high), port(ip, ip + 2, low, high))));
    }

    private static Condition[] numbered(final Protocol protocol, final int at) {
        final Protocol[] meant = protocol == Protocol.ANY ? WITH_PORTS : new Protocol[] {protocol};
        return Arrays.stream(meant).map(p -> is(at, 1, p.number())).toArray(Condition[]::new);
    }

    private static Condition port(final int ipv4At, final int at, final int low, final int high) {
        if (low == high) {
            return new Test(ipv4At, at, 2, -1, false, low);
        }
        return every(new Test(ipv4At, at, 2, -1, true, low),
            new Condition.Not(new Test(ipv4At, at, 2, -1, true, high + 1)));
    }
}
