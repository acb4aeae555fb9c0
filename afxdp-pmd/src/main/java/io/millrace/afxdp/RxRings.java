/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.XdpRing;
import io.millrace.linux.XdpSocket;
import org.agrona.UnsafeApi;

/**
 * The receiving half of one socket: the rx ring it takes packets from, the fill ring it gives frames to, and which
 * frames the kernel has.
 *
 * <pre>
 *   frames --post--&gt; fill ring --&gt; kernel --&gt; rx ring --read--&gt; offsets[], lengths[], isContinued[]
 *                        |                                 |
 *                        +------- ChunkSet: add     remove +
 * </pre>
 *
 * <p>At most as many frames as the fill ring has entries are with the kernel, in rings or in its own lists. So there is
 * always room in the fill ring, and its consumer index, which the kernel keeps writing, is never read.
 *
 * <p>Thread safety: none; one owner at a time, see {@link io.millrace.Slot}.
 */
final class RxRings {
    /** The most descriptors taken at once. */
    static final int COLUMN = 64;

    private static final int MIN_PACKET = 14;
    private static final int POST_AT_ONCE = 64;

    // What read() found, for the queue to look at.
    final int[] offsets = new int[COLUMN];
    final int[] lengths = new int[COLUMN];
    final boolean[] isContinued = new boolean[COLUMN];

    private final XdpSocket socket;
    private final long rxProducer;
    private final long rxConsumer;
    private final long rxEntries;
    private final int rxSize;
    private final long fillProducer;
    private final long fillFlags;
    private final long fillEntries;
    private final int fillSize;
    private final ChunkSet owned;
    private final Assembly assembly;
    private final int[] fresh = new int[POST_AT_ONCE];
    // Free-running; entries are at these numbers modulo the ring's size.
    private int consumed;
    private int produced;
    private int posted;
    private int bad;
    private boolean isBroken;

    /**
     * Rings that nobody has used yet.
     *
     * @param socket for wake-ups, outlives this object; null in tests of the rings alone.
     */
    RxRings(final FramePool pool, final XdpRing rx, final XdpRing fill, final XdpSocket socket) {
        this.socket = socket;
        this.rxProducer = rx.producer();
        this.rxConsumer = rx.consumer();
        this.rxEntries = rx.entries();
        this.rxSize = rx.size();
        this.fillProducer = fill.producer();
        this.fillFlags = fill.flags();
        this.fillEntries = fill.entries();
        this.fillSize = fill.size();
        this.owned = new ChunkSet(pool);
        this.assembly = new Assembly(pool.baseAddress());
    }

    XdpSocket socket() {
        return socket;
    }

    /** Where a packet of several descriptors is put together; it may go on in the next poll. */
    Assembly assembly() {
        return assembly;
    }

    /** Whether the kernel's index made no sense: these rings are of no use any more. */
    boolean isBroken() {
        return isBroken;
    }

    /** How many descriptors {@link #read} has found bad the last time. */
    int bad() {
        return bad;
    }

    /**
     * Takes descriptors off the rx ring. Their frames are the caller's from now on.
     *
     * @param most 0 to {@link #COLUMN}.
     * @return how many are in the columns; bad ones are not among them.
     */
    int read(final int most) {
        bad = 0;
        if (consumed == produced) {
            // Pairs with the kernel's release of the index: descriptors and packet bytes are read after it.
            final int now = UnsafeApi.getIntAcquire(null, rxProducer);
            if (Integer.compareUnsigned(now - consumed, rxSize) > 0) {
                isBroken = true;
                return 0;
            }
            produced = now;
        }
        final int n = Math.min(most, produced - consumed);
        if (n == 0) {
            return 0;
        }
        int taken = 0;
        for (int i = 0; i < n; i++) {
            final long entry = rxEntries + ((long) (consumed + i & rxSize - 1) << 4);
            final long address = UnsafeApi.getLongOpaque(null, entry);
            final long rest = UnsafeApi.getLongOpaque(null, entry + Long.BYTES);
            final int length = (int) rest;
            if (owned.remove(address) == ChunkSet.NONE) {
                bad++;
                continue;
            }
            offsets[taken] = (int) address;
            lengths[taken] = isInside((int) address, length) ? length : 0;
            isContinued[taken] = (rest >>> 32 & XdpRing.CONTINUED) != 0;
            taken++;
        }
        consumed += n;
        // The kernel may overwrite the entries from here on.
        UnsafeApi.putIntRelease(null, rxConsumer, consumed);
        return taken;
    }

    private static boolean isInside(final int offset, final int length) {
        return length > 0 && length <= ChunkSet.CHUNK - (offset & ChunkSet.CHUNK - 1);
    }

    /** Whether a packet of one descriptor can be a packet at all; 0 stands for a length that made no sense. */
    static boolean isPacket(final int length) {
        return length >= MIN_PACKET;
    }

    /** How many frames the kernel can still be given. */
    int missing() {
        return fillSize - owned.size();
    }

    /**
     * Gives frames to the kernel, a batch at most.
     *
     * @return false if the pool had fewer than would have fitted.
     */
    boolean refill(final FrameCache frames) {
        final int wanted = Math.min(missing(), POST_AT_ONCE);
        final int got = frames.allocate(fresh, 0, wanted);
        for (int i = 0; i < got; i++) {
            final int chunk = fresh[i] >> ChunkSet.CHUNK_SHIFT;
            owned.add(chunk);
            UnsafeApi.putLong(fillEntries + ((long) (posted + i & fillSize - 1) << 3),
                (long) chunk << ChunkSet.CHUNK_SHIFT);
        }
        posted += got;
        if (got > 0) {
            // Pairs with the kernel's acquire: the entries come first.
            UnsafeApi.putIntRelease(null, fillProducer, posted);
        }
        return got == wanted;
    }

    /** Whether the kernel takes frames from the fill ring only after a wake-up. */
    boolean needsWakeup() {
        return (UnsafeApi.getIntOpaque(null, fillFlags) & XdpRing.NEED_WAKEUP) != 0;
    }

    /** Frees every frame the kernel had. Only when the socket is closed. */
    int reclaim(final FrameCache frames) {
        int freed = 0;
        for (int chunk = owned.next(0); chunk != ChunkSet.NONE; chunk = owned.next(chunk)) {
            final int offset = chunk << ChunkSet.CHUNK_SHIFT;
            owned.remove(offset);
            frames.free(offset);
            freed++;
        }
        assembly.abandon(frames);
        return freed;
    }
}
