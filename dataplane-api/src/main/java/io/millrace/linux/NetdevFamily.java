/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.List;

/**
 * Requests of the generic netlink family "netdev", which tells about devices and their queues since Linux 6.3.
 * Documentation/netlink/specs/netdev.yaml has the numbers.
 */
final class NetdevFamily implements AutoCloseable {
    /** The length of struct genlmsghdr, the fixed part of all messages. */
    static final int HEADER_LENGTH = 4;

    private static final int GENL_ID_CTRL = 16;
    private static final int CTRL_CMD_GETFAMILY = 3;
    private static final int CTRL_ATTR_FAMILY_ID = 1;
    private static final int CTRL_ATTR_FAMILY_NAME = 2;
    private static final int VERSION = 1;
    private static final int NONE = 0;

    private final NetlinkSocket socket;
    private final int type;

    private NetdevFamily(final NetlinkSocket socket, final int type) {
        this.socket = socket;
        this.type = type;
    }

    /** Opens it in the calling thread's network namespace; null where the kernel has no such family. */
    static NetdevFamily open() {
        final NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.GENERIC, 0);
        int type = NONE;
        try {
            type = socket.ask(request(GENL_ID_CTRL, NetlinkRequest.ACK, CTRL_CMD_GETFAMILY)
                .attribute(CTRL_ATTR_FAMILY_NAME, "netdev"), "look for the netlink family netdev").get(0)
                .attributes(HEADER_LENGTH).getShort(CTRL_ATTR_FAMILY_ID, NONE);
        } catch (final NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e.refusal("");
            }
        } finally {
            if (type == NONE) {
                socket.close();
            }
        }
        return type == NONE ? null : new NetdevFamily(socket, type);
    }

    /** Asks about what the attribute says; with {@link NetlinkRequest#DUMP} for all there is about it. */
    List<NetlinkMessage> ask(final int command, final int flags, final int attribute, final int value,
        final String attempted) {
        return socket.ask(request(type, flags, command).attribute(attribute, value), attempted);
    }

    private static NetlinkRequest request(final int type, final int flags, final int command) {
        return new NetlinkRequest(type, flags).addByte(command).addByte(VERSION).addShort(0);
    }

    @Override
    public void close() {
        socket.close();
    }
}
