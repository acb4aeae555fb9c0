/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * The buffers of one descriptor chain, or of several in a row, as pieces of this process' memory. Filled by
 * {@link #add}, which trusts nothing: each descriptor is read once, each hop is counted, each byte is in a region.
 *
 * <p>This is the way for whatever is not one plain buffer: a header of its own, fragments, an indirect table, buffers
 * across regions. One per queue, used by the thread that polls it.
 */
final class Chain {
    /** More pieces than any driver makes of a 64 KiB packet; what is beyond is not kept, see {@link #isTooLong()}. */
    private static final int MAX_PIECES = 1024;

    private final long[] addresses = new long[MAX_PIECES];
    private final long[] lengths = new long[MAX_PIECES];
    private int pieces;
    private long length;
    private boolean isTooLong;
    private boolean isIndirect;
    private int cursor;
    private long cursorOffset;

    /** Forgets all pieces. */
    void clear() {
        pieces = 0;
        length = 0;
        isTooLong = false;
        isIndirect = false;
        cursor = 0;
        cursorOffset = 0;
    }

    /** Bytes of all pieces that are kept. */
    long length() {
        return length;
    }

    /** Whether there were more pieces than fit here. */
    boolean isTooLong() {
        return isTooLong;
    }

    /** Whether an indirect table was among them. */
    boolean isIndirect() {
        return isIndirect;
    }

    /**
     * Adds the buffers of a chain.
     *
     * @param head      as read from the avail ring.
     * @param direction {@link SplitRing#WRITE} or 0: what every buffer of the chain has to be.
     * @return false if the chain is malformed: the ring knows why.
     */
    boolean add(final SplitRing ring, final int head, final int direction) {
        long table = ring.desc();
        int entries = ring.size();
        int index = head;
        int hops = 0;
        boolean isInTable = false;
        while (true) {
            if (index >= entries) {
                return reject(ring, RejectReason.DESCRIPTOR_INDEX);
            }
            if (++hops > entries) {
                return reject(ring, RejectReason.CHAIN_LOOP);
            }
            final long at = table + (long) index * SplitRing.DESCRIPTOR_SIZE;
            final long address = word(at);
            final long rest = word(at + 8);
            final long bytes = rest & 0xffff_ffffL;
            final int flags = (int) (rest >>> 32) & 0xffff;
            if ((flags & SplitRing.INDIRECT) != 0) {
                // 2.7.5.3.1: only if negotiated, never inside another, never chained on, never longer than the ring.
                entries = (int) (bytes / SplitRing.DESCRIPTOR_SIZE);
                if (isInTable || !ring.hasIndirect() || (flags & SplitRing.NEXT) != 0 || hops > 1
                    || bytes % SplitRing.DESCRIPTOR_SIZE != 0 || entries < 1 || entries > ring.size()) {
                    return reject(ring, RejectReason.INDIRECT_TABLE);
                }
                table = ring.memory().translate(address, bytes);
                if (table == GuestMemory.NONE) {
                    return reject(ring, RejectReason.INDIRECT_TABLE);
                }
                isInTable = true;
                isIndirect = true;
                index = 0;
                hops = 0;
                continue;
            }
            if ((flags & SplitRing.WRITE) != direction) {
                return reject(ring, RejectReason.BUFFER_DIRECTION);
            }
            if (!addBuffer(ring.memory(), address, bytes)) {
                return reject(ring, RejectReason.BUFFER_ADDRESS);
            }
            if ((flags & SplitRing.NEXT) == 0) {
                return true;
            }
            index = (int) (rest >>> 48);
        }
    }

    /**
     * Reads half a descriptor, once: an opaque read is not repeated. 2.7.5.3 lets an indirect table begin anywhere; one
     * that is not aligned is read by parts, each of them once.
     */
    private static long word(final long at) {
        return at % Long.BYTES == 0 ? UnsafeApi.getLongOpaque(null, at) : UnsafeApi.getLongUnaligned(null, at);
    }

    private static boolean reject(final SplitRing ring, final RejectReason reason) {
        ring.reject(reason);
        return false;
    }

    /** A buffer may run over from one region into the next; here the two need not be neighbours. */
    private boolean addBuffer(final GuestMemory memory, final long guestAddress, final long bytes) {
        long address = guestAddress;
        long left = bytes;
        while (left > 0) {
            final int region = memory.regionOf(address, 1);
            if (region < 0) {
                return false;
            }
            final long offset = address - memory.guestAddress(region);
            final long part = Math.min(left, memory.size(region) - offset);
            if (pieces < MAX_PIECES) {
                addresses[pieces] = memory.localAddress(region) + offset;
                lengths[pieces++] = part;
                length += part;
            } else {
                isTooLong = true;
            }
            address += part;
            left -= part;
        }
        return true;
    }

    /** Passes over the next {@code bytes}, which are there. */
    void skip(final int bytes) {
        int left = bytes;
        while (left > 0) {
            left -= advance(left);
        }
    }

    /** Copies the next {@code bytes}, which are there, to {@code to}. */
    void read(final long to, final int bytes) {
        int done = 0;
        while (done < bytes) {
            final long from = addresses[cursor] + cursorOffset;
            final int part = advance(bytes - done);
            ByteCopy.copy(from, to + done, part);
            done += part;
        }
    }

    /** Copies {@code bytes} from {@code from} over the next bytes, which are there. */
    void write(final long from, final int bytes) {
        int done = 0;
        while (done < bytes) {
            final long to = addresses[cursor] + cursorOffset;
            final int part = advance(bytes - done);
            ByteCopy.copy(from + done, to, part);
            done += part;
        }
    }

    /** Moves the cursor on, within one piece, and returns by how much. */
    private int advance(final int wanted) {
        final long room = lengths[cursor] - cursorOffset;
        if (wanted < room) {
            cursorOffset += wanted;
            return wanted;
        }
        cursor++;
        cursorOffset = 0;
        return (int) room;
    }
}
