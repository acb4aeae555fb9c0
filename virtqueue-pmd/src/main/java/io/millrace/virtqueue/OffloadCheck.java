/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.Offload;
import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Ipv6;
import io.millrace.packet.Tcp;
import io.millrace.packet.Udp;
import io.millrace.packet.Vlan;
import org.agrona.UnsafeApi;

/**
 * Compares an {@link OffloadRequest} with the packet that came with it. What passes can be carried out without looking
 * again at who asked: the checksum lies where the packet's own headers have one, so that no guest can have a byte
 * rewritten behind a filter that has looked at it, and a packet that is to be cut has the headers it is said to have.
 *
 * <p>The packet is a private copy, or one in a pool that a back-end may write to meanwhile: each byte is read once, and
 * every place is checked before it is read.
 */
final class OffloadCheck {
    /** The request does not fit the packet. */
    static final int SENSELESS = -1;
    /** A checksum only. */
    static final int NOT_CUT = 0;

    private static final int MAX_TAGS = 2;
    private static final int MAX_EXTENSIONS = 8;
    private static final int EXTENSION_UNIT = 8;
    private static final int CHECKSUM_LENGTH = 2;
    private static final int TCP_CHECKSUM = 16;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int UDP_CHECKSUM = 6;
    private static final int FRAGMENT = 0x3fff;

    private OffloadCheck() {
    }

    /**
     * Adds a packet that leaves something to be done to a burst, if the request fits it.
     *
     * @return false if it does not: nothing was added.
     */
    static boolean add(final Burst burst, final int offset, final int length, final int port, final long request) {
        final int headers = headers(burst.frames().baseAddress() + offset, length, request);
        if (headers == SENSELESS) {
            return false;
        }
        burst.add(offset, length, port);
        final boolean isCut = headers != NOT_CUT;
        final boolean isTaken = burst.offload(burst.size() - 1, OffloadRequest.csumStart(request),
            OffloadRequest.csumOffset(request), isCut ? OffloadRequest.gsoType(request) : Offload.GSO_NONE,
            isCut ? OffloadRequest.gsoSize(request) : 0, headers);
        assert isTaken : "a request that fits and cannot be carried out: 0x" + Long.toHexString(request);
        return true;
    }

    /**
     * Compares a request, any number, with a packet.
     *
     * @param length bytes of the packet, 14 or more.
     * @return the bytes of headers that each piece gets; {@link #NOT_CUT} if only a checksum is to be filled in, also
     *         where cutting would give one piece; {@link #SENSELESS}.
     */
    static int headers(final long packet, final int length, final long request) {
        final int start = OffloadRequest.csumStart(request);
        final int place = OffloadRequest.csumOffset(request);
        final int network = network(packet, length);
        final int transport = transport(packet, length, network);
        // virtio 1.2, 5.1.6.2.1: a packet that is to be cut needs a checksum as well.
        if (transport < 0 || !OffloadRequest.needsChecksum(request) || start > length - CHECKSUM_LENGTH - place
            || !isChecksum(start, place, transport)) {
            return SENSELESS;
        }
        return OffloadRequest.gsoType(request) == Offload.GSO_NONE ? NOT_CUT
            : cut(packet, length, request, network & 0xffff, transport);
    }

    /** Where the network header begins, in the upper half, and its {@link EtherType}. */
    private static int network(final long packet, final int length) {
        int at = Ethernet.LENGTH;
        int type = u16(packet + at - 2);
        for (int tags = 0; tags < MAX_TAGS && EtherType.isVlan(type) && at + Vlan.LENGTH <= length; tags++) {
            at += Vlan.LENGTH;
            type = u16(packet + at - 2);
        }
        return at << 16 | type;
    }

    /**
     * Where the transport header begins, above the eight bits of its {@link IpProtocol}: for what is not IP, where the
     * network header begins. Negative if the headers before it make no sense, or the packet is a fragment.
     */
    private static int transport(final long packet, final int length, final int network) {
        final int at = network >>> 16;
        return switch (network & 0xffff) {
            case EtherType.IPV4 -> behindIpv4(packet, length, at);
            case EtherType.IPV6 -> behindIpv6(packet, length, at);
            default -> at << Byte.SIZE | IpProtocol.NONE;
        };
    }

    private static int behindIpv4(final long packet, final int length, final int at) {
        if (at + Ipv4.LENGTH > length) {
            return SENSELESS;
        }
        final int first = u8(packet + at);
        final int end = at + (first & 0xf) * Integer.BYTES;
        if (first >>> 4 != 4 || end < at + Ipv4.LENGTH || (u16(packet + at + 6) & FRAGMENT) != 0) {
            return SENSELESS;
        }
        return end << Byte.SIZE | u8(packet + at + 9);
    }

    private static int behindIpv6(final long packet, final int length, final int at) {
        if (at + Ipv6.LENGTH > length || u8(packet + at) >>> 4 != 6) {
            return SENSELESS;
        }
        int next = u8(packet + at + 6);
        int end = at + Ipv6.LENGTH;
        for (int headers = 0; isExtension(next); headers++) {
            if (headers == MAX_EXTENSIONS || end + EXTENSION_UNIT > length) {
                return SENSELESS;
            }
            next = u8(packet + end);
            end += (u8(packet + end + 1) + 1) * EXTENSION_UNIT;
        }
        return next == IpProtocol.FRAGMENT ? SENSELESS : end << Byte.SIZE | next;
    }

    private static boolean isExtension(final int protocol) {
        return protocol == IpProtocol.HOP_BY_HOP || protocol == IpProtocol.ROUTING
            || protocol == IpProtocol.DESTINATION_OPTIONS;
    }

    /** In the transport header itself, or behind it: in a tunnel it is the inner packet whose checksum is missing. */
    private static boolean isChecksum(final int start, final int place, final int transport) {
        final int at = transport >>> Byte.SIZE;
        return switch (transport & 0xff) {
            case IpProtocol.TCP -> start == at && place == TCP_CHECKSUM;
            case IpProtocol.UDP -> start == at ? place == UDP_CHECKSUM : start >= at + Udp.LENGTH;
            default -> start >= at;
        };
    }

    private static int cut(final long packet, final int length, final long request, final int etherType,
                           final int transport) {
        final int gsoType = OffloadRequest.gsoType(request);
        final int gsoSize = OffloadRequest.gsoSize(request);
        final int protocol = transport & 0xff;
        final int at = transport >>> Byte.SIZE;
        final boolean isSuch = switch (gsoType & ~Offload.GSO_ECN) {
            case Offload.GSO_TCPV4 -> protocol == IpProtocol.TCP && etherType == EtherType.IPV4;
            case Offload.GSO_TCPV6 -> protocol == IpProtocol.TCP && etherType == EtherType.IPV6;
            case Offload.GSO_UDP_L4 -> protocol == IpProtocol.UDP && OffloadRequest.csumStart(request) == at
                && gsoType == Offload.GSO_UDP_L4;
            default -> false;
        };
        if (!isSuch || gsoSize == 0) {
            return SENSELESS;
        }
        final int own = protocol == IpProtocol.UDP ? Udp.LENGTH
            : (u8(packet + at + TCP_DATA_OFFSET) >>> 4) * Integer.BYTES;
        final int headers = at + own;
        if (headers > length || protocol == IpProtocol.TCP && own < Tcp.LENGTH) {
            return SENSELESS;
        }
        return length - headers > gsoSize ? headers : NOT_CUT;
    }

    private static int u8(final long address) {
        return UnsafeApi.getByteOpaque(null, address) & 0xff;
    }

    private static int u16(final long address) {
        return u8(address) << Byte.SIZE | u8(address + 1);
    }
}
