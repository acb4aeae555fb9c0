/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * What only the driver of a network device knows: its name and its queues. Asked in the network namespace of the
 * calling thread, see {@link NetNamespace#in}. Not for the data path. Any thread.
 */
public final class Ethtool {
    private static final int DATAGRAM_CLOEXEC = 2 | 0x80000;
    private static final int SIOCETHTOOL = 0x8946;

    // struct ifreq { char name[16]; void *data; ... }
    private static final int IFREQ_LENGTH = 40;
    private static final int DATA_OFFSET = 16;
    private static final int MAX_NAME_LENGTH = 15;

    // struct ethtool_drvinfo { u32 command; char driver[32]; ... }
    private static final int ETHTOOL_GDRVINFO = 3;
    private static final int DRVINFO_LENGTH = 196;
    private static final int DRIVER_OFFSET = 4;
    private static final int DRIVER_LENGTH = 32;

    // struct ethtool_channels { u32 command, max_rx, max_tx, max_other, max_combined, rx, tx, other, combined; }
    private static final int ETHTOOL_GCHANNELS = 0x3c;
    private static final int ETHTOOL_SCHANNELS = 0x3d;
    private static final int CHANNELS_LENGTH = 36;
    private static final int MAX_RX_OFFSET = 4;
    private static final int MAX_TX_OFFSET = 8;
    private static final int MAX_COMBINED_OFFSET = 16;
    private static final int RX_OFFSET = 20;
    private static final int TX_OFFSET = 24;
    private static final int COMBINED_OFFSET = 32;

    private Ethtool() {
    }

    /** The name of the driver of an interface; empty where none says so, as for loopback. */
    public static String driver(final String name) {
        try (Scratch info = new Scratch(DRVINFO_LENGTH)) {
            info.putInt(0, ETHTOOL_GDRVINFO);
            final int errno = call(name, info);
            if (errno != 0 && errno != Errno.EOPNOTSUPP) {
                throw refusal("ask for the driver of " + name, errno, "");
            }
            return info.text(DRIVER_OFFSET, DRIVER_LENGTH);
        }
    }

    /** The queues of an interface; null where the driver has none to count. */
    public static Channels channels(final String name) {
        try (Scratch counts = new Scratch(CHANNELS_LENGTH)) {
            counts.putInt(0, ETHTOOL_GCHANNELS);
            final int errno = call(name, counts);
            if (errno != 0 && errno != Errno.EOPNOTSUPP) {
                throw refusal("ask for the queues of " + name, errno, "");
            }
            return errno != 0 ? null : new Channels(counts.getInt(MAX_RX_OFFSET), counts.getInt(MAX_TX_OFFSET),
                counts.getInt(MAX_COMBINED_OFFSET), counts.getInt(RX_OFFSET), counts.getInt(TX_OFFSET),
                counts.getInt(COMBINED_OFFSET));
        }
    }

    /**
     * Changes how many queues an interface has. Packets may be lost meanwhile; nothing is done if it has them already.
     *
     * @param wanted the numbers to have; the greatest ones are not looked at.
     */
    public static void channels(final String name, final Channels wanted) {
        final String attempted = "change " + name + " to " + wanted.rxQueues() + " receive and " + wanted.txQueues()
            + " transmit queues";
        try (Scratch counts = new Scratch(CHANNELS_LENGTH)) {
            // What else there is, interrupts that are no queue's, stays as it is.
            counts.putInt(0, ETHTOOL_GCHANNELS);
            int errno = call(name, counts);
            if (errno == 0 && (counts.getInt(RX_OFFSET) != wanted.rx() || counts.getInt(TX_OFFSET) != wanted.tx()
                || counts.getInt(COMBINED_OFFSET) != wanted.combined())) {
                counts.putInt(0, ETHTOOL_SCHANNELS);
                counts.putInt(RX_OFFSET, wanted.rx());
                counts.putInt(TX_OFFSET, wanted.tx());
                counts.putInt(COMBINED_OFFSET, wanted.combined());
                errno = call(name, counts);
            }
            if (errno != 0) {
                throw refusal(attempted, errno, "there are at most " + counts.getInt(MAX_RX_OFFSET) + " to receive, "
                    + counts.getInt(MAX_TX_OFFSET) + " to transmit and " + counts.getInt(MAX_COMBINED_OFFSET)
                    + " for both, and queues that AF_XDP sockets or an XDP program use cannot go");
            }
        }
    }

    private static LinuxException refusal(final String attempted, final int errno, final String ifInvalid) {
        return new LinuxException(attempted, errno, switch (errno) {
            case Errno.ENODEV -> "there is no such interface; ip link lists them";
            case Errno.EPERM -> "this needs CAP_NET_ADMIN; run with sudo";
            case Errno.EOPNOTSUPP -> "its driver cannot do that";
            case Errno.EINVAL, Errno.EBUSY, Errno.ERANGE -> ifInvalid;
            default -> "";
        });
    }

    private static int call(final String name, final Scratch command) {
        final byte[] bytes = Scratch.pathBytes(name);
        if (bytes.length > MAX_NAME_LENGTH) {
            return Errno.ENODEV;
        }
        // Any kind of socket will do: the request is about the namespace that it is in.
        try (Fd socket = Fd.ownResult(LibC.socket(UnixSocket.AF_UNIX, DATAGRAM_CLOEXEC, 0), "open a socket",
            "raise the limit of open files (ulimit -n)");
            Scratch request = new Scratch(IFREQ_LENGTH)) {
            request.putBytes(0, bytes);
            request.putLong(DATA_OFFSET, command.address());
            return LibC.ioctl(socket.number(), SIOCETHTOOL, request.address()) == -1 ? LibC.errno() : 0;
        }
    }
}
