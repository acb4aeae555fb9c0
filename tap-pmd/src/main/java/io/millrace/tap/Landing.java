/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.IoUring;
import io.millrace.linux.Mapping;
import io.millrace.linux.PacketIo;
import org.agrona.UnsafeApi;

/**
 * Where packets are read to. Each place is a normal frame, and where packets may be larger than that, a jumbo frame
 * behind it that takes the rest; so a small packet is never copied, and of a large one only its beginning:
 *
 * <pre>
 *              normal frame                 jumbo frame
 *   small:   | [header] packet |
 *   large:   | [header] begin- |         | (begin-) ning, middle and end |
 *                       +----------copied----^
 * </pre>
 *
 * <p>Places hold frames only during one receive: between two, every frame is in the pool.
 *
 * <p>Thread safety: the worker that polls, and whoever closes it afterwards.
 */
final class Landing implements AutoCloseable {
    /** Places, and the most packets of one call. */
    static final int PLACES = 32;
    /** Places used where packets may be large: jumbo frames are few. */
    static final int LARGE_PLACES = 8;

    private static final int PARTS = 2;

    private final long poolBase;
    private final int headerLength;
    private final int shift;
    private final int[] frames = new int[PLACES];
    private final int[] jumbos = new int[PLACES];
    private final Mapping vectors =
        Mapping.anonymous((long) PLACES * PARTS * PacketIo.VECTOR_LENGTH, "the vectors of a tap queue");
    private boolean isLarge;

    /**
     * Places without frames.
     *
     * @param headerLength bytes that the kernel puts in front of each packet, to land right before it.
     * @param shift        bytes to leave free at the start of each packet, for an Ethernet header.
     */
    Landing(final FramePool pool, final int headerLength, final int shift) {
        this.poolBase = pool.baseAddress();
        this.headerLength = headerLength;
        this.shift = shift;
    }

    /** What fits into one normal frame, without header and shift. */
    private int room() {
        return FramePool.FRAME_CAPACITY - shift;
    }

    /**
     * Takes frames for up to {@code wanted} places.
     *
     * @param large whether there may be packets that fit into no normal frame.
     * @return how many places have one; fewer than wanted only if the pool is empty.
     */
    int prepare(final FrameCache cache, final int wanted, final boolean large) {
        isLarge = large;
        final int got = cache.allocate(frames, 0, wanted);
        for (int i = 0; large && i < got; i++) {
            jumbos[i] = cache.allocateJumbo();
            final long vector = vector(i);
            PacketIo.part(vector, 0, start(i), headerLength + room());
            if (jumbos[i] != FramePool.NONE) {
                PacketIo.part(vector, 1, poolBase + jumbos[i] + FramePool.FRAME_CAPACITY,
                    FramePool.JUMBO_CAPACITY - FramePool.FRAME_CAPACITY);
            }
        }
        return got;
    }

    private long vector(final int i) {
        return vectors.address() + (long) i * PARTS * PacketIo.VECTOR_LENGTH;
    }

    private long start(final int i) {
        return poolBase + frames[i] + shift - headerLength;
    }

    private int parts(final int i) {
        return jumbos[i] == FramePool.NONE ? 1 : PARTS;
    }

    /** Reads one packet to place {@code i}: its length with the header, or less than 0. */
    int read(final int fd, final int i) {
        return isLarge ? PacketIo.readv(fd, vector(i), parts(i)) : PacketIo.read(fd, start(i), headerLength + room());
    }

    /** Queues the reading of one packet to place {@code i}, which is also its token. */
    void read(final IoUring ring, final int i) {
        if (isLarge) {
            ring.readv(vector(i), parts(i), i);
        } else {
            ring.read(start(i), headerLength + room(), i);
        }
    }

    /** Where the packet that was read to place {@code i} begins in memory, behind the header and the shift. */
    long packet(final int i) {
        return poolBase + frames[i] + shift;
    }

    /** Whether so many bytes fill a place to the brim, so that more of the packet was lost. */
    boolean isCut(final int i, final int read) {
        final int most = isLarge && jumbos[i] != FramePool.NONE
            ? FramePool.JUMBO_CAPACITY - FramePool.FRAME_CAPACITY + room() : room();
        return read - headerLength >= most;
    }

    /** Whether place {@code i} should have had a jumbo frame and none was free. */
    boolean lacksJumbo(final int i) {
        return isLarge && jumbos[i] == FramePool.NONE;
    }

    /**
     * Puts what was read to place {@code i} into one frame, which is the caller's from now on, the header right in
     * front of the packet; the other frame is freed.
     *
     * @param length of the packet, with the shift.
     * @return where it begins, from the start of the pool, with the shift.
     */
    int settle(final FrameCache cache, final int i, final int length) {
        final int frame = frames[i];
        if (!isLarge || jumbos[i] == FramePool.NONE) {
            return frame;
        }
        if (length <= FramePool.FRAME_CAPACITY) {
            cache.free(jumbos[i]);
            return frame;
        }
        final int begin = shift - headerLength;
        UnsafeApi.copyMemory(poolBase + frame + begin, poolBase + jumbos[i] + begin, headerLength + room());
        cache.free(frame);
        return jumbos[i];
    }

    /** Frees what place {@code i} holds. */
    void free(final FrameCache cache, final int i) {
        cache.free(frames[i]);
        if (isLarge && jumbos[i] != FramePool.NONE) {
            cache.free(jumbos[i]);
        }
    }

    /** Gives the vectors back. Nobody polls any more. */
    @Override
    public void close() {
        vectors.close();
    }
}
