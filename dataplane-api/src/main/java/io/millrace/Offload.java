/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.util.List;
import java.util.StringJoiner;

/**
 * Work that the sender of a packet left to the interface (virtio 1.2, 5.1.6): to fill in a checksum, to cut one large
 * packet into several. As bits, what a port yields or takes ({@link Port#rxOffloads}, {@link Port#txOffloads}); as the
 * type of segmentation, what one packet needs ({@link Burst#gsoType}). The numbers are those of virtio, of tap devices
 * and of packet sockets.
 */
public final class Offload {
    /** Bit: a checksum of 16 bits that is not filled in. All other bits need this one. */
    public static final int CSUM = 1;
    /** Bit: TCP over IPv4 in packets larger than the MTU. */
    public static final int TSO4 = 2;
    /** Bit: TCP over IPv6 in packets larger than the MTU. */
    public static final int TSO6 = 4;
    /** Bit: such TCP packets with ECN set, of which only the first segment may carry CWR. */
    public static final int ECN = 8;
    /** Bit: several UDP datagrams as one packet. */
    public static final int USO = 16;

    /** Segmentation type: none. */
    public static final int GSO_NONE = 0;
    /** Segmentation type: TCP over IPv4. */
    public static final int GSO_TCPV4 = 1;
    /** Segmentation type: one datagram into IP fragments. Obsolete: no port takes or yields it. */
    public static final int GSO_UDP = 3;
    /** Segmentation type: TCP over IPv6. */
    public static final int GSO_TCPV6 = 4;
    /** Segmentation type: UDP, datagram by datagram. */
    public static final int GSO_UDP_L4 = 5;
    /** Added to a TCP type: the packet has ECN set. */
    public static final int GSO_ECN = 0x80;

    private static final int UNKNOWN = 1 << 31;
    private static final List<String> NAMES = List.of("csum", "tso4", "tso6", "ecn", "uso");

    private Offload() {
    }

    /**
     * The bits that a port has to have to take a packet.
     *
     * @param gsoType one of the types above. For any other number the result contains a bit that no port has.
     */
    public static int needed(final int gsoType) {
        return switch (gsoType) {
            case GSO_NONE -> CSUM;
            case GSO_TCPV4 -> CSUM | TSO4;
            case GSO_TCPV4 | GSO_ECN -> CSUM | TSO4 | ECN;
            case GSO_TCPV6 -> CSUM | TSO6;
            case GSO_TCPV6 | GSO_ECN -> CSUM | TSO6 | ECN;
            case GSO_UDP_L4 -> CSUM | USO;
            default -> UNKNOWN;
        };
    }

    /** The bits in words, such as {@code csum+tso4}; {@code none} if there are none. What is unknown is left out. */
    public static String text(final int bits) {
        final StringJoiner text = new StringJoiner("+").setEmptyValue("none");
        for (int i = 0; i < NAMES.size(); i++) {
            if ((bits & 1 << i) != 0) {
                text.add(NAMES.get(i));
            }
        }
        return text.toString();
    }

    /**
     * The bits that {@link #text} would write so; {@code all} for all of them.
     *
     * @throws ConfigurationException if any word is none of these.
     */
    public static int parse(final String text) {
        return parse("what a port leaves to others", text);
    }

    /** The same for a message that begins with what it is. */
    static int parse(final String what, final String text) {
        if (text.equals("none")) {
            return 0;
        }
        if (text.equals("all")) {
            return (1 << NAMES.size()) - 1;
        }
        int bits = 0;
        for (final String word : text.split("\\+", -1)) {
            final int bit = NAMES.indexOf(word);
            if (bit < 0) {
                throw new ConfigurationException(what + " is all, none, or some of csum, tso4, tso6, ecn and uso with +"
                    + " between them, not " + text);
            }
            bits |= 1 << bit;
        }
        return bits;
    }
}
