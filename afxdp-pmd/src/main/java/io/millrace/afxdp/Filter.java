/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * Which of the frames that an interface receives go to Millrace. The rest stays with the kernel. It is translated into
 * BPF and runs before the kernel has looked at a frame.
 *
 * <pre>{@code
 *  Filter.udpPort(4789).and(Filter.vlan(100)).or(Filter.etherType(EtherType.ARP))
 *  Filter.parse("udp:4789 and vlan:100 or type:arp")       // the same
 * }</pre>
 *
 * <p>A field that a frame does not have, because it is of another kind or too short, has none of the values: the
 * condition is false, and {@code not} of it true. Of a packet in several IP fragments only the first has UDP ports.
 *
 * <p>A VLAN tag is seen only if it is in the frame. A device that takes tags off on receiving, or a veth whose other
 * end leaves adding them to the device, hides them from XDP, and so from AF_XDP sockets altogether: switch that off
 * with {@code ethtool -K DEVICE rxvlan off}, and for veth {@code txvlan off} on the other end.
 *
 * <p>Immutable.
 */
public final class Filter {
    /** The most values all conditions of a filter may have together. */
    static final int MAX_SIZE = 1024;

    private static final Filter ALL = new Filter(new Condition.All());

    private final Condition condition;

    private Filter(final Condition condition) {
        this.condition = condition;
        if (condition.size() > MAX_SIZE) {
            throw new ConfigurationException("the filter compares with " + condition.size() + " values and "
                + MAX_SIZE + " are allowed: use a broader one and sort out the rest in a node");
        }
    }

    /** Every frame. */
    public static Filter all() {
        return ALL;
    }

    /**
     * Frames that carry one of some protocols, untagged or behind a VLAN tag. The types of the tags themselves, 0x8100
     * and 0x88a8, stand for all frames with such an outer tag.
     *
     * @param types from 0x0600, as in {@link io.millrace.packet.EtherType}.
     */
    public static Filter etherType(final int... types) {
        return of(Field.TYPE, Arrays.stream(types).asLongStream());
    }

    /**
     * Frames with one of some VLAN ids in their outer tag, 802.1Q or 802.1ad.
     *
     * @param ids from 0, which stands for a priority without a VLAN, to 4094.
     */
    public static Filter vlan(final int... ids) {
        return of(Field.VLAN, Arrays.stream(ids).asLongStream());
    }

    /**
     * Frames to one of some MAC addresses. Think of {@link io.millrace.packet.MacAddress#BROADCAST}: without it, who
     * asks for an address by ARP asks the kernel.
     *
     * @param macs as {@link io.millrace.packet.MacAddress} has them.
     */
    public static Filter destination(final long... macs) {
        return of(Field.MAC, Arrays.stream(macs));
    }

    /**
     * UDP packets to one of some ports: over IPv4, with or without options, and over IPv6 without extension headers;
     * untagged or behind one VLAN tag. Fragments other than the first do not match, for they have no UDP header.
     *
     * @param ports from 1 to 65535.
     */
    public static Filter udpPort(final int... ports) {
        return of(Field.UDP, Arrays.stream(ports).asLongStream());
    }

    private static Filter of(final Field field, final LongStream values) {
        return new Filter(Condition.oneOf(field, values));
    }

    /** Frames that both take. */
    public Filter and(final Filter other) {
        return new Filter(Condition.every(condition, other.condition));
    }

    /** Frames that one of them takes, or both. */
    public Filter or(final Filter other) {
        return new Filter(Condition.any(condition, other.condition));
    }

    /** Frames that this one does not take. */
    public Filter not() {
        return new Filter(Condition.not(condition));
    }

    /**
     * Reads the form for command lines. Conditions are {@code type:} (a number such as {@code 0x88cc}, {@code ip},
     * {@code ip6} or {@code arp}), {@code vlan:}, {@code mac:} (the destination) and {@code udp:} (its destination
     * port), each with one value or several separated by {@code /}; and {@code all} and {@code none}. They are combined
     * by {@code not}, {@code and} and {@code or}, which bind in this order, and by parentheses. A plus sign is the same
     * as a blank, so that a shell needs no quotes: {@code vlan:100/101+and+not+type:arp}.
     *
     * @throws ConfigurationException if it is not of that form.
     */
    public static Filter parse(final String text) {
        return new Filter(new FilterParser(text).parse());
    }

    Condition condition() {
        return condition;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof Filter filter && filter.condition.equals(condition);
    }

    @Override
    public int hashCode() {
        return condition.hashCode();
    }

    /** The form that {@link #parse} reads. */
    @Override
    public String toString() {
        return condition.toString();
    }
}
