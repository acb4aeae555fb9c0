/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import io.millrace.Burst;
import org.agrona.UnsafeApi;

/**
 * A view of one header in one packet. Subclasses name the fields; this class knows where the header is and keeps every
 * access inside the packet.
 *
 * <p>Before the first {@code wrap}, and beyond the end of the packet, every access throws
 * {@link IndexOutOfBoundsException}. A view is stale as soon as its packet has left the burst, or was moved by
 * {@link Burst#trimFront}, {@link Burst#pushFront} or {@link Burst#resize}: wrap again.
 *
 * <p>Started with {@code -Dmillrace.bounds.checks=false}, the JVM leaves the check of each access out. That is only
 * safe where every node looks at the results of {@code wrap} and {@code isValid}.
 *
 * <p>Multi-byte fields are big-endian in the packet; the machine is little-endian, as all that Millrace runs on are.
 *
 * <p>Thread safety: none. A flyweight belongs to one node, hence to one thread.
 */
public abstract class Header {
    private static final boolean BOUNDS_CHECKS =
        !"false".equals(System.getProperty("millrace.bounds.checks", "true"));

    private final String name;
    private final int minLength;
    private long address;
    private int offset;
    private int available;

    /**
     * For the subclass.
     *
     * @param name      as it stands in errors: {@code ipv4}.
     * @param minLength bytes of the header's fixed part.
     */
    protected Header(final String name, final int minLength) {
        this.name = name;
        this.minLength = minLength;
    }

    /**
     * Lays this header over the first bytes of packet {@code i}.
     *
     * @return whether the packet holds the whole fixed part of the header.
     */
    public final boolean wrap(final Burst burst, final int i) {
        return wrap(burst.address(i), burst.length(i), 0);
    }

    /**
     * Lays this header over the bytes of packet {@code i} that start at {@code offset}.
     *
     * @param offset from the start of the packet, usually {@link #end()} of the header before. Any value may be given:
     *               one outside the packet wraps nothing.
     * @return whether the packet holds the whole fixed part of the header there.
     */
    public final boolean wrap(final Burst burst, final int i, final int offset) {
        return wrap(burst.address(i), burst.length(i), offset);
    }

    /**
     * Lays this header over memory that is in no burst, as drivers need it.
     *
     * @param packetAddress of the first byte of the packet. The caller answers for this memory.
     * @param packetLength  bytes that may be accessed from there.
     * @param offset        of the header in them.
     * @return whether there are enough bytes for the whole fixed part of the header.
     */
    public final boolean wrap(final long packetAddress, final int packetLength, final int offset) {
        this.address = packetAddress + offset;
        this.offset = offset;
        this.available = offset < 0 || offset > packetLength ? 0 : packetLength - offset;
        return available >= minLength;
    }

    /** Where the header starts in memory. */
    public final long address() {
        return address;
    }

    /** Where the header starts, in bytes from the start of the packet. */
    public final int offset() {
        return offset;
    }

    /** Bytes from the start of the header to the end of the packet; 0 if nothing is wrapped. */
    public final int available() {
        return available;
    }

    /** The length of this header in bytes, options included. */
    public int headerLength() {
        return minLength;
    }

    /** Where the next header starts, in bytes from the start of the packet. It may lie beyond the packet's end. */
    public final int end() {
        return offset + headerLength();
    }

    /** The byte {@code at} bytes into the header, 0 to 255. */
    protected final int uint8(final int at) {
        check(at, Byte.BYTES);
        return UnsafeApi.getByte(address + at) & 0xFF;
    }

    /** Writes the low 8 bits of {@code value}. */
    protected final void uint8(final int at, final int value) {
        check(at, Byte.BYTES);
        UnsafeApi.putByte(address + at, (byte) value);
    }

    /** The 16 bits {@code at} bytes into the header, 0 to 65535. */
    protected final int uint16(final int at) {
        check(at, Short.BYTES);
        return Short.reverseBytes(UnsafeApi.getShort(address + at)) & 0xFFFF;
    }

    /** Writes the low 16 bits of {@code value}. */
    protected final void uint16(final int at, final int value) {
        check(at, Short.BYTES);
        UnsafeApi.putShort(address + at, Short.reverseBytes((short) value));
    }

    /** The 32 bits {@code at} bytes into the header, as they are: values over 2^31 are negative. */
    protected final int int32(final int at) {
        check(at, Integer.BYTES);
        return Integer.reverseBytes(UnsafeApi.getInt(address + at));
    }

    /** Writes 32 bits. */
    protected final void int32(final int at, final int value) {
        check(at, Integer.BYTES);
        UnsafeApi.putInt(address + at, Integer.reverseBytes(value));
    }

    /**
     * The 48 bits {@code at} bytes into the header. Read with one load of 64 bits, so the packet has to have two more
     * bytes behind them.
     */
    protected final long uint48(final int at) {
        check(at, Long.BYTES);
        return Long.reverseBytes(UnsafeApi.getLong(address + at)) >>> 16;
    }

    /** Writes the low 48 bits of {@code value} and nothing behind them. */
    protected final void uint48(final int at, final long value) {
        check(at, 6);
        UnsafeApi.putInt(address + at, Integer.reverseBytes((int) (value >>> 16)));
        UnsafeApi.putShort(address + at + Integer.BYTES, Short.reverseBytes((short) value));
    }

    /** The 64 bits {@code at} bytes into the header, as they are. */
    protected final long int64(final int at) {
        check(at, Long.BYTES);
        return Long.reverseBytes(UnsafeApi.getLong(address + at));
    }

    /** Writes 64 bits. */
    protected final void int64(final int at, final long value) {
        check(at, Long.BYTES);
        UnsafeApi.putLong(address + at, Long.reverseBytes(value));
    }

    /** Writes zeros over the first {@code length} bytes of the header. */
    protected final void zero(final int length) {
        check(0, length);
        UnsafeApi.setMemory(address, length, (byte) 0);
    }

    /** The {@link Checksum#sum} of {@code length} bytes from the start of this header. */
    protected final int sum(final int length) {
        check(0, length);
        return Checksum.sum(address, length);
    }

    private void check(final int at, final int width) {
        if (BOUNDS_CHECKS && (at < 0 || width < 0 || at > available - width)) {
            throw outOfBounds(at, width);
        }
    }

    // Apart from check(), which has to stay small enough to be inlined everywhere.
    private IndexOutOfBoundsException outOfBounds(final int at, final int width) {
        return new IndexOutOfBoundsException(name + ": " + width + " bytes at " + at
            + " of a header at " + offset + " with " + available + " bytes to the end of the packet");
    }
}
