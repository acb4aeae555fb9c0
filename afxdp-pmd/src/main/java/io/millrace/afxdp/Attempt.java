/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.linux.XdpSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * One way to bind sockets; several are tried, best first.
 *
 * @param isZeroCopy    else the kernel copies.
 * @param isMultiBuffer whether packets may fill several descriptors.
 */
record Attempt(boolean isZeroCopy, boolean isMultiBuffer) {
    // Linux MAX_SKB_FRAGS, and the first piece, which is no fragment.
    private static final int MOST_PIECES_COPIED = 17 + 1;
    // What one chunk receives, less an Ethernet header and two VLAN tags.
    private static final int MTU_OF_ONE_CHUNK = ChunkSet.CHUNK - XdpSocket.PACKET_HEADROOM - 14 - 2 * 4;

    /**
     * What to try.
     *
     * @param mode          as asked for.
     * @param isGeneric     whether the program runs in the stack: there is no zero-copy then.
     * @param isMultiBuffer whether that is wanted.
     * @param mtu           of the device.
     */
    static List<Attempt> of(final Mode mode, final boolean isGeneric, final boolean isMultiBuffer, final int mtu) {
        final List<Attempt> attempts = new ArrayList<>();
        if (!isGeneric && (mode == Mode.AUTO || mode == Mode.ZERO_COPY)) {
            if (isMultiBuffer) {
                attempts.add(new Attempt(true, true));
            }
            // To receive what the MTU allows matters more than the copy, unless it was asked for.
            if (!isMultiBuffer || mtu <= MTU_OF_ONE_CHUNK || mode == Mode.ZERO_COPY) {
                attempts.add(new Attempt(true, false));
            }
        }
        if (mode != Mode.ZERO_COPY) {
            if (isMultiBuffer) {
                attempts.add(new Attempt(false, true));
            }
            attempts.add(new Attempt(false, false));
        }
        return attempts;
    }

    /** The flags for {@link XdpSocket#bind}. */
    int flags(final boolean needsWakeupFlag) {
        return (isZeroCopy ? XdpSocket.ZERO_COPY : XdpSocket.COPY)
            | (isMultiBuffer ? XdpSocket.MULTI_BUFFER : 0)
            | (needsWakeupFlag ? XdpSocket.USE_NEED_WAKEUP : 0);
    }

    /**
     * How many descriptors a packet may have that is sent.
     *
     * @param ofDevice how many the device takes in zero-copy mode.
     */
    int mostPieces(final int ofDevice) {
        if (!isMultiBuffer) {
            return 1;
        }
        return isZeroCopy ? ofDevice : MOST_PIECES_COPIED;
    }
}
