/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import io.millrace.packet.EtherType;
import io.millrace.packet.MacAddress;
import java.util.Map;

/** What a filter can look at, how its values are written, and which there are. */
enum Field {
    /** The type of what a frame carries: also behind its outer VLAN tag. */
    TYPE("type", "an Ethernet type", "type:arp or type:0x88cc", EtherType.MIN, 0xffff),
    /** The id in the outer VLAN tag. */
    VLAN("vlan", "a VLAN id from 0 to 4094", "vlan:100", 0, 4094),
    /** The MAC address that a frame is for. */
    MAC("mac", "a MAC address", "mac:52:54:00:12:34:56", 0, MacAddress.BROADCAST),
    /** The UDP port that a packet is for. */
    UDP("udp", "a UDP port from 1 to 65535", "udp:4789", 1, 0xffff);

    private static final int HEX = 16;
    private static final Map<String, Long> TYPES =
        Map.of("ip", (long) EtherType.IPV4, "arp", (long) EtherType.ARP, "ip6", (long) EtherType.IPV6);

    private final String word;
    private final String noun;
    private final String example;
    private final long min;
    private final long max;

    Field(final String word, final String noun, final String example, final long min, final long max) {
        this.word = word;
        this.noun = noun;
        this.example = example;
        this.min = min;
        this.max = max;
    }

    /** The field called {@code word}, or null. */
    static Field of(final String word) {
        for (final Field field : values()) {
            if (field.word.equals(word)) {
                return field;
            }
        }
        return null;
    }

    /** What stands before the colon. */
    String word() {
        return word;
    }

    /** Throws if there is no such value. */
    long checked(final long value) {
        if (value < min || value > max) {
            throw wrong(this == TYPE ? "0x" + Long.toHexString(value) : Long.toString(value));
        }
        return value;
    }

    /** Reads one value; throws with an example if it is none. */
    long parse(final String text) {
        try {
            return checked(switch (this) {
                case MAC -> MacAddress.parse(text);
                case TYPE -> TYPES.containsKey(text) ? TYPES.get(text) : hexadecimal(text);
                default -> Integer.parseInt(text);
            });
        } catch (final IllegalArgumentException e) {
            throw wrong(text);
        }
    }

    private static long hexadecimal(final String text) {
        if (!text.startsWith("0x")) {
            throw new IllegalArgumentException(text);
        }
        return Integer.parseInt(text.substring(2), HEX);
    }

    private ConfigurationException wrong(final String text) {
        return new ConfigurationException("\"" + text + "\" in a filter is not " + noun + ": write it like " + example);
    }

    /** Writes one value so that {@link #parse} reads it. */
    String format(final long value) {
        return switch (this) {
            case MAC -> MacAddress.format(value);
            case TYPE -> TYPES.entrySet().stream().filter(e -> e.getValue() == value).map(Map.Entry::getKey)
                .findFirst().orElseGet(() -> "0x%04x".formatted(value));
            default -> Long.toString(value);
        };
    }
}
