/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counters;
import io.millrace.linux.Fd;
import io.millrace.virtqueue.ProtocolViolation.Reason;
import org.agrona.collections.LongHashSet;

import java.util.concurrent.TimeUnit;

/**
 * The addresses by which a guest behind a virtual IOMMU lets its device reach its memory, as far as the front-end has
 * told them. What is missing is asked for and comes when the front-end likes.
 *
 * <pre>
 *   worker                     control loop                     front-end
 *   address not in the DmaMap
 *     Misses -----------------&gt; ask  ------ MISS -------------&gt;  looks into the tables of the IOMMU
 *                              update &lt;----- UPDATE -----------
 *     new DmaMap &lt;-----------
 *                          invalidate &lt;----- INVALIDATE -------  the guest has unmapped it, and waits
 *     new DmaMap &lt;-----------
 *     adopts it ------------&gt;  when all have: acknowledgement -&gt;
 * </pre>
 *
 * <p>Thread safety: control loop only; the maps it makes are immutable.
 */
final class Iotlb implements AutoCloseable {
    /** Ranges that are kept. Neighbours are one, so a guest that maps all of its memory needs few. */
    static final int MAX_RANGES = 4096;
    /** Questions that may be open at once. */
    static final int MAX_ASKED = 512;

    private static final long ASK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Counters.Scope scope;
    private final LongHashSet asked = new LongHashSet();
    private long askedSinceNs;
    private AddressMap readable = AddressMap.EMPTY;
    private AddressMap writable = AddressMap.EMPTY;
    private BackEndChannel channel;

    /**
     * @param scope where to count misses, updates and invalidations; without an IOMMU nothing appears there.
     */
    Iotlb(final Counters.Scope scope) {
        this.scope = scope;
    }

    /** Where to ask from now on. Owned; the one before is closed. */
    void channel(final Fd socket) {
        closeChannel();
        channel = new BackEndChannel(socket);
    }

    /** What is known now. */
    DmaMap map(final GuestMemory memory) {
        return new DmaMap(readable, writable, memory.isSealed());
    }

    /**
     * UPDATE: keeps an entry. When there are too many, all others are forgotten, to be asked for again.
     *
     * @throws ProtocolViolation if it is not a stretch of {@code memory}.
     */
    void update(final IotlbMessage entry, final GuestMemory memory) throws ProtocolViolation {
        final long size = entry.size();
        if (entry.permission() < Misses.READ || entry.permission() > (Misses.READ | Misses.WRITE)) {
            throw new ProtocolViolation(Reason.BAD_VALUE, "IOTLB_MSG: a permission of " + entry.permission()
                + ", not 1 to 3");
        }
        final long local = size <= 0 || size > MemoryTable.MAX_BYTES ? AddressMap.NONE
            : memory.byUser().translate(entry.user(), size);
        if (local == AddressMap.NONE || Long.compareUnsigned(entry.iova() + size - 1, entry.iova()) < 0) {
            throw new ProtocolViolation(Reason.BAD_MEMORY, "IOTLB_MSG: " + Long.toUnsignedString(size)
                + " bytes at 0x" + Long.toHexString(entry.iova()) + ", user address 0x" + Long.toHexString(entry.user())
                + ", which are in no region of memory");
        }
        scope.counter("updates").increment();
        forgetIfFull();
        readable = (entry.permission() & Misses.READ) != 0 ? readable.with(entry.iova(), size, local)
            : readable.without(entry.iova(), size);
        writable = (entry.permission() & Misses.WRITE) != 0 ? writable.with(entry.iova(), size, local)
            : writable.without(entry.iova(), size);
        final long last = entry.iova() + size - 1;
        asked.removeIfLong(miss -> Long.compareUnsigned(miss & -Misses.PAGE, entry.iova() & -Misses.PAGE) >= 0
            && Long.compareUnsigned(miss & -Misses.PAGE, last) <= 0);
    }

    private void forgetIfFull() {
        if (readable.count() >= MAX_RANGES || writable.count() >= MAX_RANGES) {
            forget();
        }
    }

    /** INVALIDATE: forgets a range. Those that have maps with it get new ones before it is acknowledged. */
    void invalidate(final long iova, final long size) {
        scope.counter("invalidations").increment();
        readable = readable.without(iova, size);
        writable = writable.without(iova, size);
    }

    /** Forgets everything. */
    void forget() {
        readable = AddressMap.EMPTY;
        writable = AddressMap.EMPTY;
        asked.clear();
    }

    /**
     * Where a part of a ring is in this process.
     *
     * @param access {@link Misses#READ}, and {@link Misses#WRITE} if it is written.
     * @return {@link AddressMap#NONE} if that is not known, or not in one piece.
     */
    long locate(final long iova, final long length, final int access) {
        final long local = readable.translate(iova, length);
        final boolean isRight = (access & Misses.WRITE) == 0 || writable.translate(iova, length) == local;
        return isRight ? local : AddressMap.NONE;
    }

    /**
     * Asks for what is missing of a part of a ring.
     *
     * @return whether anything is.
     */
    boolean ask(final long iova, final long length, final int access) throws ProtocolViolation {
        boolean isMissing = false;
        // Counted, for a ring may be said to lie across the end of the address space.
        final long pages = ((iova & Misses.PAGE - 1) + length + Misses.PAGE - 1) / Misses.PAGE;
        for (int i = 0; i < pages; i++) {
            final long page = (iova & -Misses.PAGE) + (long) i * Misses.PAGE;
            if (readable.find(page, 1) < 0 || (access & Misses.WRITE) != 0 && writable.find(page, 1) < 0) {
                ask(Misses.entry(page, access));
                isMissing = true;
            }
        }
        return isMissing;
    }

    /** Counts a ring that cannot start although all of it is known: it is not in one piece here. */
    void scattered() {
        scope.counter("scattered-rings").increment();
    }

    /**
     * Asks for what a {@link Misses} entry stands for, unless that has just been asked. There is no answer but an
     * update, which may never come; so it is asked again when it is still missing after a while.
     */
    void ask(final long miss) throws ProtocolViolation {
        final long nowNs = System.nanoTime();
        if (nowNs - askedSinceNs > ASK_AGAIN_NS) {
            asked.clear();
            askedSinceNs = nowNs;
        }
        if (channel != null && asked.size() < MAX_ASKED && asked.add(miss)) {
            scope.counter("misses").increment();
            channel.miss(miss);
        }
    }

    private void closeChannel() {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }

    @Override
    public void close() {
        closeChannel();
        forget();
    }
}
