/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * The IPv4 header (RFC 791). Setters leave the checksum alone: finish with {@link #updateChecksum()}.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |version|  IHL  |    DSCP   |ECN|         total length          |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |        identification         |0|D|M|     fragment offset     |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  | time to live  |   protocol    |        header checksum        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                        source address                         |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      destination address                      |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                    options (IHL - 5 words)                    |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Ipv4 extends IpHeader {
    /** Bytes of a header without options. */
    public static final int LENGTH = 20;

    private static final int VERSION_OFFSET = 0;
    private static final int TRAFFIC_CLASS_OFFSET = 1;
    private static final int TOTAL_LENGTH_OFFSET = 2;
    private static final int IDENTIFICATION_OFFSET = 4;
    private static final int FRAGMENT_OFFSET = 6;
    private static final int TIME_TO_LIVE_OFFSET = 8;
    private static final int PROTOCOL_OFFSET = 9;
    private static final int CHECKSUM_OFFSET = 10;
    private static final int SOURCE_OFFSET = 12;
    private static final int DESTINATION_OFFSET = 16;
    private static final int VERSION_4 = 4;
    private static final int DONT_FRAGMENT = 1 << 14;
    private static final int MORE_FRAGMENTS = 1 << 13;
    private static final int FRAGMENT_MASK = MORE_FRAGMENTS - 1;
    private static final int DEFAULT_TIME_TO_LIVE = 64;

    /** Wraps nothing yet. */
    public Ipv4() {
        super("ipv4", LENGTH);
    }

    @Override
    public boolean isValid() {
        if (available() < LENGTH || version() != VERSION_4) {
            return false;
        }
        final int header = headerLength();
        final int total = packetLength();
        return header >= LENGTH && total >= header && total <= available();
    }

    /** Begins a header without options: version 4, time to live 64, everything else 0. */
    public Ipv4 reset() {
        zero(LENGTH);
        uint8(VERSION_OFFSET, VERSION_4 << 4 | LENGTH / Integer.BYTES);
        return timeToLive(DEFAULT_TIME_TO_LIVE);
    }

    /** 4 in a valid packet. */
    public int version() {
        return uint8(VERSION_OFFSET) >>> 4;
    }

    /**
     * The length of this header in bytes, options included: 0 to 60, as the header says; at least {@link #LENGTH} in a
     * valid packet.
     */
    @Override
    public int headerLength() {
        return (uint8(VERSION_OFFSET) & 0xF) * Integer.BYTES;
    }

    /** DSCP and ECN in one, 0 to 255. */
    public int trafficClass() {
        return uint8(TRAFFIC_CLASS_OFFSET);
    }

    /** Sets DSCP and ECN in one. */
    public Ipv4 trafficClass(final int trafficClass) {
        uint8(TRAFFIC_CLASS_OFFSET, trafficClass);
        return this;
    }

    /** The total length field: header and payload in bytes. */
    @Override
    public int packetLength() {
        return uint16(TOTAL_LENGTH_OFFSET);
    }

    /** Sets the total length field. */
    public Ipv4 packetLength(final int length) {
        uint16(TOTAL_LENGTH_OFFSET, length);
        return this;
    }

    /** What the fragments of one packet share. */
    public int identification() {
        return uint16(IDENTIFICATION_OFFSET);
    }

    /** Sets the identification. */
    public Ipv4 identification(final int identification) {
        uint16(IDENTIFICATION_OFFSET, identification);
        return this;
    }

    /** Whether routers may not fragment it. */
    public boolean isDontFragment() {
        return (uint16(FRAGMENT_OFFSET) & DONT_FRAGMENT) != 0;
    }

    /** Sets or clears the don't-fragment bit. */
    public Ipv4 dontFragment(final boolean dontFragment) {
        final int rest = uint16(FRAGMENT_OFFSET) & ~DONT_FRAGMENT;
        uint16(FRAGMENT_OFFSET, dontFragment ? rest | DONT_FRAGMENT : rest);
        return this;
    }

    /** Whether this is one piece of a larger packet: no transport header can be trusted to be there. */
    public boolean isFragment() {
        return (uint16(FRAGMENT_OFFSET) & (MORE_FRAGMENTS | FRAGMENT_MASK)) != 0;
    }

    /** Whether more fragments follow this one. */
    public boolean hasMoreFragments() {
        return (uint16(FRAGMENT_OFFSET) & MORE_FRAGMENTS) != 0;
    }

    /** Where this fragment's payload belongs in the whole packet, in bytes. */
    public int fragmentOffset() {
        return (uint16(FRAGMENT_OFFSET) & FRAGMENT_MASK) * Long.BYTES;
    }

    /** How many more hops it may take, 0 to 255. */
    public int timeToLive() {
        return uint8(TIME_TO_LIVE_OFFSET);
    }

    /** Sets how many hops it may take. */
    public Ipv4 timeToLive(final int hops) {
        uint8(TIME_TO_LIVE_OFFSET, hops);
        return this;
    }

    /**
     * Takes one hop off and adapts the checksum.
     *
     * @return the hops left. At 0 the packet must not be forwarded; one that came in with 0 is not changed.
     */
    public int decrementTimeToLive() {
        final int before = uint16(TIME_TO_LIVE_OFFSET);
        if (before < 1 << 8) {
            return 0;
        }
        final int after = before - (1 << 8);
        uint16(TIME_TO_LIVE_OFFSET, after);
        checksum(Checksum.update(checksum(), before, after));
        return after >>> 8;
    }

    /** What follows, of {@link IpProtocol}. */
    public int protocol() {
        return uint8(PROTOCOL_OFFSET);
    }

    /** Sets what follows. */
    public Ipv4 protocol(final int protocol) {
        uint8(PROTOCOL_OFFSET, protocol);
        return this;
    }

    /** The header checksum as it stands. */
    public int checksum() {
        return uint16(CHECKSUM_OFFSET);
    }

    /** Sets the header checksum. */
    public Ipv4 checksum(final int checksum) {
        uint16(CHECKSUM_OFFSET, checksum);
        return this;
    }

    /** Computes the header checksum, options included, and sets it. */
    public Ipv4 updateChecksum() {
        checksum(0);
        return checksum(Checksum.of(sum(headerLength())));
    }

    /** Whether the header checksum is right. Only after {@link #isValid()}. */
    public boolean isChecksumValid() {
        return Checksum.of(sum(headerLength())) == 0;
    }

    /** The source address, as in {@link Ipv4Address}. */
    public int source() {
        return int32(SOURCE_OFFSET);
    }

    /** Sets the source address. */
    public Ipv4 source(final int address) {
        int32(SOURCE_OFFSET, address);
        return this;
    }

    /** The destination address, as in {@link Ipv4Address}. */
    public int destination() {
        return int32(DESTINATION_OFFSET);
    }

    /** Sets the destination address. */
    public Ipv4 destination(final int address) {
        int32(DESTINATION_OFFSET, address);
        return this;
    }

    /** Exchanges source and destination. No checksum changes by it. */
    public Ipv4 swapAddresses() {
        final int destination = destination();
        return destination(source()).source(destination);
    }

    @Override
    public int pseudoHeaderSum(final int protocol, final int length) {
        return Checksum.pseudoHeaderSum(source(), destination(), protocol, length);
    }
}
