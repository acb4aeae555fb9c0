/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.List;

/**
 * Asks for network interfaces and configures them, over rtnetlink. Belongs to the network namespace of the thread that
 * opened it; {@link NetNamespace#in} opens it in another one. Answers come at once or within five seconds, but not for
 * the data path: the kernel makes callers wait for whoever is changing an interface.
 *
 * <p>Thread safety: one thread at a time.
 */
public final class Interfaces implements AutoCloseable {
    // include/uapi/linux/rtnetlink.h
    private static final int RTM_GETLINK = 18;
    private static final int RTM_SETLINK = 19;
    private static final int AF_UNSPEC = 0;

    private static final int IFF_UP = 1;
    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_EXT_MASK = 29;
    private static final int IFLA_ALT_IFNAME = 53;
    private static final int RTEXT_FILTER_SKIP_STATS = 8;
    private static final int MAX_NAME_LENGTH = 15;
    private static final int MAX_OTHER_NAME_LENGTH = 127;
    private static final int MAC_LENGTH = 6;

    private final NetlinkSocket socket;

    private Interfaces(final NetlinkSocket socket) {
        this.socket = socket;
    }

    /** Opens it in the calling thread's network namespace. */
    public static Interfaces open() {
        return new Interfaces(NetlinkSocket.open(NetlinkSocket.ROUTE, 0));
    }

    /** The interface of that name, also one of its other names ({@code ip link property}); null if there is none. */
    public NetInterface find(final String name) {
        final int length = Scratch.pathBytes(name).length;
        if (length == 0 || length > MAX_OTHER_NAME_LENGTH) {
            return null;
        }
        final int type = length > MAX_NAME_LENGTH ? IFLA_ALT_IFNAME : IFLA_IFNAME;
        return find(request(RTM_GETLINK, 0, 0).attribute(type, name), "look for the interface " + name);
    }

    /** The interface of that number; null if there is none. */
    public NetInterface find(final int index) {
        return index <= 0 ? null : find(request(RTM_GETLINK, 0, index), "look for interface " + index);
    }

    private NetInterface find(final NetlinkRequest request, final String attempted) {
        try {
            final List<NetlinkMessage> answers =
                socket.ask(request.attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS), attempted);
            return answers.isEmpty() ? null : NetInterface.of(answers.get(0));
        } catch (final NetlinkException e) {
            if (e.errno() == Errno.ENODEV) {
                return null;
            }
            throw e.refusal("");
        }
    }

    /** All interfaces of the namespace, loopback included, by their numbers. */
    public List<NetInterface> all() {
        final NetlinkRequest request = new NetlinkRequest(RTM_GETLINK, NetlinkRequest.DUMP)
            .addByte(AF_UNSPEC).addByte(0).addShort(0).addInt(0).addInt(0).addInt(0)
            .attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        try {
            return socket.ask(request, "list the interfaces").stream().map(NetInterface::of).toList();
        } catch (final NetlinkException e) {
            throw e.refusal("");
        }
    }

    /** Lets packets pass it. */
    public void up(final int index) {
        configure(request(RTM_SETLINK, IFF_UP, index), "bring interface " + index + " up");
    }

    /** Lets no packets pass it any more. */
    public void down(final int index) {
        configure(request(RTM_SETLINK, 0, index), "take interface " + index + " down");
    }

    /** Sets how many bytes a packet may have behind its Ethernet header. */
    public void mtu(final int index, final int mtu) {
        configure(change(index).attribute(IFLA_MTU, mtu), "set the MTU of interface " + index + " to " + mtu);
    }

    /**
     * Sets its address. Some drivers only take one while the interface is down.
     *
     * @param mac 48 bits, the first byte highest.
     */
    public void mac(final int index, final long mac) {
        final byte[] address = new byte[MAC_LENGTH];
        for (int i = 0; i < MAC_LENGTH; i++) {
            address[i] = (byte) (mac >>> Byte.SIZE * (MAC_LENGTH - 1 - i));
        }
        configure(change(index).attribute(IFLA_ADDRESS, address), "set the MAC address of interface " + index);
    }

    private void configure(final NetlinkRequest request, final String attempted) {
        try {
            socket.ask(request, attempted);
        } catch (final NetlinkException e) {
            throw e.refusal(switch (e.errno()) {
                case Errno.EPERM -> "this needs CAP_NET_ADMIN; run with sudo";
                case Errno.ENODEV -> "there is no such interface any more";
                case Errno.EADDRNOTAVAIL -> "choose the address of one station: not zero, no group";
                case Errno.EBUSY -> "take the interface down first";
                case Errno.EOPNOTSUPP -> "its driver cannot do that";
                default -> "";
            });
        }
    }

    /** A request about one interface, which if it changes any flag changes IFF_UP. */
    private static NetlinkRequest request(final int type, final int flags, final int index) {
        return request(type, flags, type == RTM_SETLINK ? IFF_UP : 0, index);
    }

    private static NetlinkRequest change(final int index) {
        return request(RTM_SETLINK, 0, 0, index);
    }

    private static NetlinkRequest request(final int type, final int flags, final int changedFlags, final int index) {
        return new NetlinkRequest(type, NetlinkRequest.ACK)
            .addByte(AF_UNSPEC).addByte(0).addShort(0).addInt(index).addInt(flags).addInt(changedFlags);
    }

    /** Closes the socket. */
    @Override
    public void close() {
        socket.close();
    }
}
