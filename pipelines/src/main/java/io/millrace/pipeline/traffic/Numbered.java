/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.packet.Ethernet;
import io.millrace.packet.Header;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Udp;

/**
 * The payload of a generated packet: who it is, when it was to be sent, and bytes that follow from both.
 *
 * <pre>
 *  0       2        4      6          11         16      18
 *  +-------+--------+------+----------+----------+-------+----------------- ... -+
 *  | magic | stream | flow | sequence | sent     | check |  filling              |
 *  +-------+--------+------+----------+----------+-------+----------------- ... -+
 * </pre>
 *
 * A stream is one generator. The sequence counts the packets of one flow from 0; its low 40 bits travel. The time is
 * {@link System#nanoTime()} in units of 16 ns, its low 40 bits: they come again after five hours. So all of it fits
 * into the smallest Ethernet frame. The check covers the other fields and the length of the packet; word k of the
 * filling is the seed of the packet plus k times a constant.
 */
final class Numbered extends Header {
    /** Bytes of the fixed part. */
    static final int LENGTH = 18;
    /** Where it starts in a packet without tags and options. */
    static final int OFFSET = Ethernet.LENGTH + Ipv4.LENGTH + Udp.LENGTH;
    /** How many bits of a packet's number travel. */
    static final int SEQUENCE_BITS = 40;

    private static final int MAGIC = 0x4D52;
    private static final int MAGIC_OFFSET = 0;
    private static final int STREAM_OFFSET = 2;
    private static final int FLOW_OFFSET = 4;
    private static final int SEQUENCE_OFFSET = 6;
    private static final int SENT_OFFSET = 11;
    private static final int CHECK_OFFSET = 16;
    private static final int CHECK_SHIFT = Long.SIZE - Short.SIZE;
    private static final int SENT_SHIFT = 4;
    private static final int UNSENT_BITS = Long.SIZE - SEQUENCE_BITS - SENT_SHIFT;
    // 2^64 divided by the golden ratio: successive multiples share no pattern.
    private static final long STEP = 0x9e3779b97f4a7c15L;

    Numbered() {
        super("numbered", LENGTH);
    }

    /** Writes everything, up to the end of the packet. */
    void write(final int stream, final int flow, final long sequence, final long sentNs) {
        uint16(MAGIC_OFFSET, MAGIC);
        uint16(STREAM_OFFSET, stream);
        uint16(FLOW_OFFSET, flow);
        uint40(SEQUENCE_OFFSET, sequence);
        uint40(SENT_OFFSET, sentNs >> SENT_SHIFT);
        final long seed = seed();
        uint16(CHECK_OFFSET, (int) (seed >>> CHECK_SHIFT));
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

    /** The low {@value #SEQUENCE_BITS} bits of the packet's number. */
    long sequence() {
        return uint40(SEQUENCE_OFFSET);
    }

    /**
     * How long it was on the way, up to 16 ns too much. Negative, or longer than can be, if the time in it is not of
     * this machine's clock.
     */
    long ageNs(final long nowNs) {
        return nowNs - (uint40(SENT_OFFSET) << SENT_SHIFT) << UNSENT_BITS >> UNSENT_BITS;
    }

    /** Whether stream, flow, sequence, time and length are what was sent. */
    boolean isIdentityIntact() {
        return uint16(CHECK_OFFSET) == (int) (seed() >>> CHECK_SHIFT);
    }

    /** Whether the filling is what was sent, if the identity is. */
    boolean isFillingIntact() {
        final int end = available();
        long word = seed();
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

    // Of what stands in the packet, read as two words and the length.
    private long seed() {
        return mix(mix(int64(STREAM_OFFSET) ^ available() + STEP) + int64(CHECK_OFFSET - Long.BYTES));
    }

    private static long mix(final long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    private long uint40(final int at) {
        return (long) uint8(at) << Integer.SIZE | int32(at + 1) & 0xFFFF_FFFFL;
    }

    private void uint40(final int at, final long value) {
        uint8(at, (int) (value >>> Integer.SIZE));
        int32(at + 1, (int) value);
    }
}
