/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * The header that ICMP (RFC 792) and ICMPv6 (RFC 4443) messages begin with. Echo messages carry an identifier and a
 * sequence number in the second word; other types have other fields there.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |     type      |     code      |           checksum            |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |       identifier (echo)       |    sequence number (echo)     |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Icmp extends Header {
    /** Bytes of the header. */
    public static final int LENGTH = 8;
    /** IPv4 type: echo reply. */
    public static final int ECHO_REPLY = 0;
    /** IPv4 type: destination unreachable. */
    public static final int UNREACHABLE = 3;
    /** IPv4 type: echo request. */
    public static final int ECHO_REQUEST = 8;
    /** IPv4 type: time to live exceeded. */
    public static final int TIME_EXCEEDED = 11;
    /** IPv6 type: destination unreachable. */
    public static final int V6_UNREACHABLE = 1;
    /** IPv6 type: larger than the next link takes. */
    public static final int V6_PACKET_TOO_BIG = 2;
    /** IPv6 type: hop limit exceeded. */
    public static final int V6_TIME_EXCEEDED = 3;
    /** IPv6 type: echo request. */
    public static final int V6_ECHO_REQUEST = 128;
    /** IPv6 type: echo reply. */
    public static final int V6_ECHO_REPLY = 129;
    /** IPv6 type: who has this address? */
    public static final int V6_NEIGHBOR_SOLICITATION = 135;
    /** IPv6 type: the answer to a solicitation. */
    public static final int V6_NEIGHBOR_ADVERTISEMENT = 136;

    private static final int TYPE_OFFSET = 0;
    private static final int CODE_OFFSET = 1;
    private static final int CHECKSUM_OFFSET = 2;
    private static final int IDENTIFIER_OFFSET = 4;
    private static final int SEQUENCE_OFFSET = 6;

    /** Wraps nothing yet. */
    public Icmp() {
        super("icmp", LENGTH);
    }

    /** The kind of message. IPv4 and IPv6 number them differently. */
    public int type() {
        return uint8(TYPE_OFFSET);
    }

    /** Sets the kind of message. */
    public Icmp type(final int type) {
        uint8(TYPE_OFFSET, type);
        return this;
    }

    /** The kind within the type. */
    public int code() {
        return uint8(CODE_OFFSET);
    }

    /** Sets the kind within the type. */
    public Icmp code(final int code) {
        uint8(CODE_OFFSET, code);
        return this;
    }

    /** The checksum as it stands. */
    public int checksum() {
        return uint16(CHECKSUM_OFFSET);
    }

    /** Sets the checksum. */
    public Icmp checksum(final int checksum) {
        uint16(CHECKSUM_OFFSET, checksum);
        return this;
    }

    /** What tells one sender of echo requests from another. */
    public int identifier() {
        return uint16(IDENTIFIER_OFFSET);
    }

    /** Sets the identifier of an echo message. */
    public Icmp identifier(final int identifier) {
        uint16(IDENTIFIER_OFFSET, identifier);
        return this;
    }

    /** The number of an echo message. */
    public int sequence() {
        return uint16(SEQUENCE_OFFSET);
    }

    /** Sets the number of an echo message. */
    public Icmp sequence(final int sequence) {
        uint16(SEQUENCE_OFFSET, sequence);
        return this;
    }

    /**
     * Computes the checksum over header and payload and sets it. With IPv6 it includes a pseudo header, with IPv4 none.
     *
     * @param ip the header in front, wrapped over the same packet, its addresses and length set.
     * @throws IndexOutOfBoundsException if its length goes beyond the packet.
     */
    public Icmp updateChecksum(final IpHeader ip) {
        checksum(0);
        final int length = ip.lengthOf(this);
        return checksum(ip instanceof Ipv6 ? ip.checksumOf(this, IpProtocol.ICMPV6, length) : Checksum.of(sum(length)));
    }

    /**
     * Whether the checksum is right; false as well if the message is not all there.
     *
     * @param ip the header in front, wrapped over the same packet.
     */
    public boolean isChecksumValid(final IpHeader ip) {
        if (!ip.isValid()) {
            return false;
        }
        final int length = ip.lengthOf(this);
        if (ip instanceof Ipv6) {
            return ip.isIntact(this, IpProtocol.ICMPV6, length);
        }
        return length >= LENGTH && length <= available() && Checksum.of(sum(length)) == 0;
    }
}
