/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Makes an interface take packets for all stations, while it lasts. The kernel counts who wants that, so it is over
 * when the last one has closed, or its process has ended in whatever way; nothing is left behind.
 */
public final class Promiscuity implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final int RAW_CLOEXEC = 3 | 0x80000;
    // A packet socket of no protocol receives nothing.
    private static final int NO_PROTOCOL = 0;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_ADD_MEMBERSHIP = 1;

    // struct packet_mreq { int index; u16 type; u16 length; u8 address[8]; }
    private static final int REQUEST_LENGTH = 16;
    private static final int TYPE_OFFSET = 4;
    private static final int PACKET_MR_PROMISC = 1;

    private final Fd fd;

    private Promiscuity(final Fd fd) {
        this.fd = fd;
    }

    /**
     * Begins.
     *
     * @param index of an interface in the network namespace of the calling thread.
     */
    public static Promiscuity of(final int index) {
        final String attempted = "make interface " + index + " promiscuous";
        final int number = LibC.socket(AF_PACKET, RAW_CLOEXEC, NO_PROTOCOL);
        if (number == -1) {
            final int errno = LibC.errno();
            throw new LinuxException(attempted, errno, errno == Errno.EPERM ? "this needs CAP_NET_RAW; run with sudo"
                : errno == Errno.EMFILE ? "raise the limit of open files (ulimit -n)" : "");
        }
        final Fd fd = Fd.own(number);
        try (Scratch request = new Scratch(REQUEST_LENGTH)) {
            request.putInt(0, index);
            request.putShort(TYPE_OFFSET, PACKET_MR_PROMISC);
            if (LibC.setsockopt(fd.number(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, request.address(), REQUEST_LENGTH)
                == -1) {
                final int errno = LibC.errno();
                fd.close();
                throw new LinuxException(attempted, errno,
                    errno == Errno.ENODEV ? "there is no such interface; ip link lists them" : "");
            }
        }
        return new Promiscuity(fd);
    }

    /** Ends it, unless others want it as well. */
    @Override
    public void close() {
        fd.close();
    }
}
