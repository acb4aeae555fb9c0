/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds the queues of an interface that AF_XDP sockets are bound to, and their processes. Asked in the network
 * namespace of the calling thread; not for the data path, for it may look at every process. Any thread.
 *
 * <p>There are two ways. A kernel with CONFIG_XDP_SOCKETS_DIAG lists the sockets, and which process has a socket's
 * inode is seen in /proc. Another one, if it is new enough (6.18 is), at least says which queues are taken; the process
 * is then known if only one that can be seen has AF_XDP sockets.
 */
public final class XdpHolders {
    // include/uapi/linux/sock_diag.h, include/uapi/linux/xdp_diag.h
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int AF_XDP = 44;
    private static final int XDP_SHOW_INFO = 1;
    private static final int DIAG_LENGTH = 16;
    private static final int INODE_OFFSET = 4;
    private static final int XDP_DIAG_INFO = 1;

    private static final int NETDEV_CMD_QUEUE_GET = 10;
    private static final int NETDEV_A_QUEUE_ID = 1;
    private static final int NETDEV_A_QUEUE_IFINDEX = 2;
    private static final int NETDEV_A_QUEUE_TYPE = 3;
    private static final int NETDEV_A_QUEUE_XSK = 7;
    private static final int RECEIVES = 0;

    private static final int NONE = -1;

    private XdpHolders() {
    }

    /**
     * Who holds which queue of an interface.
     *
     * @param index of an interface in the network namespace of the calling thread.
     * @return by queue; empty if none is held, and also where the kernel cannot tell.
     */
    public static List<XdpHolder> of(final int index) {
        final List<NetlinkMessage> sockets = sockets();
        return sockets != null ? of(index, sockets) : guess(index);
    }

    /** Null where the kernel cannot list them. */
    private static List<NetlinkMessage> sockets() {
        try (NetlinkSocket diag = NetlinkSocket.open(NetlinkSocket.SOCK_DIAG, 0)) {
            return diag.ask(new NetlinkRequest(SOCK_DIAG_BY_FAMILY, NetlinkRequest.DUMP)
                .addByte(AF_XDP).addByte(0).addShort(0).addInt(0).addInt(XDP_SHOW_INFO).addInt(0).addInt(0),
                "list the AF_XDP sockets");
        } catch (final NetlinkException e) {
            return null;
        }
    }

    /** Reads a list of sockets. */
    static List<XdpHolder> of(final int index, final List<NetlinkMessage> sockets) {
        final List<XdpHolder> holders = new ArrayList<>();
        for (final NetlinkMessage socket : sockets) {
            final long inode = socket.require(DIAG_LENGTH).body().getInt(INODE_OFFSET) & 0xffffffffL;
            // struct xdp_diag_info { u32 index; u32 queue; }
            final NetlinkAttributes all = socket.attributes(DIAG_LENGTH);
            if (all.getInt(XDP_DIAG_INFO, NONE) == index) {
                final int pid = SocketOwners.ofInode(inode);
                holders.add(new XdpHolder(index, all.getSecondInt(XDP_DIAG_INFO, NONE), pid,
                    SocketOwners.command(pid)));
            }
        }
        holders.sort((a, b) -> Integer.compare(a.queue(), b.queue()));
        return holders;
    }

    private static List<XdpHolder> guess(final int index) {
        final List<XdpHolder> holders = new ArrayList<>();
        try (NetdevFamily netdev = NetdevFamily.open()) {
            if (netdev == null) {
                return holders;
            }
            final List<Integer> pids = new ArrayList<>();
            for (final NetlinkMessage queue : netdev.ask(NETDEV_CMD_QUEUE_GET, NetlinkRequest.DUMP,
                NETDEV_A_QUEUE_IFINDEX, index, "list the queues of interface " + index)) {
                final NetlinkAttributes all = queue.attributes(NetdevFamily.HEADER_LENGTH);
                if (all.has(NETDEV_A_QUEUE_XSK) && all.getInt(NETDEV_A_QUEUE_TYPE, NONE) == RECEIVES) {
                    if (holders.isEmpty()) {
                        pids.addAll(SocketOwners.ofProtocol("XDP"));
                    }
                    final int pid = pids.size() == 1 ? pids.get(0) : 0;
                    holders.add(new XdpHolder(index, all.getInt(NETDEV_A_QUEUE_ID, NONE), pid,
                        SocketOwners.command(pid)));
                }
            }
        } catch (final NetlinkException e) {
            // A kernel between 6.3 and 6.7, which has the family and not the request: it cannot tell.
            return holders;
        }
        return holders;
    }
}
