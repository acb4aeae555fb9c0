/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.XdpRing;
import io.millrace.linux.XdpSocket;
import org.agrona.UnsafeApi;

/**
 * The sending half of one socket: the tx ring that packets are put on, the completion ring on which their frames come
 * back, and which chunks the kernel has.
 *
 * <pre>
 *   packets --post--&gt; tx ring --publish, wake--&gt; kernel --&gt; completion ring --reap--&gt; frames
 *                        |                                          |
 *                        +------- ChunkSet: add              remove +
 * </pre>
 *
 * <p>At most as many descriptors as the tx ring has entries are with the kernel until they have come back, and the
 * completion ring is as large. So there is always room in both, and no index of the kernel has to be read before a
 * packet is posted.
 *
 * <p>Thread safety: none; one owner at a time, see {@link io.millrace.Slot}.
 */
final class TxRings {
    private final XdpSocket socket;
    private final long txProducer;
    private final long txConsumer;
    private final long txFlags;
    private final long txEntries;
    private final int txSize;
    private final long completionProducer;
    private final long completionConsumer;
    private final long completionEntries;
    private final int completionSize;
    private final int mostPieces;
    private final boolean isWakeupFlagged;
    private final ChunkSet owned;
    // Free-running; entries are at these numbers modulo the ring's size.
    private int posted;
    private int published;
    private int completed;
    private int bad;
    private boolean mayHaveUnsent;
    private boolean isBroken;

    /**
     * Rings that nobody has used yet.
     *
     * @param socket          for wake-ups, outlives this object; null in tests of the rings alone.
     * @param mostPieces      how many descriptors one packet may have, 1 or more.
     * @param isWakeupFlagged whether the flag of the tx ring tells if a wake-up is needed; else it always is.
     */
    TxRings(final FramePool pool, final XdpRing tx, final XdpRing completion, final XdpSocket socket,
            final int mostPieces, final boolean isWakeupFlagged) {
        this.socket = socket;
        this.txProducer = tx.producer();
        this.txConsumer = tx.consumer();
        this.txFlags = tx.flags();
        this.txEntries = tx.entries();
        this.txSize = tx.size();
        this.completionProducer = completion.producer();
        this.completionConsumer = completion.consumer();
        this.completionEntries = completion.entries();
        this.completionSize = completion.size();
        this.mostPieces = mostPieces;
        this.isWakeupFlagged = isWakeupFlagged;
        this.owned = new ChunkSet(pool);
    }

    XdpSocket socket() {
        return socket;
    }

    /** Whether the kernel's index made no sense, or {@link #giveUp} was called. */
    boolean isBroken() {
        return isBroken;
    }

    /** Marks the rings as of no use: the kernel has said that nothing goes out here any more. */
    void giveUp() {
        isBroken = true;
    }

    /** How many descriptors the kernel has. */
    int inFlight() {
        return owned.size();
    }

    /** How many descriptors can be posted. */
    int free() {
        return txSize - owned.size();
    }

    /** How many descriptors one packet may have. */
    int mostPieces() {
        return mostPieces;
    }

    /** How many addresses {@link #reap} has found bad the last time. */
    int bad() {
        return bad;
    }

    /** How many descriptors a packet at that place needs. */
    static int pieces(final int offset, final int length) {
        return (offset + length - 1 >> ChunkSet.CHUNK_SHIFT) - (offset >> ChunkSet.CHUNK_SHIFT) + 1;
    }

    /** Posts a packet that lies in one chunk. There is room. */
    void post(final int offset, final int length) {
        write(offset, length, 0);
    }

    /** Posts a packet of several chunks, cut where they end. There is room for its {@link #pieces}. */
    void postPieces(final int offset, final int length) {
        int at = offset;
        int left = length;
        while (left > 0) {
            final int piece = Math.min(left, ChunkSet.CHUNK - (at & ChunkSet.CHUNK - 1));
            left -= piece;
            write(at, piece, left > 0 ? XdpRing.CONTINUED : 0);
            at += piece;
        }
    }

    private void write(final int offset, final int length, final long options) {
        owned.add(offset >> ChunkSet.CHUNK_SHIFT);
        final long entry = txEntries + ((long) (posted++ & txSize - 1) << 4);
        UnsafeApi.putLong(entry, offset);
        UnsafeApi.putLong(entry + Long.BYTES, length | options << 32);
    }

    /** Shows the kernel everything posted so far. */
    void publish() {
        if (published != posted) {
            published = posted;
            mayHaveUnsent = true;
            // Pairs with the kernel's acquire: descriptors and packet bytes come first.
            UnsafeApi.putIntRelease(null, txProducer, published);
        }
    }

    /** Whether something waits in the tx ring that only a wake-up moves. */
    boolean needsWakeup() {
        if (!mayHaveUnsent) {
            return false;
        }
        if (UnsafeApi.getIntOpaque(null, txConsumer) == published) {
            mayHaveUnsent = false;
            return false;
        }
        return !isWakeupFlagged || (UnsafeApi.getIntOpaque(null, txFlags) & XdpRing.NEED_WAKEUP) != 0;
    }

    /**
     * Takes back what was sent and frees its frames.
     *
     * @param most descriptors at a time.
     */
    void reap(final FrameCache frames, final int most) {
        bad = 0;
        // Pairs with the kernel's release of the index: the addresses are read after it.
        final int now = UnsafeApi.getIntAcquire(null, completionProducer);
        if (Integer.compareUnsigned(now - completed, completionSize) > 0) {
            isBroken = true;
            return;
        }
        final int n = Math.min(most, now - completed);
        if (n == 0) {
            return;
        }
        for (int i = 0; i < n; i++) {
            final long address = UnsafeApi.getLongOpaque(null,
                completionEntries + ((long) (completed + i & completionSize - 1) << 3));
            final int chunk = owned.remove(address);
            if (chunk == ChunkSet.NONE) {
                bad++;
            } else if (owned.isFrame(chunk) || !owned.hasAnyOfJumbo(chunk)) {
                frames.free((int) address);
            }
        }
        completed += n;
        UnsafeApi.putIntRelease(null, completionConsumer, completed);
    }

    /** Frees every frame the kernel had. Only when the socket is closed. */
    int reclaim(final FrameCache frames) {
        int lost = 0;
        for (int chunk = owned.next(0); chunk != ChunkSet.NONE; chunk = owned.next(chunk)) {
            final int offset = chunk << ChunkSet.CHUNK_SHIFT;
            owned.remove(offset);
            if (owned.isFrame(chunk) || !owned.hasAnyOfJumbo(chunk)) {
                frames.free(offset);
                lost++;
            }
        }
        return lost;
    }
}
