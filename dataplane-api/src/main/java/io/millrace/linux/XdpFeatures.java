/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.List;

/**
 * What a network device can do with XDP programs and AF_XDP sockets, in its driver.
 *
 * @param basic         drop packets, pass them on, send them back. Without it only the generic mode works.
 * @param redirect      pass packets to AF_XDP sockets.
 * @param ndoXmit       send packets that other devices redirect to it.
 * @param zeroCopy      receive into and send from the memory of AF_XDP sockets itself.
 * @param multiBufferRx receive packets that are larger than a buffer.
 * @param multiBufferTx send packets that are larger than a buffer, when redirected.
 * @param zeroCopyParts of how many parts a packet may consist that is sent with zero copy; 1 where it has to be one.
 */
public record XdpFeatures(boolean basic, boolean redirect, boolean ndoXmit, boolean zeroCopy, boolean multiBufferRx,
    boolean multiBufferTx, int zeroCopyParts) {
    private static final int NETDEV_CMD_DEV_GET = 1;
    private static final int NETDEV_A_DEV_IFINDEX = 1;
    private static final int NETDEV_A_DEV_XDP_FEATURES = 3;
    private static final int NETDEV_A_DEV_XDP_ZC_MAX_SEGS = 4;

    // enum netdev_xdp_act
    private static final int BASIC = 1;
    private static final int REDIRECT = 2;
    private static final int NDO_XMIT = 4;
    private static final int ZERO_COPY = 8;
    private static final int RX_SG = 32;
    private static final int NDO_XMIT_SG = 64;

    /**
     * Asks the kernel.
     *
     * @param index of an interface in the network namespace of the calling thread.
     * @return null where the kernel cannot tell: before Linux 6.3.
     * @throws LinuxException {@code ENODEV} if there is no such interface.
     */
    public static XdpFeatures of(final int index) {
        try (NetdevFamily netdev = NetdevFamily.open()) {
            if (netdev == null) {
                return null;
            }
            final List<NetlinkMessage> answer = netdev.ask(NETDEV_CMD_DEV_GET, NetlinkRequest.ACK, NETDEV_A_DEV_IFINDEX,
                index, "ask what interface " + index + " can do with XDP");
            return answer.isEmpty() ? null : of(answer.get(0).attributes(NetdevFamily.HEADER_LENGTH));
        } catch (final NetlinkException e) {
            throw e.refusal(e.errno() == Errno.ENODEV ? "there is no such interface; ip link lists them" : "");
        }
    }

    private static XdpFeatures of(final NetlinkAttributes device) {
        final long features = device.getLong(NETDEV_A_DEV_XDP_FEATURES, 0);
        return new XdpFeatures((features & BASIC) != 0, (features & REDIRECT) != 0, (features & NDO_XMIT) != 0,
            (features & ZERO_COPY) != 0, (features & RX_SG) != 0, (features & NDO_XMIT_SG) != 0,
            Math.max(1, device.getInt(NETDEV_A_DEV_XDP_ZC_MAX_SEGS, 1)));
    }
}
