/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * An address resolution message for IPv4 on Ethernet (RFC 826).
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |       hardware type (1)       |    protocol type (0x0800)     |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  | hw length (6) | pr length (4) |           operation           |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      sender MAC address                       |
 *  |                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                               |   sender IPv4 address (1, 2)  |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |   sender IPv4 address (3, 4)  |                               |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               |
 *  |                      target MAC address                       |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      target IPv4 address                      |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * </pre>
 */
public final class Arp extends Header {
    /** Bytes of the message. */
    public static final int LENGTH = 28;
    /** Operation: who has the target address? */
    public static final int REQUEST = 1;
    /** Operation: the sender has it. */
    public static final int REPLY = 2;

    private static final int TYPES_OFFSET = 0;
    private static final int LENGTHS_OFFSET = 4;
    private static final int OPERATION_OFFSET = 6;
    private static final int SENDER_MAC_OFFSET = 8;
    private static final int SENDER_IP_OFFSET = 14;
    private static final int TARGET_MAC_OFFSET = 18;
    private static final int TARGET_IP_OFFSET = 24;
    private static final int ETHERNET_AND_IPV4 = 1 << 16 | EtherType.IPV4;
    private static final int SIX_AND_FOUR = 0x0604;

    /** Wraps nothing yet. */
    public Arp() {
        super("arp", LENGTH);
    }

    /** Whether it is a whole message that speaks of IPv4 on Ethernet. */
    public boolean isValid() {
        return available() >= LENGTH && int32(TYPES_OFFSET) == ETHERNET_AND_IPV4
            && uint16(LENGTHS_OFFSET) == SIX_AND_FOUR;
    }

    /** Begins a message for IPv4 on Ethernet: all addresses and the operation are 0. */
    public Arp reset() {
        zero(LENGTH);
        int32(TYPES_OFFSET, ETHERNET_AND_IPV4);
        uint16(LENGTHS_OFFSET, SIX_AND_FOUR);
        return this;
    }

    /** {@link #REQUEST}, {@link #REPLY} or something rarer. */
    public int operation() {
        return uint16(OPERATION_OFFSET);
    }

    /** Sets the operation. */
    public Arp operation(final int operation) {
        uint16(OPERATION_OFFSET, operation);
        return this;
    }

    /** The sender's MAC address, as in {@link MacAddress}. */
    public long senderMac() {
        return uint48(SENDER_MAC_OFFSET);
    }

    /** Sets the sender's MAC address. */
    public Arp senderMac(final long mac) {
        uint48(SENDER_MAC_OFFSET, mac);
        return this;
    }

    /** The sender's address, as in {@link Ipv4Address}. */
    public int senderIp() {
        return int32(SENDER_IP_OFFSET);
    }

    /** Sets the sender's address. */
    public Arp senderIp(final int address) {
        int32(SENDER_IP_OFFSET, address);
        return this;
    }

    /** The target's MAC address; means nothing in a request. */
    public long targetMac() {
        return uint48(TARGET_MAC_OFFSET);
    }

    /** Sets the target's MAC address. */
    public Arp targetMac(final long mac) {
        uint48(TARGET_MAC_OFFSET, mac);
        return this;
    }

    /** The target's address, as in {@link Ipv4Address}. */
    public int targetIp() {
        return int32(TARGET_IP_OFFSET);
    }

    /** Sets the target's address. */
    public Arp targetIp(final int address) {
        int32(TARGET_IP_OFFSET, address);
        return this;
    }
}
