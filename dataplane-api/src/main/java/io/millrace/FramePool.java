/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.Errno;
import io.millrace.linux.Fd;
import io.millrace.linux.HugePages;
import io.millrace.linux.LinuxException;
import io.millrace.linux.Mapping;
import io.millrace.linux.SharedMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;

/**
 * All packet memory of a data plane: one shared memory region cut into frames of two classes. The same region is the
 * UMEM of AF_XDP sockets and what virtio-user shows its back-end, which is why it is one memfd.
 *
 * <pre>
 *  0                                        jumboStart                             size
 *  +----------+----------+---- ... ----------+------------------+------ ... -------+
 *  | 2 KiB    | 2 KiB    |                   | 66 KiB           |                  |
 *  +----------+----------+---- ... ----------+------------------+------ ... -------+
 *   one frame: | reserved 16 | headroom 112..304 | data ............ |
 * </pre>
 *
 * <p>Where the data of a frame begins differs from frame to frame in steps of a cache line. With one start for all, the
 * first lines of all packets would compete for two sets of the L1 cache.
 *
 * <p>Thread safety: threads take frames through a {@link FrameCache} of their own. {@link #close()} is called once,
 * when no thread uses the pool any more.
 */
public final class FramePool implements AutoCloseable {
    /** Returned instead of an offset when no frame is free. */
    public static final int NONE = -1;
    /** Distance between two normal frames in bytes. */
    public static final int FRAME_SIZE = 2048;
    /** Distance between two jumbo frames in bytes: a multiple of {@link #FRAME_SIZE}. */
    public static final int JUMBO_SIZE = 33 * FRAME_SIZE;
    /** Bytes at the start of every frame that no packet grows into: they hold what is said about the packet. */
    public static final int RESERVED = 16;
    /** Bytes before the first data byte, without the reserved ones, that every frame has at least. */
    public static final int HEADROOM = FramePool.FIRST_BYTE - RESERVED;
    /** Data bytes that every normal frame has at least: enough for 1518 with room for tags. */
    public static final int FRAME_CAPACITY = FRAME_SIZE - FramePool.FIRST_BYTE - FramePool.MAX_COLOUR;
    /** Data bytes that every jumbo frame has at least: a 64 KiB packet and its headers. */
    public static final int JUMBO_CAPACITY = FramePool.JUMBO_SIZE - FramePool.FIRST_BYTE - FramePool.MAX_COLOUR;

    private static final Logger LOG = LoggerFactory.getLogger(FramePool.class);
    private static final int FIRST_BYTE = 128;
    private static final int COLOURS = 4;
    private static final int COLOUR_BYTES = 64;
    private static final int MAX_COLOUR = (COLOURS - 1) * COLOUR_BYTES;
    private static final int JUMBO_CHUNK = 4;
    private static final int PAGE = 4096;

    private final Fd fd;
    private final Mapping mapping;
    private final boolean huge;
    private final int frames;
    private final int jumboFrames;
    private final int jumboStart;
    private final Depot depot;
    private final Depot jumboDepot;
    private final FrameLedger ledger;
    private final List<FrameCache> caches = new ArrayList<>();

    private FramePool(final Fd fd, final Mapping mapping, final boolean huge, final int frames, final int jumboFrames) {
        this.fd = fd;
        this.mapping = mapping;
        this.huge = huge;
        this.frames = frames;
        this.jumboFrames = jumboFrames;
        this.jumboStart = frames * FRAME_SIZE;
        this.depot = new Depot(frames, Chunk.CAPACITY);
        this.jumboDepot = new Depot(jumboFrames, JUMBO_CHUNK);
        this.ledger = FramePool.class.desiredAssertionStatus() ? new FrameLedger(frames + jumboFrames) : null;
        fill();
    }

    /**
     * Makes a pool, on huge pages if enough are free, else on ordinary pages (said in the log in one line).
     *
     * @param frames      normal frames, 1 or more.
     * @param jumboFrames jumbo frames, 0 or more.
     * @throws ConfigurationException if that is more than 2 GiB, or less than one frame.
     * @throws LinuxException         if the machine has not that much memory.
     */
    public static FramePool create(final int frames, final int jumboFrames) {
        final long bytes = (long) frames * FRAME_SIZE + (long) jumboFrames * JUMBO_SIZE;
        if (frames < 1 || jumboFrames < 0 || bytes > Integer.MAX_VALUE) {
            throw new ConfigurationException("a frame pool of " + frames + " normal and " + jumboFrames
                + " jumbo frames cannot be: take 1 or more, 2 GiB in all at most");
        }
        final long hugePage = HugePages.sizeBytes();
        if (hugePage > 0 && HugePages.free() * hugePage >= bytes) {
            try {
                return map(roundUp(bytes, hugePage), true, frames, jumboFrames);
            } catch (final LinuxException e) {
                LOG.info("frame pool: huge pages refused ({}), ordinary pages taken", e.getMessage());
                return map(roundUp(bytes, PAGE), false, frames, jumboFrames);
            }
        }
        LOG.info("frame pool: {} MiB on ordinary pages; for a few percent more speed set vm.nr_hugepages to {}",
            bytes >> 20, roundUp(bytes, 2 << 20) >> 21);
        return map(roundUp(bytes, PAGE), false, frames, jumboFrames);
    }

    private static FramePool map(final long bytes, final boolean huge, final int frames, final int jumboFrames) {
        final Fd fd = SharedMemory.create("millrace-frames", bytes, huge);
        try {
            // Sealed, so that a back-end which maps it need not fear that it shrinks under its feet.
            SharedMemory.seal(fd);
            final Mapping mapping = Mapping.map(fd, 0, bytes, "frame pool");
            populate(mapping);
            return new FramePool(fd, mapping, huge, frames, jumboFrames);
        } catch (final RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /** Takes the memory now: a page that turns out to be missing under a packet would be a SIGBUS. */
    private static void populate(final Mapping mapping) {
        boolean isThere = false;
        try {
            isThere = mapping.populate(0, mapping.length());
        } finally {
            if (!isThere) {
                mapping.close();
            }
        }
        if (!isThere) {
            throw new LinuxException("take " + mapping.length() + " bytes of memory for a frame pool", Errno.ENOMEM,
                "ask for fewer frames, or raise the memory limit of this process");
        }
    }

    private void fill() {
        final int[] stack = new int[Chunk.CAPACITY];
        for (int frame = 0, top = 0; frame < frames; frame++) {
            stack[top++] = firstByte(frame * FRAME_SIZE);
            if (top == stack.length || frame == frames - 1) {
                top = depot.give(stack, top);
            }
        }
        for (int frame = 0, top = 0; frame < jumboFrames; frame++) {
            stack[top++] = firstByte(jumboStart + frame * JUMBO_SIZE);
            if (top == JUMBO_CHUNK || frame == jumboFrames - 1) {
                top = jumboDepot.give(stack, top);
            }
        }
    }

    /**
     * A frame cache for one more thread. Any thread may call this.
     *
     * @param user who will hold the frames, named when some are missing at close.
     */
    public synchronized FrameCache cache(final String user) {
        final FrameCache cache = new FrameCache(this, user, ledger == null ? 0 : ledger.holder(user));
        caches.add(cache);
        return cache;
    }

    /** Where offset 0 is in this process. */
    public long baseAddress() {
        return mapping.address();
    }

    /** Bytes of the whole region. */
    public long size() {
        return mapping.length();
    }

    /** The memfd, for drivers that share the region. It stays the pool's. */
    public Fd fd() {
        return fd;
    }

    /** Whether it is on huge pages. */
    public boolean isHuge() {
        return huge;
    }

    /** Normal frames in all. */
    public int frames() {
        return frames;
    }

    /** Jumbo frames in all. */
    public int jumboFrames() {
        return jumboFrames;
    }

    Depot depot() {
        return depot;
    }

    Depot jumboDepot() {
        return jumboDepot;
    }

    boolean isJumbo(final int offset) {
        return offset >= jumboStart;
    }

    int frameStart(final int offset) {
        return isJumbo(offset)
            ? jumboStart + (offset - jumboStart) / JUMBO_SIZE * JUMBO_SIZE
            : offset & -FRAME_SIZE;
    }

    int frameEnd(final int offset) {
        return frameStart(offset) + (isJumbo(offset) ? JUMBO_SIZE : FRAME_SIZE);
    }

    int firstByte(final int offset) {
        final int start = frameStart(offset);
        return start + FIRST_BYTE + (start / FRAME_SIZE & COLOURS - 1) * COLOUR_BYTES;
    }

    private int index(final int offset) {
        return isJumbo(offset) ? frames + (offset - jumboStart) / JUMBO_SIZE : offset / FRAME_SIZE;
    }

    boolean taken(final int offset, final int holder) {
        ledger.taken(index(offset), holder);
        return true;
    }

    boolean taken(final int[] offsets, final int first, final int n, final int holder) {
        for (int i = first; i < first + n; i++) {
            ledger.taken(index(offsets[i]), holder);
        }
        return true;
    }

    boolean given(final int offset, final String by) {
        ledger.given(index(offset), by);
        return true;
    }

    /**
     * How many frames of both classes are free now, in the depots and in all caches. Any thread; exact only while no
     * thread takes or gives any.
     */
    public synchronized int free() {
        int free = depot.size() + jumboDepot.size();
        for (final FrameCache cache : caches) {
            free += cache.size();
        }
        return free;
    }

    /**
     * Unmaps the region.
     *
     * @throws IllegalStateException if frames are missing, saying how many, and with assertions on who took them last.
     *                               The memory is released all the same.
     */
    @Override
    public synchronized void close() {
        if (!fd.isOpen()) {
            return;
        }
        final int missing = frames + jumboFrames - free();
        mapping.close();
        fd.close();
        if (missing > 0) {
            throw new IllegalStateException(missing + " of " + (frames + jumboFrames) + " frames are missing"
                + (ledger == null ? " (run with -ea to see who took them)" : ": " + ledger.missing()));
        }
    }

    private static long roundUp(final long bytes, final long unit) {
        return (bytes + unit - 1) / unit * unit;
    }
}
