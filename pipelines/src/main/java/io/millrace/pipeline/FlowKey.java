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
 * What the packets of a flow have in common: addresses, protocol and ports of IPv4 and IPv6 with TCP or UDP, the
 * addresses and the protocol of other IP packets, and the MAC addresses of everything else. Up to two VLAN tags are
 * skipped.
 *
 * <p>Fragments have no ports but in the first of them, so none of them has any here: they stay together.
 *
 * <p>Thread safety: none; it has flyweights, and remembers the last packet.
 */
final class FlowKey {
    /** What there is to know of a packet. */
    enum Kind {
        /** Nothing: it is shorter than an Ethernet header. */
        NONE,
        /** MAC addresses, as {@link #source} and {@link #destination}. */
        MAC,
        /** IPv4 addresses. */
        IPV4,
        /** IPv6 addresses, the first half of each as {@link #sourceHigh} and {@link #destinationHigh}. */
        IPV6
    }

    private static final int MAX_TAGS = 2;

    private final Ethernet ethernet = new Ethernet();
    private final Vlan vlan = new Vlan();
    private final Ipv4 ipv4 = new Ipv4();
    private final Ipv6 ipv6 = new Ipv6();
    // TCP has its ports at the same place.
    private final Udp udp = new Udp();
    private long sourceHigh;
    private long source;
    private long destinationHigh;
    private long destination;
    private int protocol;
    private int sourcePort;
    private int destinationPort;
    private boolean hasPorts;

    /** Reads packet {@code i}. */
    Kind read(final Burst burst, final int i) {
        if (!ethernet.wrap(burst, i)) {
            return Kind.NONE;
        }
        int at = ethernet.end();
        int type = ethernet.type();
        for (int tags = 0; tags < MAX_TAGS && EtherType.isVlan(type) && vlan.wrap(burst, i, at); tags++) {
            at = vlan.end();
            type = vlan.type();
        }
        if (type == EtherType.IPV4 && ipv4.wrap(burst, i, at) && ipv4.isValid()) {
            source = ipv4.source() & 0xFFFF_FFFFL;
            destination = ipv4.destination() & 0xFFFF_FFFFL;
            readPorts(ipv4.isFragment() ? -1 : ipv4.protocol(), ipv4, burst, i);
            return Kind.IPV4;
        }
        if (type == EtherType.IPV6 && ipv6.wrap(burst, i, at) && ipv6.isValid()) {
            sourceHigh = ipv6.sourceHigh();
            source = ipv6.sourceLow();
            destinationHigh = ipv6.destinationHigh();
            destination = ipv6.destinationLow();
            readPorts(ipv6.nextHeader(), ipv6, burst, i);
            return Kind.IPV6;
        }
        source = ethernet.source();
        destination = ethernet.destination();
        return Kind.MAC;
    }

    private void readPorts(final int transport, final IpHeader ip, final Burst burst, final int i) {
        protocol = transport;
        hasPorts = (transport == IpProtocol.TCP || transport == IpProtocol.UDP) && udp.wrap(burst, i, ip.end());
        sourcePort = hasPorts ? udp.sourcePort() : 0;
        destinationPort = hasPorts ? udp.destinationPort() : 0;
    }

    long sourceHigh() {
        return sourceHigh;
    }

    long source() {
        return source;
    }

    long destinationHigh() {
        return destinationHigh;
    }

    long destination() {
        return destination;
    }

    /** What IP carries: the next header of IPv6, and -1 for a fragment of IPv4. */
    int protocol() {
        return protocol;
    }

    /** Whether an IP packet has ports. */
    boolean hasPorts() {
        return hasPorts;
    }

    /** 0 if there are no ports. */
    int sourcePort() {
        return sourcePort;
    }

    /** 0 if there are no ports. */
    int destinationPort() {
        return destinationPort;
    }
}
