/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * The TCP header (RFC 9293). Setters leave the checksum alone: finish with {@link #updateChecksum}.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |          source port          |       destination port        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                        sequence number                        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                    acknowledgment number                      |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  | offset|  rsvd |C|E|U|A|P|R|S|F|            window             |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |           checksum            |        urgent pointer         |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                   options (offset - 5 words)                  |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Tcp extends Header {
    /** Bytes of a header without options. */
    public static final int LENGTH = 20;
    /** Flag: no more data from the sender. */
    public static final int FIN = 1;
    /** Flag: synchronise sequence numbers. */
    public static final int SYN = 1 << 1;
    /** Flag: reset the connection. */
    public static final int RST = 1 << 2;
    /** Flag: push. */
    public static final int PSH = 1 << 3;
    /** Flag: the acknowledgment number counts. */
    public static final int ACK = 1 << 4;
    /** Flag: the urgent pointer counts. */
    public static final int URG = 1 << 5;
    /** Flag: echo of a congestion mark. */
    public static final int ECE = 1 << 6;
    /** Flag: congestion window reduced. */
    public static final int CWR = 1 << 7;

    private static final int SOURCE_PORT_OFFSET = 0;
    private static final int DESTINATION_PORT_OFFSET = 2;
    private static final int SEQUENCE_OFFSET = 4;
    private static final int ACKNOWLEDGMENT_OFFSET = 8;
    private static final int DATA_OFFSET = 12;
    private static final int FLAGS_OFFSET = 13;
    private static final int WINDOW_OFFSET = 14;
    private static final int CHECKSUM_OFFSET = 16;
    private static final int URGENT_OFFSET = 18;

    /** Wraps nothing yet. */
    public Tcp() {
        super("tcp", LENGTH);
    }

    /** Whether the header's own length is possible and inside the packet. False if nothing is wrapped. */
    public boolean isValid() {
        return available() >= LENGTH && headerLength() >= LENGTH && headerLength() <= available();
    }

    /** Begins a header without options: everything else is 0. */
    public Tcp reset() {
        zero(LENGTH);
        uint8(DATA_OFFSET, LENGTH / Integer.BYTES << 4);
        return this;
    }

    /**
     * The length of this header in bytes, options included: 0 to 60, as the header says; at least {@link #LENGTH} in a
     * valid segment.
     */
    @Override
    public int headerLength() {
        return (uint8(DATA_OFFSET) >>> 4) * Integer.BYTES;
    }

    /** The port it comes from. */
    public int sourcePort() {
        return uint16(SOURCE_PORT_OFFSET);
    }

    /** Sets the port it comes from. */
    public Tcp sourcePort(final int port) {
        uint16(SOURCE_PORT_OFFSET, port);
        return this;
    }

    /** The port it is for. */
    public int destinationPort() {
        return uint16(DESTINATION_PORT_OFFSET);
    }

    /** Sets the port it is for. */
    public Tcp destinationPort(final int port) {
        uint16(DESTINATION_PORT_OFFSET, port);
        return this;
    }

    /** The number of the first payload byte, modulo 2^32 and as a signed number: compare differences. */
    public int sequence() {
        return int32(SEQUENCE_OFFSET);
    }

    /** Sets the number of the first payload byte. */
    public Tcp sequence(final int sequence) {
        int32(SEQUENCE_OFFSET, sequence);
        return this;
    }

    /** The number of the byte expected next, if {@link #ACK} is set. */
    public int acknowledgment() {
        return int32(ACKNOWLEDGMENT_OFFSET);
    }

    /** Sets the number of the byte expected next. */
    public Tcp acknowledgment(final int acknowledgment) {
        int32(ACKNOWLEDGMENT_OFFSET, acknowledgment);
        return this;
    }

    /** The flags in one: {@link #SYN}, {@link #ACK} and so on. */
    public int flags() {
        return uint8(FLAGS_OFFSET);
    }

    /** Sets all flags. */
    public Tcp flags(final int flags) {
        uint8(FLAGS_OFFSET, flags);
        return this;
    }

    /** The receive window, not scaled. */
    public int window() {
        return uint16(WINDOW_OFFSET);
    }

    /** Sets the receive window. */
    public Tcp window(final int window) {
        uint16(WINDOW_OFFSET, window);
        return this;
    }

    /** The checksum as it stands. */
    public int checksum() {
        return uint16(CHECKSUM_OFFSET);
    }

    /** Sets the checksum. */
    public Tcp checksum(final int checksum) {
        uint16(CHECKSUM_OFFSET, checksum);
        return this;
    }

    /** The end of urgent data, if {@link #URG} is set. */
    public int urgentPointer() {
        return uint16(URGENT_OFFSET);
    }

    /** Sets the end of urgent data. */
    public Tcp urgentPointer(final int urgentPointer) {
        uint16(URGENT_OFFSET, urgentPointer);
        return this;
    }

    /**
     * Computes the checksum over header and payload and sets it.
     *
     * @param ip the header in front, wrapped over the same packet, its addresses and length set.
     * @throws IndexOutOfBoundsException if its length goes beyond the packet.
     */
    public Tcp updateChecksum(final IpHeader ip) {
        checksum(0);
        return checksum(ip.checksumOf(this, IpProtocol.TCP, ip.lengthOf(this)));
    }

    /**
     * Whether the checksum is right; false as well if the segment is not all there.
     *
     * @param ip the header in front, wrapped over the same packet.
     */
    public boolean isChecksumValid(final IpHeader ip) {
        return isValid() && ip.isValid() && ip.isIntact(this, IpProtocol.TCP, ip.lengthOf(this));
    }
}
