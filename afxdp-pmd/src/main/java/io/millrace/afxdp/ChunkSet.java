/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.FramePool;

/**
 * Which chunks of the UMEM the kernel has, as one bit each. What a ring says is compared with this: an address that is
 * not ours to get is a bad descriptor, and when a socket is closed these are the frames that come back.
 *
 * <p>A chunk is {@value #CHUNK} bytes, the distance of normal frames; a jumbo frame is {@value #PER_JUMBO} of them.
 *
 * <p>Thread safety: none; it goes from thread to thread with the rings it belongs to.
 */
final class ChunkSet {
    static final int CHUNK = FramePool.FRAME_SIZE;
    static final int CHUNK_SHIFT = 11;
    static final int PER_JUMBO = FramePool.JUMBO_SIZE / CHUNK;
    static final int NONE = -1;

    private final int frames;
    private final int chunks;
    private final long[] words;
    private int size;

    /** An empty set over all frames of a pool. */
    ChunkSet(final FramePool pool) {
        this(pool.frames(), pool.jumboFrames());
    }

    ChunkSet(final int frames, final int jumboFrames) {
        assert 1 << CHUNK_SHIFT == CHUNK;
        this.frames = frames;
        this.chunks = frames + jumboFrames * PER_JUMBO;
        this.words = new long[(chunks + Long.SIZE - 1) / Long.SIZE];
    }

    /** How many chunks are in it. */
    int size() {
        return size;
    }

    /** Adds a chunk of the pool that is not in it. */
    void add(final int chunk) {
        assert chunk < chunks && !contains(chunk) : "chunk " + chunk + " of " + chunks;
        words[chunk >> 6] |= 1L << chunk;
        size++;
    }

    /**
     * Takes out the chunk around an address of the UMEM.
     *
     * @param address anything.
     * @return the chunk; {@link #NONE} if it is not in the set, or the address is in no frame at all.
     */
    int remove(final long address) {
        final long chunk = address >>> CHUNK_SHIFT;
        if (chunk >= chunks || (words[(int) chunk >> 6] & 1L << chunk) == 0) {
            return NONE;
        }
        words[(int) chunk >> 6] ^= 1L << chunk;
        size--;
        return (int) chunk;
    }

    boolean contains(final int chunk) {
        return (words[chunk >> 6] & 1L << chunk) != 0;
    }

    /** Whether a chunk is a normal frame by itself. */
    boolean isFrame(final int chunk) {
        return chunk < frames;
    }

    /** Whether any chunk of the jumbo frame around {@code chunk} is in the set. */
    boolean hasAnyOfJumbo(final int chunk) {
        final int first = chunk - (chunk - frames) % PER_JUMBO;
        for (int c = first; c < first + PER_JUMBO; c++) {
            if (contains(c)) {
                return true;
            }
        }
        return false;
    }

    /** The first chunk in the set from {@code from} on, or {@link #NONE}. */
    int next(final int from) {
        for (int c = from; c < chunks; c++) {
            if (contains(c)) {
                return c;
            }
        }
        return NONE;
    }
}
