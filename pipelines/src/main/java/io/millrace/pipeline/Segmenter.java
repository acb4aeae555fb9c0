/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.FramePool;
import io.millrace.Offload;
import io.millrace.packet.Checksum;
import io.millrace.packet.EtherType;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Ipv6;
import io.millrace.packet.Tcp;
import io.millrace.packet.Udp;
import org.agrona.UnsafeApi;

/**
 * Cuts a large TCP or UDP packet into pieces of the size that its sender asked for, as a network card with TSO or USO
 * would: headers are repeated, lengths, sequence numbers and checksums set.
 *
 * <p>A back-end that the pool is shared with may write to the packet meanwhile. What decides about places and lengths
 * is therefore read once, and kept.
 */
final class Segmenter {
    // 64 KiB in pieces of 64 bytes: what is smaller is an attack on whoever has to carry the pieces.
    static final int MAX_PIECES = 1024;

    private static final int IPV4_PROTOCOL = 9;
    private static final int IPV6_NEXT_HEADER = 6;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP_CHECKSUM = 6;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int TCP_FLAGS = 13;
    private static final int TCP_SEQUENCE = 4;
    private static final int FIN_AND_PSH = 0x09;
    private static final int CWR = 0x80;
    private static final int UDP_LENGTH = 4;

    private long packet;
    private int port;
    private int mark;
    private int length;
    private int network;
    private int transport;
    private int headers;
    private int size;
    private boolean isIpv4;
    private boolean isTcp;
    private int identification;
    private int sequence;
    private int flags;
    private int done;
    private int pieces;

    /**
     * Begins with packet {@code i}, which stays where it is until the last piece is made.
     *
     * @return false if it cannot be cut: it is not what its sender said, or would be too many pieces.
     */
    boolean begin(final Burst burst, final int i) {
        final int type = burst.gsoType(i) & ~Offload.GSO_ECN;
        packet = burst.address(i);
        port = burst.port(i);
        mark = burst.mark(i);
        length = burst.length(i);
        size = burst.gsoSize(i);
        transport = burst.checksumStart(i);
        isTcp = type != Offload.GSO_UDP_L4;
        if (size == 0 || transport < 0 || transport > length - (isTcp ? Tcp.LENGTH : Udp.LENGTH) || !findNetwork()
            || isIpv4 == (type == Offload.GSO_TCPV6) && isTcp) {
            return false;
        }
        headers = transport
            + (isTcp ? (RawHeaders.u8(packet + transport + TCP_DATA_OFFSET) >>> 4) * Integer.BYTES : Udp.LENGTH);
        if (headers >= length || isTcp && headers < transport + Tcp.LENGTH
            || (length - headers - 1) / size >= MAX_PIECES) {
            return false;
        }
        identification = isIpv4 ? RawHeaders.u16(packet + network + 4) : 0;
        sequence = isTcp ? RawHeaders.i32(packet + transport + TCP_SEQUENCE) : 0;
        flags = isTcp ? RawHeaders.u8(packet + transport + TCP_FLAGS) : 0;
        done = 0;
        pieces = 0;
        return true;
    }

    private boolean findNetwork() {
        final int at = RawHeaders.network(packet, transport);
        final int type = RawHeaders.u16(packet + at - 2);
        network = at;
        isIpv4 = type == EtherType.IPV4;
        final int protocol = isTcp ? IpProtocol.TCP : IpProtocol.UDP;
        if (isIpv4) {
            return at + Ipv4.LENGTH <= transport && at + (RawHeaders.u8(packet + at) & 0xf) * Integer.BYTES == transport
                && RawHeaders.u8(packet + at + IPV4_PROTOCOL) == protocol;
        }
        // Behind extension headers the protocol is not looked for.
        return type == EtherType.IPV6 && at + Ipv6.LENGTH <= transport
            && (at + Ipv6.LENGTH < transport || RawHeaders.u8(packet + at + IPV6_NEXT_HEADER) == protocol);
    }

    /** Whether there is another piece to make. */
    boolean hasNext() {
        return headers + done < length;
    }

    /**
     * Adds the next piece to {@code target}, which has room.
     *
     * @param leavesChecksum whether its checksum is left to be filled in.
     * @return false if the pool had no frame for it: nothing was added, and no further piece can be made.
     */
    boolean next(final Burst target, final boolean leavesChecksum) {
        final int data = Math.min(size, length - headers - done);
        final int offset = target.frames().allocateFor(headers + data);
        if (offset == FramePool.NONE) {
            return false;
        }
        final long piece = target.frames().baseAddress() + offset;
        UnsafeApi.copyMemory(packet, piece, headers);
        UnsafeApi.copyMemory(packet + headers + done, piece + headers, data);
        setNetwork(piece, data);
        setTransport(piece, data, leavesChecksum);
        target.add(offset, headers + data, port);
        final int i = target.size() - 1;
        if (leavesChecksum) {
            target.offload(i, transport, isTcp ? TCP_CHECKSUM : UDP_CHECKSUM, Offload.GSO_NONE, 0, 0);
        }
        if (mark != 0) {
            target.mark(i, mark);
        }
        done += data;
        pieces++;
        return true;
    }

    private void setNetwork(final long piece, final int data) {
        final long at = piece + network;
        if (isIpv4) {
            RawHeaders.put16(at + 2, headers - network + data);
            // RFC 6864: pieces that may be fragmented on their way need an identification each.
            RawHeaders.put16(at + 4, identification + pieces);
            RawHeaders.put16(at + 10, 0);
            RawHeaders.put16(at + 10, Checksum.of(at, transport - network));
        } else {
            RawHeaders.put16(at + 4, headers - network - Ipv6.LENGTH + data);
        }
    }

    private void setTransport(final long piece, final int data, final boolean leavesChecksum) {
        final long at = piece + transport;
        final int bytes = headers - transport + data;
        if (isTcp) {
            final boolean isLast = headers + done + data == length;
            UnsafeApi.putInt(at + TCP_SEQUENCE, Integer.reverseBytes(sequence + done));
            // FIN and PSH belong to the last byte of data, CWR to the first (RFC 3168, 6.1.2).
            UnsafeApi.putByte(at + TCP_FLAGS,
                (byte) (flags & (isLast ? -1 : ~FIN_AND_PSH) & (done == 0 ? -1 : ~CWR)));
        } else {
            RawHeaders.put16(at + UDP_LENGTH, bytes);
        }
        final long place = at + (isTcp ? TCP_CHECKSUM : UDP_CHECKSUM);
        final int pseudo = RawHeaders.pseudoHeaderSum(piece + network, isIpv4, isTcp ? IpProtocol.TCP : IpProtocol.UDP,
            bytes);
        if (leavesChecksum) {
            RawHeaders.put16(place, pseudo);
        } else {
            RawHeaders.put16(place, 0);
            final int checksum = Checksum.of(pseudo + Checksum.sum(at, bytes));
            // RFC 768: a UDP checksum of 0 means that there is none.
            RawHeaders.put16(place, checksum == 0 && !isTcp ? 0xffff : checksum);
        }
    }
}
