/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * The buffers of one descriptor chain, or of several in a row, as pieces of this process' memory. Filled by
 * {@link DeviceRing#readChain}: each descriptor is read once, each hop is counted, each byte is in a region.
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
    private boolean hasMiss;
    private int cursor;
    private long cursorOffset;

    /** Forgets all pieces. */
    void clear() {
        pieces = 0;
        length = 0;
        isTooLong = false;
        isIndirect = false;
        hasMiss = false;
        cursor = 0;
        cursorOffset = 0;
    }

    /** Bytes of all pieces that are kept. */
    long length() {
        return length;
    }

    /** How many pieces are kept. */
    int pieces() {
        return pieces;
    }

    /** Whether there were more pieces than fit here. */
    boolean isTooLong() {
        return isTooLong;
    }

    /** Whether an indirect table was among them. */
    boolean isIndirect() {
        return isIndirect;
    }

    /** An indirect table is among them. */
    void passesTable() {
        isIndirect = true;
    }

    /** Whether an address in it cannot be translated now: what is kept is not all of it. */
    boolean hasMiss() {
        return hasMiss;
    }

    /** An address in it cannot be translated now. */
    void misses() {
        hasMiss = true;
    }

    /**
     * Adds a buffer.
     *
     * @param flags     of its descriptor.
     * @param direction {@link DeviceRing#WRITE} or 0: what it has to be.
     * @return false if it is malformed: the ring knows why.
     */
    boolean add(final DeviceRing ring, final long address, final long bytes, final int flags, final int direction) {
        if ((flags & DeviceRing.WRITE) != direction) {
            return ring.reject(RejectReason.BUFFER_DIRECTION);
        }
        return addBuffer(ring, address, bytes, direction);
    }

    /** A buffer may run over from one range of addresses into the next; here the two need not be neighbours. */
    private boolean addBuffer(final DeviceRing ring, final long start, final long bytes, final int direction) {
        final AddressMap map = ring.dma(direction);
        long address = start;
        long left = bytes;
        while (left > 0) {
            final int range = map.find(address, 1);
            if (range < 0 && !ring.isTranslated()) {
                return ring.reject(RejectReason.BUFFER_ADDRESS);
            }
            final long part;
            if (range < 0) {
                hasMiss = true;
                if (!ring.miss(address, direction)) {
                    return true;
                }
                part = Math.min(left, Misses.PAGE - (address & Misses.PAGE - 1));
            } else {
                final long offset = address - map.start(range);
                part = Math.min(left, map.size(range) - offset);
                if (!keep(map.target(range) + offset, part)) {
                    return true;
                }
            }
            address += part;
            left -= part;
        }
        return true;
    }

    /** Returns false if there are too many: then it is not looked further, for nobody will use them. */
    private boolean keep(final long address, final long bytes) {
        if (pieces == MAX_PIECES) {
            isTooLong = true;
            return false;
        }
        addresses[pieces] = address;
        lengths[pieces++] = bytes;
        length += bytes;
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

    /** Tells the ring that the first {@code bytes} were written. */
    void written(final DeviceRing ring, final int bytes) {
        long left = bytes;
        for (int piece = 0; left > 0; piece++) {
            ring.written(addresses[piece], Math.min(left, lengths[piece]));
            left -= lengths[piece];
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
