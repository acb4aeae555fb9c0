/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.FramePool;
import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import io.millrace.linux.SharedMemory;

/**
 * The memory that one session of the driver side shares with its back-end: the frame pool, and a sealed memfd of its
 * own with all rings. It is made anew for every session, so that a back-end which was sent away cannot reach the rings
 * of its successor.
 *
 * <pre>
 *  guest address   POOL_START                      POOL_START + pool size, rounded up to 1 GiB
 *                  +--------------- ... -----------+   gap   +--------+--------+---- ... ----+
 *                  | frame pool                    |         | ring 0 | ring 1 |             |
 *                  +--------------- ... -----------+         +--------+--------+---- ... ----+
 *  one ring:       | descriptors | avail | used | indirect tables | zero header |
 * </pre>
 *
 * <p>The protocol names memory by guest addresses in descriptors and by "user addresses" in SET_VRING_ADDR. Both are
 * mere names; here they are the same made-up numbers, so that a back-end learns nothing about the layout of this
 * process.
 */
final class DriverMemory implements AutoCloseable {
    static final int DESCRIPTOR_SIZE = 16;
    static final int INDIRECT_ENTRIES = 2;

    private static final int LINE = 64;
    private static final int PAGE = 4096;
    private static final int USED_INDEX_SIZE = 4;
    private static final int ZERO_HEADER_SIZE = 64;
    private static final long POOL_START = 1L << 36;
    private static final long GIB = 1L << 30;

    private final FramePool pool;
    private final int ringSize;
    private final Fd fd;
    private final Mapping mapping;
    private final long ringBytes;
    private final long ringsStart;

    /**
     * Allocates the rings, all zero.
     *
     * @param rings    how many.
     * @param ringSize descriptors in each.
     * @throws io.millrace.linux.LinuxException if the system refuses the memory.
     */
    DriverMemory(final FramePool pool, final int rings, final int ringSize, final String name) {
        this.pool = pool;
        this.ringSize = ringSize;
        this.ringBytes = zeroHeader() + ZERO_HEADER_SIZE;
        this.ringsStart = roundUp(POOL_START + pool.size(), GIB);
        final long bytes = roundUp(rings * ringBytes, PAGE);
        this.fd = SharedMemory.create("millrace-rings", bytes, false);
        try {
            SharedMemory.seal(fd);
            this.mapping = Mapping.map(fd, 0, bytes, name + " rings");
        } catch (final RuntimeException e) {
            fd.close();
            throw e;
        }
        mapping.populate(0, bytes);
    }

    FramePool pool() {
        return pool;
    }

    Fd poolFd() {
        return pool.fd();
    }

    Fd ringsFd() {
        return fd;
    }

    long ringsBytes() {
        return mapping.length();
    }

    /** The guest address of the pool's first byte. */
    long poolStart() {
        return POOL_START;
    }

    /** The guest address of the first ring. */
    long ringsStart() {
        return ringsStart;
    }

    /** Where ring {@code index} is in this process: its descriptor table. */
    long descriptors(final int index) {
        return mapping.address() + index * ringBytes;
    }

    long avail(final int index) {
        return descriptors(index) + availOffset();
    }

    long used(final int index) {
        return descriptors(index) + usedOffset();
    }

    long indirectTables(final int index) {
        return descriptors(index) + indirectOffset();
    }

    /** 64 bytes that stay zero: the header of packets whose frame has no room for one. */
    long zeroHeader(final int index) {
        return descriptors(index) + zeroHeader();
    }

    /** What is added to an address of the rings in this process to get the guest address. */
    long guestDelta() {
        return ringsStart - mapping.address();
    }

    private long availOffset() {
        return (long) ringSize * DESCRIPTOR_SIZE;
    }

    // flags and idx end a cache line and the elements start the next: they are then aligned to 8 and can be read by one
    // load, and the back-end's index does not share a line with them.
    private long usedOffset() {
        return roundUp(availOffset() + 6 + 2L * ringSize, LINE) + LINE - USED_INDEX_SIZE;
    }

    private long indirectOffset() {
        return roundUp(usedOffset() + 6 + 8L * ringSize, LINE);
    }

    private long zeroHeader() {
        return indirectOffset() + (long) ringSize * INDIRECT_ENTRIES * DESCRIPTOR_SIZE;
    }

    /** Unmaps the rings. No worker may hold one. The pool stays. */
    @Override
    public void close() {
        mapping.close();
        fd.close();
    }

    private static long roundUp(final long value, final long unit) {
        return (value + unit - 1) / unit * unit;
    }
}
