/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.EventSignal;
import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

/**
 * A split virtqueue from the driver's side, for one session: posts buffers, takes back used ones.
 *
 * <p>The back-end can write the whole ring at any time, so only what it has to tell us is read from there: used.idx,
 * the used elements, and whether it wants kicks. Each is read once and checked. All else, such as which frame sits
 * behind which descriptor, is private.
 *
 * <pre>
 *   freeSlots (FIFO) --post--&gt; descriptor[slot], avail.ring --publish--&gt; avail.idx    to the back-end
 *        ^                     tokens[slot] = frame
 *        +------takeUsed------ tokens[slot] &lt;-- used.ring[lastUsed] &lt;-- used.idx     from the back-end
 * </pre>
 *
 * <p>Thread safety: none; one owner at a time, see {@link DriverSlot}.
 */
final class DriverRing {
    /** No token, or in the low half of {@link #takeUsed()}: the ring is broken. */
    static final int NONE = -1;
    static final int DEVICE_WRITES = 2;

    private static final int NEXT = 1;
    private static final int INDIRECT = 4;
    private static final int U16 = 0xffff;
    private static final int NO_NOTIFY = 1;
    private static final short NO_INTERRUPT = 1;
    private static final int FAR_AHEAD = 0x8000;
    private static final int EVENT_STEP = 0x4000;

    private final int size;
    private final int mask;
    private final int headerLength;
    private final int bufferLength;
    private final boolean isMergeable;
    private final int hostOffloads;
    private final int guestOffloads;
    private final boolean isInOrder;
    private final boolean isIndirect;
    private final boolean isEventIndex;
    private final long descriptors;
    private final long avail;
    private final long used;
    private final long indirectTables;
    private final long zeroHeader;
    private final long ringDelta;
    private final long poolStart;
    private final int kickFd;
    private final Fd call;

    private final int[] tokens;
    private final int[] freeSlots;
    private final short[] availEntries;
    private int freeHead;
    private int freeTail;
    // Free-running; only the low 16 bits are ever shared.
    private int nextAvail;
    private int published;
    private int lastUsed;
    private int usedEvent;
    // IN_ORDER: buffers of the batch being taken that still follow, and the length of its last one.
    private int batchLeft;
    private int batchLength;
    private BackEndFault fault;

    /**
     * A ring with nothing in flight.
     *
     * @param memory   holds ring {@code index}, all zero. It outlives this object.
     * @param features as negotiated.
     * @param kickFd   tells the back-end about new buffers; stays open as long as this ring has an owner.
     * @param call     by which the back-end tells about used ones, if it is asked to; stays open as long.
     */
    DriverRing(final DriverMemory memory, final int index, final int size, final long features, final int kickFd,
               final Fd call) {
        this.size = size;
        this.mask = size - 1;
        this.isMergeable = (features & Features.VIRTIO_NET_F_MRG_RXBUF) != 0;
        this.hostOffloads = OffloadFeatures.host(features);
        this.guestOffloads = OffloadFeatures.guest(features);
        this.isInOrder = (features & Features.VIRTIO_F_IN_ORDER) != 0;
        this.isIndirect = (features & Features.VIRTIO_F_INDIRECT_DESC) != 0;
        this.isEventIndex = (features & Features.VIRTIO_F_EVENT_IDX) != 0;
        this.headerLength = NetHeader.length(features);
        this.bufferLength = headerLength + FramePool.FRAME_CAPACITY;
        this.descriptors = memory.descriptors(index);
        this.avail = memory.avail(index);
        this.used = memory.used(index);
        this.indirectTables = memory.indirectTables(index);
        this.zeroHeader = memory.zeroHeader(index);
        this.ringDelta = memory.guestDelta();
        this.poolStart = memory.poolStart();
        this.kickFd = kickFd;
        this.call = call;
        this.tokens = new int[size];
        this.freeSlots = new int[size];
        this.availEntries = new short[size];
        for (int slot = 0; slot < size; slot++) {
            tokens[slot] = NONE;
            freeSlots[slot] = slot;
            availEntries[slot] = (short) slot;
            UnsafeApi.putShort(avail + 4 + 2L * slot, (short) slot);
        }
        freeTail = size;
        wantCall(false);
    }

    /** The eventfd by which the back-end calls. Not ours alone: it is waited for and never read. */
    Fd call() {
        return call;
    }

    /** Tells the back-end whether to signal used buffers. What is used when this returns was perhaps not signalled. */
    void wantCall(final boolean wanted) {
        if (!isEventIndex) {
            // virtio 1.2, 2.7.7
            UnsafeApi.putShortOpaque(null, avail, wanted ? 0 : NO_INTERRUPT);
        } else if (wanted) {
            usedEvent = lastUsed & U16;
            UnsafeApi.putShortOpaque(null, avail + 4 + 2L * size, (short) usedEvent);
        } else {
            moveUsedEvent();
        }
        if (wanted) {
            // The wish must be visible before the used index is read, or both sides wait for each other.
            UnsafeApi.fullFence();
        }
    }

    int size() {
        return size;
    }

    int headerLength() {
        return headerLength;
    }

    /** Bytes of a receive buffer, its header included. */
    int bufferLength() {
        return bufferLength;
    }

    boolean isMergeable() {
        return isMergeable;
    }

    /** What packets for the back-end may leave to be done. */
    int hostOffloads() {
        return hostOffloads;
    }

    /** What packets of the back-end may leave to be done. */
    int guestOffloads() {
        return guestOffloads;
    }

    boolean isIndirect() {
        return isIndirect;
    }

    /** How many buffers can be posted now. */
    int free() {
        return freeTail - freeHead;
    }

    /** How many buffers the back-end has. */
    int inFlight() {
        return size - (freeTail - freeHead);
    }

    /** Why the ring is broken; null while it is not. */
    BackEndFault fault() {
        return fault;
    }

    /**
     * Marks the ring as broken. The first reason stays.
     *
     * @return {@link #NONE}.
     */
    int breakWith(final BackEndFault reason) {
        fault = fault == null ? reason : fault;
        return NONE;
    }

    /**
     * Makes one buffer of a frame available, visible to the back-end from the next {@link #publish} on. There must be a
     * free slot.
     *
     * @param token  any offset inside the frame, given back by {@link #takeUsed()}.
     * @param offset of the buffer in the pool.
     * @param flags  0, or {@link #DEVICE_WRITES}.
     */
    void post(final int token, final int offset, final int length, final int flags) {
        write(nextSlot(token), poolStart + offset, length, flags);
    }

    /** Makes a packet available whose frame has no room for a header: by an indirect table, with the zero header. */
    void postIndirect(final int token, final int offset, final int length) {
        final int slot = nextSlot(token);
        final long table = indirectTables + (long) slot * DriverMemory.INDIRECT_ENTRIES * DriverMemory.DESCRIPTOR_SIZE;
        UnsafeApi.putLong(table, zeroHeader + ringDelta);
        UnsafeApi.putLong(table + 8, headerLength | (long) NEXT << 32 | 1L << 48);
        UnsafeApi.putLong(table + 16, poolStart + offset);
        UnsafeApi.putLong(table + 24, length);
        write(slot, table + ringDelta, DriverMemory.INDIRECT_ENTRIES * DriverMemory.DESCRIPTOR_SIZE, INDIRECT);
    }

    private int nextSlot(final int token) {
        final int slot = freeSlots[freeHead++ & mask];
        tokens[slot] = token;
        return slot;
    }

    private void write(final int slot, final long guestAddress, final int length, final int flags) {
        final long descriptor = descriptors + ((long) slot << 4);
        UnsafeApi.putLong(descriptor, guestAddress);
        UnsafeApi.putLong(descriptor + 8, length | (long) flags << 32);
        final int at = nextAvail++ & mask;
        // A back-end that returns buffers in order makes the avail ring count up for ever: nothing to write then.
        if (availEntries[at] != (short) slot) {
            availEntries[at] = (short) slot;
            UnsafeApi.putShort(avail + 4 + 2L * at, (short) slot);
        }
    }

    /**
     * Shows the back-end everything posted so far, and kicks it if it asked for that.
     *
     * @return 1 if it was kicked, else 0.
     */
    int publish(final EventSignal signal) {
        final int now = nextAvail;
        // Pairs with the back-end's acquire of avail.idx: descriptors and packet bytes come first.
        UnsafeApi.putShortRelease(null, avail + 2, (short) now);
        // The index has to be visible before we look whether a kick is wanted, else both sides could go to sleep.
        UnsafeApi.fullFence();
        final boolean isWanted;
        if (isEventIndex) {
            // virtio 1.2, 2.7.10: kick if the index passed avail_event since the last time.
            final int event = UnsafeApi.getShortOpaque(null, used + 4 + 8L * size);
            isWanted = (now - event - 1 & U16) < (now - published & U16);
        } else {
            isWanted = (UnsafeApi.getShortOpaque(null, used) & NO_NOTIFY) == 0;
        }
        published = now;
        return isWanted && signal.signal(kickFd) ? 1 : 0;
    }

    /**
     * How many used buffers wait to be taken.
     *
     * @return {@link #NONE} if the ring is broken.
     */
    int used() {
        // Pairs with the back-end's release of used.idx: elements and packet bytes are read after it.
        final int index = UnsafeApi.getShortAcquire(null, used + 2);
        final int waiting = index - lastUsed & U16;
        return waiting <= inFlight() ? waiting : breakWith(BackEndFault.USED_INDEX);
    }

    /**
     * Takes one used buffer. At most as often as {@link #used()} said.
     *
     * @return the token in the low and the written length, unsigned, in the high half; token {@link #NONE}: broken.
     */
    long takeUsed() {
        final long element = UnsafeApi.getLongOpaque(null, used + 4 + ((lastUsed & mask) << 3));
        int slot = (int) element;
        int length = (int) (element >>> 32);
        if (isInOrder) {
            final int expected = freeSlots[freeTail & mask];
            if (batchLeft > 0) {
                length = --batchLeft == 0 ? batchLength : bufferLength;
            } else if (slot != expected) {
                // virtio 1.2, 2.7.9: one element, naming the last buffer, may stand for a whole batch.
                if (Integer.compareUnsigned(slot, size) >= 0 || (slot - expected & mask) >= inFlight()) {
                    return breakWith(BackEndFault.USED_ORDER);
                }
                batchLeft = slot - expected & mask;
                batchLength = length;
                length = bufferLength;
            }
            slot = expected;
        } else if (Integer.compareUnsigned(slot, size) >= 0) {
            return breakWith(BackEndFault.USED_ID_RANGE);
        }
        final int token = tokens[slot];
        if (token == NONE) {
            return breakWith(BackEndFault.USED_ID_IDLE);
        }
        tokens[slot] = NONE;
        freeSlots[freeTail++ & mask] = slot;
        lastUsed++;
        return (long) length << 32 | token;
    }

    /**
     * Takes up to {@code most} used buffers of packets that were sent, and frees their frames.
     *
     * @return how many, or {@link #NONE} if the ring is broken.
     */
    int reap(final FrameCache frames, final int most) {
        final int waiting = used();
        final int n = Math.min(waiting, most);
        for (int i = 0; i < n; i++) {
            final int token = (int) takeUsed();
            if (token == NONE) {
                return NONE;
            }
            frames.free(token);
        }
        keepQuiet();
        return waiting == NONE ? NONE : n;
    }

    /** To be called now and then: keeps the index at which the back-end would call us out of its reach. */
    void keepQuiet() {
        if (isEventIndex && (usedEvent - lastUsed & U16) < EVENT_STEP) {
            moveUsedEvent();
        }
    }

    private void moveUsedEvent() {
        usedEvent = lastUsed + FAR_AHEAD & U16;
        UnsafeApi.putShortOpaque(null, avail + 4 + 2L * size, (short) usedEvent);
    }

    /**
     * Frees the frames of all buffers in flight. The ring is of no use afterwards.
     *
     * @return how many.
     */
    int reclaim(final FrameCache frames) {
        int freed = 0;
        for (int slot = 0; slot < size; slot++) {
            if (tokens[slot] != NONE) {
                frames.free(tokens[slot]);
                tokens[slot] = NONE;
                freed++;
            }
        }
        return freed;
    }
}
