/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * The UDP header (RFC 768). Setters leave the checksum alone: finish with {@link #updateChecksum}, or with
 * {@code checksum(0)}, which over IPv4 means that there is none.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |          source port          |       destination port        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |            length             |           checksum            |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Udp extends Header {
    /** Bytes of the header. */
    public static final int LENGTH = 8;

    private static final int SOURCE_PORT_OFFSET = 0;
    private static final int DESTINATION_PORT_OFFSET = 2;
    private static final int LENGTH_OFFSET = 4;
    private static final int CHECKSUM_OFFSET = 6;

    /** Wraps nothing yet. */
    public Udp() {
        super("udp", LENGTH);
    }

    /** Whether the length field covers the header and ends inside the packet. False if nothing is wrapped. */
    public boolean isValid() {
        return available() >= LENGTH && length() >= LENGTH && length() <= available();
    }

    /** The port it comes from. */
    public int sourcePort() {
        return uint16(SOURCE_PORT_OFFSET);
    }

    /** Sets the port it comes from. */
    public Udp sourcePort(final int port) {
        uint16(SOURCE_PORT_OFFSET, port);
        return this;
    }

    /** The port it is for. */
    public int destinationPort() {
        return uint16(DESTINATION_PORT_OFFSET);
    }

    /** Sets the port it is for. */
    public Udp destinationPort(final int port) {
        uint16(DESTINATION_PORT_OFFSET, port);
        return this;
    }

    /** Exchanges the ports. The checksum does not change by it. */
    public Udp swapPorts() {
        final int destination = destinationPort();
        return destinationPort(sourcePort()).sourcePort(destination);
    }

    /** The length field: header and payload in bytes. */
    public int length() {
        return uint16(LENGTH_OFFSET);
    }

    /** Sets the length field. */
    public Udp length(final int length) {
        uint16(LENGTH_OFFSET, length);
        return this;
    }

    /** The checksum as it stands; 0 means none. */
    public int checksum() {
        return uint16(CHECKSUM_OFFSET);
    }

    /** Sets the checksum. */
    public Udp checksum(final int checksum) {
        uint16(CHECKSUM_OFFSET, checksum);
        return this;
    }

    /**
     * Computes the checksum over as many bytes as {@link #length()} says and sets it.
     *
     * @param ip the header in front, wrapped over the same packet, its addresses set.
     * @throws IndexOutOfBoundsException if that is more than the packet has.
     */
    public Udp updateChecksum(final IpHeader ip) {
        checksum(0);
        final int checksum = ip.checksumOf(this, IpProtocol.UDP, length());
        // 0 stands for "none": a computed 0 is sent as its other representation.
        return checksum(checksum == 0 ? 0xFFFF : checksum);
    }

    /**
     * Whether the checksum is right. Over IPv4 one of 0 is: the sender made none. Over IPv6 it is not (RFC 8200, 8.1).
     *
     * @param ip the header in front, wrapped over the same packet.
     */
    public boolean isChecksumValid(final IpHeader ip) {
        if (available() >= LENGTH && checksum() == 0) {
            return ip instanceof Ipv4;
        }
        return isValid() && ip.isIntact(this, IpProtocol.UDP, length());
    }
}
