/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * A network interface as it was when the kernel was asked.
 *
 * @param index        its number in its namespace; it keeps it when it is renamed.
 * @param name         up to 15 characters.
 * @param kind         what made it, as {@code veth} or {@code tun} (so is a tap); empty for hardware and loopback.
 * @param flags        IFF_x bits.
 * @param mtu          in bytes, without the Ethernet header.
 * @param minMtu       the least it takes.
 * @param maxMtu       the most it takes; 0: no limit is known.
 * @param mac          48 bits, the first byte highest; 0 if it has none of 6 bytes.
 * @param rxQueues     receive queues the kernel made room for; {@link Ethtool} knows how many are in use.
 * @param txQueues     transmit queues the kernel made room for.
 * @param xdpMode      how an XDP program is attached: {@link #XDP_NONE} and so on.
 * @param xdpProgramId the id of that program, one of them if they are several; 0 if there is none.
 */
public record NetInterface(int index, String name, String kind, int flags, int mtu, int minMtu, int maxMtu, long mac,
    int rxQueues, int txQueues, int xdpMode, int xdpProgramId) {
    /** No XDP program is attached. */
    public static final int XDP_NONE = 0;
    /** The driver runs it. */
    public static final int XDP_DRIVER = 1;
    /** The kernel runs it on socket buffers, for any driver, slowly. */
    public static final int XDP_GENERIC = 2;
    /** The hardware runs it. */
    public static final int XDP_HARDWARE = 3;
    /** Several are attached, in different modes. */
    public static final int XDP_SEVERAL = 4;

    /** The length of the fixed part of link messages. */
    static final int IFINFO_LENGTH = 16;
    // struct ifinfomsg { u8 family; u8 pad; u16 type; s32 index; u32 flags; u32 change; }
    private static final int INDEX_OFFSET = 4;
    private static final int FLAGS_OFFSET = 8;

    private static final int IFF_UP = 1;
    private static final int IFF_LOOPBACK = 8;
    private static final int IFF_LOWER_UP = 0x10000;

    // include/uapi/linux/if_link.h
    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_NUM_TX_QUEUES = 31;
    private static final int IFLA_NUM_RX_QUEUES = 32;
    private static final int IFLA_XDP = 43;
    private static final int IFLA_XDP_ATTACHED = 2;
    private static final int IFLA_XDP_PROG_ID = 4;
    private static final int IFLA_XDP_HW_PROG_ID = 7;
    private static final int IFLA_MIN_MTU = 50;
    private static final int IFLA_MAX_MTU = 51;
    private static final int MAC_LENGTH = 6;

    /** Reads what RTM_GETLINK answers. */
    static NetInterface of(final NetlinkMessage message) {
        final NetlinkAttributes all = message.attributes(IFINFO_LENGTH);
        final NetlinkAttributes xdp = all.nested(IFLA_XDP);
        return new NetInterface(index(message), all.text(IFLA_IFNAME), all.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND),
            message.body().getInt(FLAGS_OFFSET), all.getInt(IFLA_MTU, 0), all.getInt(IFLA_MIN_MTU, 0),
            all.getInt(IFLA_MAX_MTU, 0), mac(all.bytes(IFLA_ADDRESS)), all.getInt(IFLA_NUM_RX_QUEUES, 1),
            all.getInt(IFLA_NUM_TX_QUEUES, 1), xdp.getByte(IFLA_XDP_ATTACHED, XDP_NONE), programId(xdp));
    }

    /** The interface a link message is about. */
    static int index(final NetlinkMessage message) {
        return message.require(IFINFO_LENGTH).body().getInt(INDEX_OFFSET);
    }

    /** The name in a link message; empty if it has none. */
    static String name(final NetlinkMessage message) {
        return message.attributes(IFINFO_LENGTH).text(IFLA_IFNAME);
    }

    private static int programId(final NetlinkAttributes xdp) {
        int id = 0;
        // The one that counts, or else that of the driver, the generic one, the hardware's, in this order.
        for (int type = IFLA_XDP_PROG_ID; id == 0 && type <= IFLA_XDP_HW_PROG_ID; type++) {
            id = xdp.getInt(type, 0);
        }
        return id;
    }

    private static long mac(final byte[] address) {
        long mac = 0;
        for (int i = 0; address.length == MAC_LENGTH && i < MAC_LENGTH; i++) {
            mac = mac << Byte.SIZE | address[i] & 0xff;
        }
        return mac;
    }

    /** Whether it was told to be up. */
    public boolean isUp() {
        return (flags & IFF_UP) != 0;
    }

    /** Whether there is something at the other end: a cable, the peer of a veth, the process of a tap. */
    public boolean hasCarrier() {
        return (flags & IFF_LOWER_UP) != 0;
    }

    /** Whether it is the namespace's own {@code lo}. */
    public boolean isLoopback() {
        return (flags & IFF_LOOPBACK) != 0;
    }
}
