/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Offload;
import io.millrace.packet.Checksum;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Ipv6;
import io.millrace.packet.Tcp;
import org.agrona.UnsafeApi;

/**
 * A packet that is being joined from consecutive TCP segments of one flow. It begins as the first of them, where that
 * lies in the burst; with the second it moves to a frame for large packets.
 *
 * <p>Segments are joined only if a sender that cut the result again would make the same packets: equal headers but for
 * length, checksums, PSH, and what counts up (over IPv4 the identification, too); all of one size, but for the last. A
 * packet that is traced is joined with none that is not.
 */
final class GroFlow {
    private static final int LARGEST_IP = 65_535;
    // Bytes 12 to 15 of the TCP header as a little-endian number, without PSH.
    private static final int WORD_WITHOUT_PSH = ~(Tcp.PSH << Byte.SIZE);

    private final FrameCache frames;
    private final Burst large;
    private int first;
    private int offset;
    private long address;
    private int port;
    private int mark;
    private boolean isIpv4;
    private int network;
    private int transport;
    private int headers;
    private int size;
    private int length;
    private int count;
    private int nextSequence;
    private boolean isPushed;
    private boolean isComplete;

    GroFlow(final FrameCache frames) {
        this.frames = frames;
        large = new Burst(frames, 1);
    }

    /** Begins with packet {@code i}, a plain segment without PSH, which stays where it is. */
    void begin(final Burst burst, final int i, final TcpSegment segment) {
        first = i;
        offset = FramePool.NONE;
        address = segment.address;
        port = segment.port;
        mark = segment.mark;
        isIpv4 = segment.isIpv4;
        network = segment.network;
        transport = segment.transport;
        headers = segment.headers;
        size = segment.data;
        length = segment.headers + segment.data;
        count = 1;
        nextSequence = segment.sequence + segment.data;
        isPushed = false;
        isComplete = false;
    }

    /** Whether a segment is of the same stream, between the same stations and in the same VLAN. */
    boolean isOf(final TcpSegment segment) {
        return transport == segment.transport && isIpv4 == segment.isIpv4
            && i32(transport) == UnsafeApi.getInt(segment.address + transport)
            && isEqual(segment, 0, network) && isEqual(segment, network + (isIpv4 ? 12 : 8), transport);
    }

    /** Whether a segment of the stream can be joined to what is here. */
    boolean fits(final TcpSegment segment) {
        return !isComplete && segment.isPlain && segment.port == port && segment.mark == mark
            && segment.headers == headers
            && segment.data <= size && segment.sequence == nextSequence && count < Segmenter.MAX_PIECES
            && length + segment.data <= Math.min(network + LARGEST_IP, FramePool.JUMBO_CAPACITY)
            && isEqual(segment, transport + TcpSegment.ACKNOWLEDGMENT, transport + TcpSegment.DATA_OFFSET)
            && ((i32(transport + TcpSegment.DATA_OFFSET)
                ^ UnsafeApi.getInt(segment.address + transport + TcpSegment.DATA_OFFSET)) & WORD_WITHOUT_PSH) == 0
            && isEqual(segment, transport + TcpSegment.CHECKSUM + 2, headers) && hasEqualIp(segment);
    }

    private boolean hasEqualIp(final TcpSegment segment) {
        if (!isIpv4) {
            // Version, traffic class and flow label; hop limit.
            return isEqual(segment, network, network + 4) && isEqual(segment, network + 7, network + 8);
        }
        final int identification = RawHeaders.u16(address + network + 4) + count & 0xffff;
        return isEqual(segment, network + 1, network + 2) && isEqual(segment, network + 6, network + 9)
            && RawHeaders.u16(segment.address + network + 4) == identification;
    }

    private boolean isEqual(final TcpSegment segment, final int from, final int to) {
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            if (UnsafeApi.getLong(address + at) != UnsafeApi.getLong(segment.address + at)) {
                return false;
            }
        }
        for (; at < to; at++) {
            if (UnsafeApi.getByte(address + at) != UnsafeApi.getByte(segment.address + at)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Joins packet {@code i}, which fits, and frees it.
     *
     * @return false if the pool has no frame for the whole: nothing has changed.
     */
    boolean join(final Burst burst, final int i, final TcpSegment segment) {
        if (offset == FramePool.NONE && !moveToLarge(burst)) {
            return false;
        }
        UnsafeApi.copyMemory(segment.address + headers, address + length, segment.data);
        length += segment.data;
        nextSequence += segment.data;
        count++;
        isPushed = segment.isPushed;
        isComplete = isPushed || segment.data < size;
        burst.free(i);
        return true;
    }

    private boolean moveToLarge(final Burst burst) {
        final int place = frames.allocateFor(FramePool.JUMBO_CAPACITY);
        if (place == FramePool.NONE) {
            return false;
        }
        final long to = frames.baseAddress() + place;
        UnsafeApi.copyMemory(address, to, length);
        burst.free(first);
        offset = place;
        address = to;
        return true;
    }

    /** Whether nothing more can be joined. */
    boolean isComplete() {
        return isComplete;
    }

    /** How many segments are in it. */
    int count() {
        return count;
    }

    /** Sends what is here on: the first segment as it came, or the whole, with its cutting left to be done. */
    void leave(final Burst burst, final Output out) {
        if (count == 1) {
            out.emit(burst, first);
            return;
        }
        finishHeaders();
        large.add(offset, length, port);
        large.offload(0, transport, TcpSegment.CHECKSUM, isIpv4 ? Offload.GSO_TCPV4 : Offload.GSO_TCPV6, size, headers);
        if (mark != 0) {
            large.mark(0, mark);
        }
        out.emit(large, 0);
        large.settle("a flow");
    }

    private void finishHeaders() {
        final long ip = address + network;
        if (isIpv4) {
            RawHeaders.put16(ip + 2, length - network);
            RawHeaders.put16(ip + 10, 0);
            RawHeaders.put16(ip + 10, Checksum.of(ip, Ipv4.LENGTH));
        } else {
            RawHeaders.put16(ip + 4, length - network - Ipv6.LENGTH);
        }
        if (isPushed) {
            final long flags = address + transport + TcpSegment.FLAGS;
            UnsafeApi.putByte(flags, (byte) (UnsafeApi.getByte(flags) | Tcp.PSH));
        }
        RawHeaders.put16(address + transport + TcpSegment.CHECKSUM,
            RawHeaders.pseudoHeaderSum(ip, isIpv4, IpProtocol.TCP, length - transport));
    }

    private int i32(final int at) {
        return UnsafeApi.getInt(address + at);
    }
}
