/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.Offload;
import org.agrona.BufferUtil;
import org.agrona.UnsafeApi;

import java.nio.ByteBuffer;

/**
 * The first bytes of a packet as it passed a wire, and what is known about it.
 *
 * <pre>
 *   0       8        16     20     24     28       32         36      40                    64
 *  +-------+--------+------+------+------+--------+----------+-------+--------------------+-------- ... ---+
 *  | time  | number | wire | port | mark | length | captured | probe | checksum, segments | bytes          |
 *  +-------+--------+------+------+------+--------+----------+-------+--------------------+-------- ... ---+
 * </pre>
 *
 * The bytes begin at a cache line. A header of {@link io.millrace.packet} is laid over them by
 * {@code header.wrap(copy.address(), copy.captured(), 0)}.
 *
 * <p>Thread safety: none. What {@link Subscription#next} returns is for its caller, until the next call.
 */
public final class PacketCopy {
    static final int HEADER = 64;

    private static final int TIME = 0;
    private static final int NUMBER = 8;
    private static final int WIRE = 16;
    private static final int PORT = 20;
    private static final int MARK = 24;
    private static final int LENGTH = 28;
    private static final int CAPTURED = 32;
    private static final int PROBE = 36;
    private static final int CHECKSUM_START = 40;
    private static final int CHECKSUM_OFFSET = 44;
    private static final int GSO_TYPE = 48;
    private static final int NO_CHECKSUM = -1;

    private final ByteBuffer memory;
    private final long address;
    private final Wires wires;

    /**
     * Over memory for {@link #HEADER} and the longest copy.
     *
     * @param memory  kept alive by this.
     * @param address of its first byte to use.
     * @param wires   knows the names.
     */
    PacketCopy(final ByteBuffer memory, final long address, final Wires wires) {
        this.memory = memory;
        this.address = address;
        this.wires = wires;
    }

    /** Publisher: takes packet {@code i}, at most {@code snapBytes} of it. */
    void fill(final Burst burst, final int i, final int snapBytes, final WireProbe probe, final long timeNs) {
        final int length = burst.length(i);
        final int captured = Math.min(length, snapBytes);
        UnsafeApi.putLong(address + TIME, timeNs);
        UnsafeApi.putLong(address + NUMBER, probe.nextNumber());
        UnsafeApi.putInt(address + WIRE, probe.wire());
        UnsafeApi.putInt(address + PROBE, probe.id());
        UnsafeApi.putInt(address + PORT, burst.port(i));
        UnsafeApi.putInt(address + LENGTH, length);
        UnsafeApi.putInt(address + CAPTURED, captured);
        UnsafeApi.putInt(address + MARK, burst.mark(i));
        if (burst.hasOffload(i)) {
            UnsafeApi.putInt(address + CHECKSUM_START, burst.checksumStart(i));
            UnsafeApi.putInt(address + CHECKSUM_OFFSET, burst.checksumOffset(i));
            UnsafeApi.putInt(address + GSO_TYPE, burst.gsoType(i));
        } else {
            UnsafeApi.putInt(address + CHECKSUM_START, NO_CHECKSUM);
            UnsafeApi.putInt(address + GSO_TYPE, Offload.GSO_NONE);
        }
        UnsafeApi.copyMemory(burst.address(i), address + HEADER, captured);
    }

    /**
     * Subscriber: takes what is in a slot. The publisher may be writing there; the result is worth something only if
     * it turns out afterwards that it was not. The length is one that some packet had, so nothing outside is touched.
     */
    void take(final PacketCopy slot) {
        UnsafeApi.copyMemory(slot.address, address, HEADER + slot.captured());
    }

    /** {@link System#nanoTime()} when its burst passed. All packets of one burst have the same. */
    public long timeNs() {
        return UnsafeApi.getLong(address + TIME);
    }

    /** The same as nanoseconds since 1970, as the clock of the system was when the multicast was made. */
    public long epochNs() {
        return wires.epochNs(timeNs());
    }

    /**
     * How many packets its probe had published before. A number that is left out after another one was lost here.
     */
    public long number() {
        return UnsafeApi.getLong(address + NUMBER);
    }

    /** The name of the wire. */
    public String wire() {
        return wires.name(wireId());
    }

    /** What was said about the wire when it was probed: usually its two ends. Empty if nothing was. */
    public String description() {
        return wires.description(wireId());
    }

    /** A number for the wire, from 0 on: wires with the same name have the same. */
    public int wireId() {
        return UnsafeApi.getInt(address + WIRE);
    }

    /** A number for the probe of the wire on one worker. */
    int probeId() {
        return UnsafeApi.getInt(address + PROBE);
    }

    /** The id of the port on which the packet came in. */
    public int port() {
        return UnsafeApi.getInt(address + PORT);
    }

    /** The mark it carried ({@link Burst#mark(int)}), or 0. */
    public int mark() {
        return UnsafeApi.getInt(address + MARK);
    }

    /** The length of the packet. */
    public int length() {
        return UnsafeApi.getInt(address + LENGTH);
    }

    /** How many of its bytes are here: all, or as many as a slot holds. */
    public int captured() {
        return UnsafeApi.getInt(address + CAPTURED);
    }

    /** Whether bytes are missing at the end. */
    public boolean isTruncated() {
        return captured() < length();
    }

    /** Where the bytes are in memory. */
    public long address() {
        return address + HEADER;
    }

    /** Byte {@code at}, 0 to 255. */
    public int byteAt(final int at) {
        if (at < 0 || at >= captured()) {
            throw new IndexOutOfBoundsException("byte " + at + " of a copy of " + captured());
        }
        return UnsafeApi.getByte(address() + at) & 0xFF;
    }

    /**
     * Appends its bytes to {@code target}.
     *
     * @param limit the most of them.
     */
    public void copyTo(final ByteBuffer target, final int limit) {
        target.put(bytes(Math.min(limit, captured())));
    }

    /** A new array of its bytes. */
    public byte[] toBytes() {
        final byte[] bytes = new byte[captured()];
        bytes(bytes.length).get(bytes);
        return bytes;
    }

    private ByteBuffer bytes(final int length) {
        return memory.slice((int) (address() - BufferUtil.address(memory)), length);
    }

    boolean needsChecksum() {
        return checksumStart() != NO_CHECKSUM;
    }

    int checksumStart() {
        return UnsafeApi.getInt(address + CHECKSUM_START);
    }

    int checksumOffset() {
        return UnsafeApi.getInt(address + CHECKSUM_OFFSET);
    }

    int gsoType() {
        return UnsafeApi.getInt(address + GSO_TYPE);
    }
}
