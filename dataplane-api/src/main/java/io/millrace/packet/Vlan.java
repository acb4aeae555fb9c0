/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import io.millrace.Burst;
import org.agrona.UnsafeApi;

/**
 * A VLAN tag (IEEE 802.1Q), wrapped right behind the {@link Ethernet} header whose type announced it, or behind another
 * tag: 802.1ad frames carry a service tag and then a customer tag.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  | prio|D|       VLAN id         |      type of what follows     |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 *
 * D is the drop-eligible bit.
 */
public final class Vlan extends Header {
    /** Bytes of the tag. */
    public static final int LENGTH = 4;
    /** The largest VLAN id that a network may use; 0 means a priority without a VLAN. */
    public static final int MAX_ID = 4094;

    private static final int CONTROL_OFFSET = 0;
    private static final int TYPE_OFFSET = 2;
    private static final int ID_MASK = 0xFFF;
    private static final int DROP_ELIGIBLE = 1 << 12;
    private static final int PRIORITY_SHIFT = 13;
    private static final int ADDRESSES_LENGTH = 12;

    /** Wraps nothing yet. */
    public Vlan() {
        super("vlan", LENGTH);
    }

    /** The VLAN id, 0 to 4095. */
    public int id() {
        return uint16(CONTROL_OFFSET) & ID_MASK;
    }

    /** Sets the VLAN id and keeps the rest of the tag. */
    public Vlan id(final int id) {
        return control(control() & ~ID_MASK | id & ID_MASK);
    }

    /** The priority code point, 0 to 7. */
    public int priority() {
        return uint16(CONTROL_OFFSET) >>> PRIORITY_SHIFT;
    }

    /** Sets the priority code point, 0 to 7, and keeps the rest of the tag. */
    public Vlan priority(final int priority) {
        return control(control() & (1 << PRIORITY_SHIFT) - 1 | priority << PRIORITY_SHIFT);
    }

    /** Whether it is to be dropped before others when there is congestion. */
    public boolean isDropEligible() {
        return (uint16(CONTROL_OFFSET) & DROP_ELIGIBLE) != 0;
    }

    /** Priority, drop-eligible bit and id in one: the whole tag control information. */
    public int control() {
        return uint16(CONTROL_OFFSET);
    }

    /** Sets priority, drop-eligible bit and id in one. */
    public Vlan control(final int control) {
        uint16(CONTROL_OFFSET, control);
        return this;
    }

    /** What follows, of {@link EtherType}. */
    public int type() {
        return uint16(TYPE_OFFSET);
    }

    /** Sets what follows. */
    public Vlan type(final int type) {
        uint16(TYPE_OFFSET, type);
        return this;
    }

    /**
     * Puts a tag into packet {@code i}, in front of any it has. Flyweights over this packet are stale afterwards.
     *
     * @param type    {@link EtherType#VLAN} or {@link EtherType#SERVICE_VLAN}.
     * @param control the tag: id, drop-eligible bit and priority, as {@link #control()}.
     * @return false if the packet is shorter than an Ethernet header or its frame has no headroom left: then it is
     *         unchanged.
     */
    public static boolean push(final Burst burst, final int i, final int type, final int control) {
        if (burst.length(i) < Ethernet.LENGTH || burst.headroom(i) < LENGTH) {
            return false;
        }
        burst.pushFront(i, LENGTH);
        final long start = burst.address(i);
        // 12 bytes to 4 lower: the second load is done before the first store can touch it.
        final long first = UnsafeApi.getLong(start + LENGTH);
        final int last = UnsafeApi.getInt(start + LENGTH + Long.BYTES);
        UnsafeApi.putLong(start, first);
        UnsafeApi.putInt(start + Long.BYTES, last);
        UnsafeApi.putInt(start + ADDRESSES_LENGTH, Integer.reverseBytes(type << 16 | control & 0xFFFF));
        return true;
    }

    /**
     * Takes the outermost tag off packet {@code i}. Flyweights over this packet are stale afterwards.
     *
     * @return the tag, as {@link #control()}, or -1 if the packet has none: it is unchanged.
     */
    public static int pop(final Burst burst, final int i) {
        if (burst.length(i) < Ethernet.LENGTH + LENGTH) {
            return -1;
        }
        final long start = burst.address(i);
        final int tag = Integer.reverseBytes(UnsafeApi.getInt(start + ADDRESSES_LENGTH));
        if (!EtherType.isVlan(tag >>> 16)) {
            return -1;
        }
        final long first = UnsafeApi.getLong(start);
        final int last = UnsafeApi.getInt(start + Long.BYTES);
        UnsafeApi.putLong(start + LENGTH, first);
        UnsafeApi.putInt(start + LENGTH + Long.BYTES, last);
        burst.trimFront(i, LENGTH);
        return tag & 0xFFFF;
    }
}
