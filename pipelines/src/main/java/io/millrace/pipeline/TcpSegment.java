/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Offload;
import io.millrace.packet.Checksum;
import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Ipv6;
import io.millrace.packet.Tcp;

/**
 * Where a packet has its TCP header and data, and whether it is a plain piece of a stream: no option of IP, no
 * fragment, no padding, no flag but ACK and PSH, and a checksum that is right or still to be filled in.
 *
 * <p>What decides about places and lengths is read once: a back-end that the pool is shared with may write there.
 */
final class TcpSegment {
    static final int ACKNOWLEDGMENT = 8;
    static final int DATA_OFFSET = 12;
    static final int FLAGS = 13;
    static final int CHECKSUM = 16;
    static final int SEQUENCE = 4;

    private static final int PLAIN_IPV4 = 0x45;
    private static final int MORE_FRAGMENTS_AND_OFFSET = 0x3fff;

    /** What a packet can be. */
    enum Kind {
        /** Surely not TCP. */
        NOT_TCP,
        /** Perhaps a part of some TCP stream: a fragment, a header with options, or too short to tell. */
        UNKNOWN,
        /** TCP, with the fields of this object filled in. */
        TCP
    }

    long address;
    /** The port it came in on, and its mark. */
    int port;
    int mark;
    boolean isIpv4;
    /** Where the IP header is, the TCP header, and the data, from the packet's first byte. */
    int network;
    int transport;
    int headers;
    /** Bytes of data. */
    int data;
    int sequence;
    boolean isPushed;
    /** Whether it is a plain piece with data. */
    boolean isPlain;

    private int end;

    /** Reads packet {@code i}. */
    Kind read(final Burst burst, final int i) {
        address = burst.address(i);
        port = burst.port(i);
        mark = burst.mark(i);
        end = burst.length(i);
        if (end < Ethernet.LENGTH) {
            return Kind.NOT_TCP;
        }
        network = RawHeaders.network(address, end);
        final int type = u16(network - 2);
        isIpv4 = type == EtherType.IPV4;
        final Kind kind = isIpv4 ? readIpv4() : type == EtherType.IPV6 ? readIpv6() : Kind.NOT_TCP;
        return kind == Kind.TCP ? readTcp(burst, i) : kind;
    }

    private Kind readIpv4() {
        if (network + Ipv4.LENGTH > end || u8(network + 9) != IpProtocol.TCP) {
            return Kind.NOT_TCP;
        }
        transport = network + Ipv4.LENGTH;
        return u8(network) == PLAIN_IPV4 && (u16(network + 6) & MORE_FRAGMENTS_AND_OFFSET) == 0
            && u16(network + 2) == end - network && Checksum.isIntact(address + network, Ipv4.LENGTH)
            ? Kind.TCP : Kind.UNKNOWN;
    }

    private Kind readIpv6() {
        if (network + Ipv6.LENGTH > end) {
            return Kind.NOT_TCP;
        }
        transport = network + Ipv6.LENGTH;
        final int next = u8(network + 6);
        if (next == IpProtocol.UDP || next == IpProtocol.ICMPV6) {
            return Kind.NOT_TCP;
        }
        return next == IpProtocol.TCP && u16(network + 4) == end - transport ? Kind.TCP : Kind.UNKNOWN;
    }

    private Kind readTcp(final Burst burst, final int i) {
        if (transport + Tcp.LENGTH > end) {
            return Kind.UNKNOWN;
        }
        headers = transport + (u8(transport + DATA_OFFSET) >>> 4) * Integer.BYTES;
        if (headers < transport + Tcp.LENGTH || headers > end) {
            return Kind.UNKNOWN;
        }
        data = end - headers;
        sequence = RawHeaders.i32(address + transport + SEQUENCE);
        final int flags = u8(transport + FLAGS);
        isPushed = (flags & Tcp.PSH) != 0;
        isPlain = data > 0 && (flags & ~Tcp.PSH) == Tcp.ACK && hasChecksum(burst, i);
        return Kind.TCP;
    }

    private boolean hasChecksum(final Burst burst, final int i) {
        if (burst.hasOffload(i)) {
            return burst.gsoType(i) == Offload.GSO_NONE && burst.checksumStart(i) == transport
                && burst.checksumOffset(i) == CHECKSUM;
        }
        final int bytes = end - transport;
        return Checksum.of(RawHeaders.pseudoHeaderSum(address + network, isIpv4, IpProtocol.TCP, bytes)
            + Checksum.sum(address + transport, bytes)) == 0;
    }

    private int u8(final int at) {
        return RawHeaders.u8(address + at);
    }

    private int u16(final int at) {
        return RawHeaders.u16(address + at);
    }
}
