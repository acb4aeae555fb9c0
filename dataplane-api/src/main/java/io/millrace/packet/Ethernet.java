/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * The Ethernet header every packet starts with (IEEE 802.3). There is no FCS: the hardware has checked and removed it.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      destination address                      |
 *  |                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                               |                               |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               |
 *  |                        source address                         |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |             type              |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Ethernet extends Header {
    /** Bytes of the header. */
    public static final int LENGTH = 14;

    private static final int DESTINATION_OFFSET = 0;
    private static final int SOURCE_OFFSET = 6;
    private static final int TYPE_OFFSET = 12;

    /** Wraps nothing yet. */
    public Ethernet() {
        super("ethernet", LENGTH);
    }

    /** The MAC address it is for, as in {@link MacAddress}. */
    public long destination() {
        return uint48(DESTINATION_OFFSET);
    }

    /** Sets the MAC address it is for. */
    public Ethernet destination(final long mac) {
        uint48(DESTINATION_OFFSET, mac);
        return this;
    }

    /** The MAC address it comes from, as in {@link MacAddress}. */
    public long source() {
        return uint48(SOURCE_OFFSET);
    }

    /** Sets the MAC address it comes from. */
    public Ethernet source(final long mac) {
        uint48(SOURCE_OFFSET, mac);
        return this;
    }

    /** What follows, of {@link EtherType}; below {@link EtherType#MIN} it is a length. */
    public int type() {
        return uint16(TYPE_OFFSET);
    }

    /** Sets what follows. */
    public Ethernet type(final int type) {
        uint16(TYPE_OFFSET, type);
        return this;
    }

    /** Exchanges source and destination, as an answer needs it. */
    public Ethernet swapAddresses() {
        final long destination = destination();
        destination(source());
        return source(destination);
    }
}
