/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * One message from the kernel. {@link NetlinkRequest} shows how it is laid out.
 *
 * @param type     what it is; the first four types are netlink's own.
 * @param flags    NLM_F_x bits.
 * @param sequence that of the request it answers; 0 for news.
 * @param body     all behind the header: the fixed part, then attributes.
 */
record NetlinkMessage(int type, int flags, int sequence, ByteBuffer body) {
    static final int ERROR = 2;
    static final int DONE = 3;

    private static final int F_DUMP_INTERRUPTED = 0x10;
    // The kernel's own words about an error, behind the request it complains of: NETLINK_EXT_ACK
    private static final int F_CAPPED = 0x100;
    private static final int F_ACK_TLVS = 0x200;
    private static final int ERRNO_LENGTH = 4;
    private static final int NLMSGERR_ATTR_MSG = 1;
    private static final int ALIGNMENT = 4;

    /**
     * Takes a datagram apart.
     *
     * @throws LinuxException {@code EBADMSG} if it does not consist of messages.
     */
    static List<NetlinkMessage> parse(final ByteBuffer datagram) {
        final List<NetlinkMessage> messages = new ArrayList<>();
        int at = 0;
        while (at < datagram.limit()) {
            final int left = datagram.limit() - at;
            final int length = left < NetlinkRequest.HEADER_LENGTH ? -1 : datagram.getInt(at);
            if (length < NetlinkRequest.HEADER_LENGTH || length > left) {
                throw new LinuxException("read a netlink message of " + length + " bytes, of which " + left
                    + " are there", Errno.EBADMSG, "");
            }
            messages.add(new NetlinkMessage(datagram.getShort(at + 4) & 0xffff, datagram.getShort(at + 6) & 0xffff,
                datagram.getInt(at + NetlinkRequest.SEQUENCE_OFFSET),
                datagram.slice(at + NetlinkRequest.HEADER_LENGTH, length - NetlinkRequest.HEADER_LENGTH)
                    .order(ByteOrder.nativeOrder())));
            at += length + ALIGNMENT - 1 & -ALIGNMENT;
        }
        return messages;
    }

    /** Checks that the fixed part is there, so that it can be read. */
    NetlinkMessage require(final int fixedLength) {
        if (body.limit() < fixedLength) {
            throw new LinuxException("read a netlink message of type " + type + " with " + body.limit() + " of "
                + fixedLength + " bytes", Errno.EBADMSG, "");
        }
        return this;
    }

    /** The attributes behind a fixed part of that length. */
    NetlinkAttributes attributes(final int fixedLength) {
        return NetlinkAttributes.parse(require(fixedLength).body.duplicate().order(ByteOrder.nativeOrder())
            .position(fixedLength));
    }

    /** Whether it belongs to a dump during which what was dumped has changed. */
    boolean isInterrupted() {
        return (flags & F_DUMP_INTERRUPTED) != 0;
    }

    /** What an {@link #ERROR} says, or a {@link #DONE}: an error number, or 0 if all went well. */
    int errno() {
        return body.limit() < ERRNO_LENGTH ? 0 : -body.getInt(0);
    }

    /** What the kernel has to say about it, in its own words; mostly nothing. */
    String explanation() {
        if ((flags & F_ACK_TLVS) == 0) {
            return "";
        }
        int fixed = ERRNO_LENGTH;
        if (type == ERROR) {
            fixed += NetlinkRequest.HEADER_LENGTH;
            if ((flags & F_CAPPED) == 0) {
                fixed = ERRNO_LENGTH + (require(fixed).body.getInt(ERRNO_LENGTH) + ALIGNMENT - 1 & -ALIGNMENT);
            }
        }
        return attributes(Math.max(ERRNO_LENGTH, fixed)).text(NLMSGERR_ATTR_MSG);
    }
}
