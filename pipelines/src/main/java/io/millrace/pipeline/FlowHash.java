/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.IpHeader;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Ipv6;
import io.millrace.packet.Udp;
import io.millrace.packet.Vlan;

/**
 * One number for all packets of a flow: from the addresses, protocol and ports of IPv4 and IPv6 with TCP or UDP, from
 * the addresses alone of other IP packets, and from the MAC addresses of everything else. Up to two VLAN tags are
 * skipped.
 *
 * <p>Fragments have no ports but in the first of them, so all fragments hash without: they stay together.
 *
 * <p>Thread safety: none; it has flyweights.
 */
final class FlowHash {
    private static final int MAX_TAGS = 2;

    private final Ethernet ethernet = new Ethernet();
    private final Vlan vlan = new Vlan();
    private final Ipv4 ipv4 = new Ipv4();
    private final Ipv6 ipv6 = new Ipv6();
    // TCP has its ports at the same place.
    private final Udp udp = new Udp();

    /** The hash of packet {@code i}; 0 if it is shorter than an Ethernet header. */
    int of(final Burst burst, final int i) {
        if (!ethernet.wrap(burst, i)) {
            return 0;
        }
        int at = ethernet.end();
        int type = ethernet.type();
        for (int tags = 0; tags < MAX_TAGS && EtherType.isVlan(type) && vlan.wrap(burst, i, at); tags++) {
            at = vlan.end();
            type = vlan.type();
        }
        if (type == EtherType.IPV4 && ipv4.wrap(burst, i, at) && ipv4.isValid()) {
            final long addresses = (long) ipv4.source() << Integer.SIZE | ipv4.destination() & 0xFFFF_FFFFL;
            return withPorts(mix(addresses), ipv4.isFragment() ? -1 : ipv4.protocol(), ipv4, burst, i);
        }
        if (type == EtherType.IPV6 && ipv6.wrap(burst, i, at) && ipv6.isValid()) {
            final long source = mix(mix(ipv6.sourceHigh()) + ipv6.sourceLow());
            final long addresses = mix(mix(source + ipv6.destinationHigh()) + ipv6.destinationLow());
            return withPorts(addresses, ipv6.nextHeader(), ipv6, burst, i);
        }
        return fold(mix(mix(ethernet.destination()) + ethernet.source()));
    }

    private int withPorts(final long addresses, final int protocol, final IpHeader ip, final Burst burst, final int i) {
        long transport = protocol;
        if ((protocol == IpProtocol.TCP || protocol == IpProtocol.UDP) && udp.wrap(burst, i, ip.end())) {
            transport |= (long) udp.sourcePort() << 32 | (long) udp.destinationPort() << 16;
        }
        return fold(mix(addresses + transport));
    }

    private static int fold(final long hash) {
        return (int) (hash >>> Integer.SIZE);
    }

    // The finaliser of SplitMix64: every input bit reaches every output bit.
    private static long mix(final long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
