/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * One thread's stack of free frames. The most recently freed frame is handed out first, because its bytes are still in
 * this core's cache; what the stack cannot hold or give goes to and comes from the pool's depot, a chunk at a time.
 *
 * <p>Thread safety: none. One thread at a time; make one per worker with {@link FramePool#cache(String)}.
 */
public final class FrameCache implements AutoCloseable {
    private static final int CAPACITY = 4 * Chunk.CAPACITY;

    private final FramePool pool;
    private final String name;
    private final int id;
    private final long baseAddress;
    private final int[] normal = new int[CAPACITY];
    private final int[] jumbo;
    private int normalTop;
    private int jumboTop;

    FrameCache(final FramePool pool, final String name, final int id) {
        this.pool = pool;
        this.name = name;
        this.id = id;
        this.baseAddress = pool.baseAddress();
        this.jumbo = new int[2 * pool.jumboDepot().chunkCapacity()];
    }

    /** The pool this cache belongs to. */
    public FramePool pool() {
        return pool;
    }

    /** Who uses it, as given when it was made. */
    public String name() {
        return name;
    }

    /** Where offset 0 of the pool is in this process. */
    public long baseAddress() {
        return baseAddress;
    }

    /**
     * Takes a normal frame, {@link FramePool#FRAME_CAPACITY} bytes.
     *
     * @return the offset of its first data byte, or {@link FramePool#NONE}.
     */
    public int allocate() {
        if (normalTop == 0) {
            normalTop = pool.depot().take(normal, 0);
            if (normalTop == 0) {
                return FramePool.NONE;
            }
        }
        final int offset = normal[--normalTop];
        assert pool.taken(offset, id);
        return offset;
    }

    /**
     * Takes up to {@code n} normal frames at once.
     *
     * @param offsets receives the offsets of their first data bytes.
     * @param first   the index in {@code offsets} that the first one goes to.
     * @param n       0 to 128.
     * @return how many were taken, fewer than {@code n} only if the pool is empty.
     */
    public int allocate(final int[] offsets, final int first, final int n) {
        while (normalTop < n) {
            final int got = pool.depot().take(normal, normalTop);
            if (got == 0) {
                break;
            }
            normalTop += got;
        }
        final int taken = Math.min(n, normalTop);
        normalTop -= taken;
        System.arraycopy(normal, normalTop, offsets, first, taken);
        assert pool.taken(offsets, first, taken, id);
        return taken;
    }

    /**
     * Takes a jumbo frame, {@link FramePool#JUMBO_CAPACITY} bytes.
     *
     * @return the offset of its first data byte, or {@link FramePool#NONE}.
     */
    public int allocateJumbo() {
        if (jumboTop == 0) {
            jumboTop = pool.jumboDepot().take(jumbo, 0);
            if (jumboTop == 0) {
                return FramePool.NONE;
            }
        }
        final int offset = jumbo[--jumboTop];
        assert pool.taken(offset, id);
        return offset;
    }

    /**
     * Takes a frame of the class that fits {@code length} bytes.
     *
     * @return the offset of its first data byte, or {@link FramePool#NONE}: none is free, or no frame is that large.
     */
    public int allocateFor(final int length) {
        if (length <= FramePool.FRAME_CAPACITY) {
            return allocate();
        }
        return length <= FramePool.JUMBO_CAPACITY ? allocateJumbo() : FramePool.NONE;
    }

    /**
     * Gives a frame back.
     *
     * @param offset any offset inside the frame: its first data byte, or wherever its packet started.
     */
    public void free(final int offset) {
        if (pool.isJumbo(offset)) {
            freeJumbo(offset);
            return;
        }
        final int first = pool.firstByte(offset);
        assert pool.given(first, name);
        if (normalTop == CAPACITY) {
            normalTop = pool.depot().give(normal, normalTop);
        }
        normal[normalTop++] = first;
    }

    private void freeJumbo(final int offset) {
        final int first = pool.firstByte(offset);
        assert pool.given(first, name);
        if (jumboTop == jumbo.length) {
            jumboTop = pool.jumboDepot().give(jumbo, jumboTop);
        }
        jumbo[jumboTop++] = first;
    }

    /** Bytes before {@code offset} that a packet can still grow into: all of its frame's but the reserved ones. */
    public int headroom(final int offset) {
        return offset - pool.frameStart(offset) - FramePool.RESERVED;
    }

    /** Bytes from {@code offset} to the end of its frame. */
    public int tailroom(final int offset) {
        return pool.frameEnd(offset) - offset;
    }

    /** Where the reserved bytes of the frame around {@code offset} are in memory. */
    long record(final int offset) {
        return baseAddress + pool.frameStart(offset);
    }

    /** Frames resting here. */
    int size() {
        return normalTop + jumboTop;
    }

    /** Gives what rests here back to the depot. The cache is empty afterwards and may still be used. */
    @Override
    public void close() {
        while (normalTop > 0) {
            normalTop = pool.depot().give(normal, normalTop);
        }
        while (jumboTop > 0) {
            jumboTop = pool.jumboDepot().give(jumbo, jumboTop);
        }
    }
}
