/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * The VXLAN header (RFC 7348): behind {@link Udp} with destination port {@link #PORT}, in front of a whole Ethernet
 * frame.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |R|R|R|R|I|R|R|R|                   reserved                    |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |           network identifier (VNI)            |   reserved    |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Vxlan extends Header {
    /** Bytes of the header. */
    public static final int LENGTH = 8;
    /** The UDP port it is sent to. */
    public static final int PORT = 4789;
    /** The largest network identifier. */
    public static final int MAX_NETWORK = (1 << 24) - 1;

    private static final int FLAGS_OFFSET = 0;
    private static final int NETWORK_OFFSET = 4;
    private static final int IDENTIFIER_IS_VALID = 1 << 3;

    /** Wraps nothing yet. */
    public Vxlan() {
        super("vxlan", LENGTH);
    }

    /** Whether it is all there and its I bit says that the network identifier counts. */
    public boolean isValid() {
        return available() >= LENGTH && (uint8(FLAGS_OFFSET) & IDENTIFIER_IS_VALID) != 0;
    }

    /** Begins a header: the I bit is set, everything else 0. */
    public Vxlan reset() {
        zero(LENGTH);
        uint8(FLAGS_OFFSET, IDENTIFIER_IS_VALID);
        return this;
    }

    /** The network identifier, 0 to {@link #MAX_NETWORK}. */
    public int network() {
        return int32(NETWORK_OFFSET) >>> 8;
    }

    /** Sets the network identifier; the reserved byte behind it becomes 0. */
    public Vxlan network(final int network) {
        int32(NETWORK_OFFSET, network << 8);
        return this;
    }
}
