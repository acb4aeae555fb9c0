/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * The fixed IPv6 header (RFC 8200). Extension headers count as payload. An address is two numbers of 64 bits.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |version| traffic class |              flow label               |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |        payload length         |  next header  |   hop limit   |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                                                               |
 *  +                   source address (16 bytes)                   +
 *  |                                                               |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                                                               |
 *  +                destination address (16 bytes)                 +
 *  |                                                               |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Ipv6 extends IpHeader {
    /** Bytes of the fixed header. */
    public static final int LENGTH = 40;

    private static final int VERSION_OFFSET = 0;
    private static final int PAYLOAD_LENGTH_OFFSET = 4;
    private static final int NEXT_HEADER_OFFSET = 6;
    private static final int HOP_LIMIT_OFFSET = 7;
    private static final int SOURCE_OFFSET = 8;
    private static final int DESTINATION_OFFSET = 24;
    private static final int VERSION_6 = 6;
    private static final int VERSION_SHIFT = 28;
    private static final int TRAFFIC_CLASS_SHIFT = 20;
    private static final int FLOW_LABEL_MASK = 0xF_FFFF;
    private static final int DEFAULT_HOP_LIMIT = 64;

    /** Wraps nothing yet. */
    public Ipv6() {
        super("ipv6", LENGTH);
    }

    @Override
    public boolean isValid() {
        return available() >= LENGTH && version() == VERSION_6 && packetLength() <= available();
    }

    /** Begins a header: version 6, hop limit 64, everything else 0. */
    public Ipv6 reset() {
        zero(LENGTH);
        int32(VERSION_OFFSET, VERSION_6 << VERSION_SHIFT);
        return hopLimit(DEFAULT_HOP_LIMIT);
    }

    /** 6 in a valid packet. */
    public int version() {
        return int32(VERSION_OFFSET) >>> VERSION_SHIFT;
    }

    /** DSCP and ECN in one, 0 to 255. */
    public int trafficClass() {
        return int32(VERSION_OFFSET) >>> TRAFFIC_CLASS_SHIFT & 0xFF;
    }

    /** Sets DSCP and ECN in one. */
    public Ipv6 trafficClass(final int trafficClass) {
        final int rest = int32(VERSION_OFFSET) & ~(0xFF << TRAFFIC_CLASS_SHIFT);
        int32(VERSION_OFFSET, rest | (trafficClass & 0xFF) << TRAFFIC_CLASS_SHIFT);
        return this;
    }

    /** What the packets of one flow share, 0 to 0xFFFFF; 0 says nothing. */
    public int flowLabel() {
        return int32(VERSION_OFFSET) & FLOW_LABEL_MASK;
    }

    /** Sets the flow label. */
    public Ipv6 flowLabel(final int flowLabel) {
        int32(VERSION_OFFSET, int32(VERSION_OFFSET) & ~FLOW_LABEL_MASK | flowLabel & FLOW_LABEL_MASK);
        return this;
    }

    @Override
    public int packetLength() {
        return LENGTH + uint16(PAYLOAD_LENGTH_OFFSET);
    }

    /** Sets how many bytes follow this header. */
    public Ipv6 payloadLength(final int length) {
        uint16(PAYLOAD_LENGTH_OFFSET, length);
        return this;
    }

    /** What follows, of {@link IpProtocol}: a transport protocol or an extension header. */
    public int nextHeader() {
        return uint8(NEXT_HEADER_OFFSET);
    }

    /** Sets what follows. */
    public Ipv6 nextHeader(final int protocol) {
        uint8(NEXT_HEADER_OFFSET, protocol);
        return this;
    }

    /** How many more hops it may take, 0 to 255. */
    public int hopLimit() {
        return uint8(HOP_LIMIT_OFFSET);
    }

    /** Sets how many hops it may take. There is no checksum to adapt. */
    public Ipv6 hopLimit(final int hops) {
        uint8(HOP_LIMIT_OFFSET, hops);
        return this;
    }

    /** The first 64 bits of the source address. */
    public long sourceHigh() {
        return int64(SOURCE_OFFSET);
    }

    /** The other 64 bits of the source address. */
    public long sourceLow() {
        return int64(SOURCE_OFFSET + Long.BYTES);
    }

    /** Sets the source address. */
    public Ipv6 source(final long high, final long low) {
        int64(SOURCE_OFFSET, high);
        int64(SOURCE_OFFSET + Long.BYTES, low);
        return this;
    }

    /** The first 64 bits of the destination address. */
    public long destinationHigh() {
        return int64(DESTINATION_OFFSET);
    }

    /** The other 64 bits of the destination address. */
    public long destinationLow() {
        return int64(DESTINATION_OFFSET + Long.BYTES);
    }

    /** Sets the destination address. */
    public Ipv6 destination(final long high, final long low) {
        int64(DESTINATION_OFFSET, high);
        int64(DESTINATION_OFFSET + Long.BYTES, low);
        return this;
    }

    /** Exchanges source and destination. No checksum changes by it. */
    public Ipv6 swapAddresses() {
        final long high = destinationHigh();
        final long low = destinationLow();
        return destination(sourceHigh(), sourceLow()).source(high, low);
    }

    @Override
    public int pseudoHeaderSum(final int protocol, final int length) {
        return Checksum.pseudoHeaderSum(sourceHigh(), sourceLow(), destinationHigh(), destinationLow(), protocol,
            length);
    }
}
