/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.DropReason;
import io.millrace.Offload;

/**
 * What a packet leaves to be done, as one number: the fields of its {@link NetHeader}, each of which was read once, but
 * for the length of the headers. That one is a hint which nobody may rely on, so it is found out anew.
 *
 * <pre>
 *  63         48 47        32 31      16 15      8 7     0
 *  +------------+------------+----------+----------+-------+
 *  | csum offset| csum start | gso size | gso type | flags |
 *  +------------+------------+----------+----------+-------+
 * </pre>
 *
 * <p>A stranger's word, until {@link OffloadCheck} has compared it with the packet.
 */
final class OffloadRequest {
    /** A packet that is complete. */
    static final long NONE = 0;
    /** Returned instead of a request that cannot be passed on. */
    static final long REFUSED = -1;
    /** The flag that a checksum is not filled in; a packet that is to be cut has it, too. */
    static final int NEEDS_CSUM = 1;

    static final DropReason NOT_NEGOTIATED = new DropReason("offload",
        "the packet leaves work to be done, such as a checksum, that was not negotiated with this peer");
    static final DropReason SENSELESS = new DropReason("bad-offload",
        "what the packet leaves to be done does not fit its headers or its length");

    private static final int U16 = 0xffff;
    private static final int CHECKSUM_LENGTH = 2;

    private OffloadRequest() {
    }

    /**
     * Puts a request together; each number has 16 bits.
     *
     * @param flagsAndType as {@link NetHeader#asks} reads them.
     */
    static long of(final int flagsAndType, final int gsoSize, final int csumStart, final int csumOffset) {
        return flagsAndType | (long) gsoSize << 16 | (long) csumStart << 32 | (long) csumOffset << 48;
    }

    /**
     * What packet {@code i} of a burst leaves to a peer.
     *
     * @param taken what the peer takes, bits of {@link Offload}.
     * @return {@link #NONE}, or {@link #REFUSED} if the peer does not take it or it makes no sense any more: a back-end
     *         that the pool is shared with may have changed it.
     */
    static long of(final Burst burst, final int i, final int taken) {
        if (!burst.hasOffload(i)) {
            return NONE;
        }
        final int gsoType = burst.gsoType(i);
        final int start = burst.checksumStart(i);
        final int place = burst.checksumOffset(i);
        if ((Offload.needed(gsoType) & ~taken) != 0 || start < 0 || start > U16
            || start > burst.length(i) - CHECKSUM_LENGTH - place) {
            return REFUSED;
        }
        return of(NEEDS_CSUM | gsoType << Byte.SIZE, burst.gsoSize(i), start, place);
    }

    /** The hint at the headers of packet {@code i} that goes with it: 0 if there is no likely one. */
    static int headers(final Burst burst, final int i) {
        if (!burst.hasOffload(i)) {
            return 0;
        }
        final int headers = burst.headerLength(i);
        return headers > 0 && headers <= burst.length(i) ? headers : 0;
    }

    /** Whether it asks for nothing but {@code allowed}, bits of {@link Offload}. */
    static boolean isWithin(final long request, final int allowed) {
        return (Offload.needed(gsoType(request)) & ~allowed) == 0;
    }

    static boolean needsChecksum(final long request) {
        return (request & NEEDS_CSUM) != 0;
    }

    static int gsoType(final long request) {
        return (int) request >>> Byte.SIZE & 0xff;
    }

    static int gsoSize(final long request) {
        return (int) request >>> 16;
    }

    static int csumStart(final long request) {
        return (int) (request >>> 32) & U16;
    }

    static int csumOffset(final long request) {
        return (int) (request >>> 48);
    }
}
