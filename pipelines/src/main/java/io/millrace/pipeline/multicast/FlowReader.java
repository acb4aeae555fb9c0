/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Ipv6;
import io.millrace.packet.Tcp;
import io.millrace.packet.Udp;
import io.millrace.packet.Vlan;

/**
 * Finds the flow that a copy belongs to. Up to two VLAN tags are skipped. Only headers have to be there: a copy may be
 * cut off behind them.
 *
 * <p>Thread safety: none; it has flyweights.
 */
final class FlowReader {
    private static final int MAX_TAGS = 2;

    private final Ethernet ethernet = new Ethernet();
    private final Vlan vlan = new Vlan();
    private final Ipv4 ipv4 = new Ipv4();
    private final Ipv6 ipv6 = new Ipv6();
    private final Tcp tcp = new Tcp();
    // TCP has its ports at the same place.
    private final Udp ports = new Udp();
    private int tcpFlags;

    /** The flow, or null if it is no IP packet. */
    FlowKey of(final PacketCopy copy) {
        final long address = copy.address();
        final int length = copy.captured();
        tcpFlags = 0;
        if (!ethernet.wrap(address, length, 0)) {
            return null;
        }
        int at = ethernet.end();
        int type = ethernet.type();
        for (int tags = 0; tags < MAX_TAGS && EtherType.isVlan(type) && vlan.wrap(address, length, at); tags++) {
            at = vlan.end();
            type = vlan.type();
        }
        if (type == EtherType.IPV4 && ipv4.wrap(address, length, at) && ipv4.headerLength() >= Ipv4.LENGTH) {
            final boolean hasPorts = !ipv4.isFragment() && readPorts(copy, ipv4.protocol(), ipv4.end());
            return new FlowKey(copy.wire(), false, ipv4.protocol(), 0, ipv4.source(),
                hasPorts ? ports.sourcePort() : 0, 0, ipv4.destination(), hasPorts ? ports.destinationPort() : 0);
        }
        if (type == EtherType.IPV6 && ipv6.wrap(address, length, at)) {
            final boolean hasPorts = readPorts(copy, ipv6.nextHeader(), ipv6.end());
            return new FlowKey(copy.wire(), true, ipv6.nextHeader(), ipv6.sourceHigh(), ipv6.sourceLow(),
                hasPorts ? ports.sourcePort() : 0, ipv6.destinationHigh(), ipv6.destinationLow(),
                hasPorts ? ports.destinationPort() : 0);
        }
        return null;
    }

    private boolean readPorts(final PacketCopy copy, final int protocol, final int at) {
        if (protocol == IpProtocol.TCP && tcp.wrap(copy.address(), copy.captured(), at)) {
            tcpFlags = tcp.flags();
        }
        return (protocol == IpProtocol.TCP || protocol == IpProtocol.UDP)
            && ports.wrap(copy.address(), copy.captured(), at);
    }

    /** The TCP flags of the last copy; 0 if it had none. */
    int tcpFlags() {
        return tcpFlags;
    }
}
