/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.packet.Ethernet;
import io.millrace.packet.Header;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Udp;

/**
 * The payload of a generated packet: who it is, and bytes that follow from who it is.
 *
 * <pre>
 *  0       2        4      6                   14         18
 *  +-------+--------+------+-------------------+----------+----------------- ... -+
 *  | magic | stream | flow |     sequence      |  check   |  filling              |
 *  +-------+--------+------+-------------------+----------+----------------- ... -+
 * </pre>
 *
 * A stream is one generator. The sequence counts the packets of one flow from 0. The check covers the fields before it
 * and the length of the packet; word k of the filling is the seed of the packet plus k times a constant.
 */
final class Numbered extends Header {
    /** Bytes of the fixed part. */
    static final int LENGTH = 18;
    /** Where it starts in a packet without tags and options. */
    static final int OFFSET = Ethernet.LENGTH + Ipv4.LENGTH + Udp.LENGTH;

    private static final int MAGIC = 0x4D52;
    private static final int MAGIC_OFFSET = 0;
    private static final int STREAM_OFFSET = 2;
    private static final int FLOW_OFFSET = 4;
    private static final int SEQUENCE_OFFSET = 6;
    private static final int CHECK_OFFSET = 14;
    // 2^64 divided by the golden ratio: successive multiples share no pattern.
    private static final long STEP = 0x9e3779b97f4a7c15L;

    Numbered() {
        super("numbered", LENGTH);
    }

    /** Writes everything, up to the end of the packet. */
    void write(final int stream, final int flow, final long sequence) {
        final long seed = seed(stream, flow, sequence);
        uint16(MAGIC_OFFSET, MAGIC);
        uint16(STREAM_OFFSET, stream);
        uint16(FLOW_OFFSET, flow);
        int64(SEQUENCE_OFFSET, sequence);
        int32(CHECK_OFFSET, (int) (seed >>> Integer.SIZE));
        final int end = available();
        long word = seed;
        int at = LENGTH;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            int64(at, word);
            word += STEP;
        }
        for (; at < end; at++) {
            uint8(at, (int) word);
            word >>>= Byte.SIZE;
        }
    }

    boolean isNumbered() {
        return uint16(MAGIC_OFFSET) == MAGIC;
    }

    int stream() {
        return uint16(STREAM_OFFSET);
    }

    int flow() {
        return uint16(FLOW_OFFSET);
    }

    long sequence() {
        return int64(SEQUENCE_OFFSET);
    }

    /** Whether stream, flow, sequence and length are what was sent. */
    boolean isIdentityIntact() {
        return int32(CHECK_OFFSET) == (int) (seed(stream(), flow(), sequence()) >>> Integer.SIZE);
    }

    /** Whether the filling is what was sent, if the identity is. */
    boolean isFillingIntact() {
        final int end = available();
        long word = seed(stream(), flow(), sequence());
        long difference = 0;
        int at = LENGTH;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            difference |= int64(at) ^ word;
            word += STEP;
        }
        for (; at < end; at++) {
            difference |= uint8(at) ^ word & 0xFF;
            word >>>= Byte.SIZE;
        }
        return difference == 0;
    }

    private long seed(final int stream, final int flow, final long sequence) {
        final long identity = (long) stream << 48 ^ (long) flow << 32 ^ available();
        return mix(mix(identity + STEP) + sequence);
    }

    private static long mix(final long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
