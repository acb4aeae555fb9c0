/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.EventSignal;
import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

/**
 * A virtqueue from the driver's side, for one session: posts buffers, takes back used ones. {@link SplitDriverRing} and
 * {@link PackedDriverRing} differ in where all of that is written.
 *
 * <p>The back-end can write the whole ring at any time, so only what it has to tell us is read from there: what is
 * used, and whether it wants kicks. Each is read once and checked. All else, such as which frame sits behind which
 * descriptor, is private.
 *
 * <pre>
 *   freeSlots (FIFO) --post--&gt; a descriptor, tokens[slot] = frame --publish--&gt;    to the back-end
 *        ^
 *        +------takeUsed------ tokens[slot] &lt;------------------------------       from the back-end
 * </pre>
 *
 * <p>Thread safety: none; one owner at a time, see {@link DriverSlot}.
 */
abstract class DriverRing {
    /** No token, or in the low half of {@link #takeUsed()}: the ring is broken. */
    static final int NONE = -1;
    static final int DEVICE_WRITES = DeviceRing.WRITE;

    final int size;
    final boolean isInOrder;
    final boolean isEventIndex;
    private final RingKind kind;
    private final int headerLength;
    private final int bufferLength;
    private final boolean isMergeable;
    private final int hostOffloads;
    private final int guestOffloads;
    private final boolean isIndirect;
    private final long indirectTables;
    private final long zeroHeader;
    private final long ringDelta;
    private final long poolStart;
    private final int kickFd;
    private final Fd call;

    private final int[] tokens;
    private final int[] freeSlots;
    private int firstFree;
    // Where the next one that comes back is put: until then that place has the one that was posted first.
    private int firstTaken;
    private int free;
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
        this.kind = RingKind.of(features);
        this.isMergeable = (features & Features.VIRTIO_NET_F_MRG_RXBUF) != 0;
        this.hostOffloads = OffloadFeatures.host(features);
        this.guestOffloads = OffloadFeatures.guest(features);
        this.isInOrder = (features & Features.VIRTIO_F_IN_ORDER) != 0;
        this.isIndirect = (features & Features.VIRTIO_F_INDIRECT_DESC) != 0;
        this.isEventIndex = (features & Features.VIRTIO_F_EVENT_IDX) != 0;
        this.headerLength = NetHeader.length(features);
        this.bufferLength = headerLength + FramePool.FRAME_CAPACITY;
        this.indirectTables = memory.indirectTables(index);
        this.zeroHeader = memory.zeroHeader(index);
        this.ringDelta = memory.guestDelta();
        this.poolStart = memory.poolStart();
        this.kickFd = kickFd;
        this.call = call;
        this.tokens = new int[size];
        this.freeSlots = new int[size];
        for (int slot = 0; slot < size; slot++) {
            tokens[slot] = NONE;
            freeSlots[slot] = slot;
        }
        free = size;
    }

    /** A ring of the kind that was negotiated. */
    static DriverRing of(final DriverMemory memory, final int index, final int size, final long features,
                         final int kickFd, final Fd call) {
        return RingKind.of(features) == RingKind.PACKED
            ? new PackedDriverRing(memory, index, size, features, kickFd, call)
            : new SplitDriverRing(memory, index, size, features, kickFd, call);
    }

    /** Tells the back-end whether to signal used buffers. What is used when this returns was perhaps not signalled. */
    abstract void wantCall(boolean wanted);

    /** Writes a descriptor, which the back-end sees from the next {@link #publish} on. */
    abstract void write(int slot, long guestAddress, int length, int flags);

    /** Shows the back-end everything posted so far, and says whether it asks to be kicked for that. */
    abstract boolean publish();

    /**
     * How many used buffers can be taken: all there are, or more than any packet fills.
     *
     * @return {@link #NONE} if the ring is broken.
     */
    abstract int used();

    /**
     * Takes one used buffer. At most as often as {@link #used()} said.
     *
     * @return the token in the low and the written length, unsigned, in the high half; token {@link #NONE}: broken.
     */
    abstract long takeUsed();

    /** To be called now and then while calls are not wanted. */
    void keepQuiet() {
    }

    /** The eventfd by which the back-end calls. Not ours alone: it is waited for and never read. */
    final Fd call() {
        return call;
    }

    final int size() {
        return size;
    }

    final int headerLength() {
        return headerLength;
    }

    /** Bytes of a receive buffer, its header included. */
    final int bufferLength() {
        return bufferLength;
    }

    final boolean isMergeable() {
        return isMergeable;
    }

    /** What packets for the back-end may leave to be done. */
    final int hostOffloads() {
        return hostOffloads;
    }

    /** What packets of the back-end may leave to be done. */
    final int guestOffloads() {
        return guestOffloads;
    }

    final boolean isIndirect() {
        return isIndirect;
    }

    /** How many buffers can be posted now. */
    final int free() {
        return free;
    }

    /** How many buffers the back-end has. */
    final int inFlight() {
        return size - free;
    }

    /** Why the ring is broken; null while it is not. */
    final BackEndFault fault() {
        return fault;
    }

    /**
     * Marks the ring as broken. The first reason stays.
     *
     * @return {@link #NONE}.
     */
    final int breakWith(final BackEndFault reason) {
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
    final void post(final int token, final int offset, final int length, final int flags) {
        write(nextSlot(token), poolStart + offset, length, flags);
    }

    /** Makes a packet available whose frame has no room for a header: by an indirect table, with the zero header. */
    final void postIndirect(final int token, final int offset, final int length) {
        final int slot = nextSlot(token);
        final long table = indirectTables + (long) slot * DriverMemory.INDIRECT_ENTRIES * DriverMemory.DESCRIPTOR_SIZE;
        // A split table chains its entries, a packed one has them in a row.
        final long link = kind == RingKind.SPLIT ? (long) DeviceRing.NEXT << 32 | 1L << 48 : 0;
        UnsafeApi.putLong(table, zeroHeader + ringDelta);
        UnsafeApi.putLong(table + 8, headerLength | link);
        UnsafeApi.putLong(table + 16, poolStart + offset);
        UnsafeApi.putLong(table + 24, length);
        write(slot, table + ringDelta, DriverMemory.INDIRECT_ENTRIES * DriverMemory.DESCRIPTOR_SIZE,
            DeviceRing.INDIRECT);
    }

    private int nextSlot(final int token) {
        final int slot = freeSlots[firstFree];
        firstFree = after(firstFree);
        free--;
        tokens[slot] = token;
        return slot;
    }

    private int after(final int place) {
        return place + 1 == size ? 0 : place + 1;
    }

    /** The slot that was posted before all others that are in flight: the next one, if they come back in order. */
    final int oldest() {
        return freeSlots[firstTaken];
    }

    /** Takes note that a slot, from 0 to {@link #size} - 1, has come back. */
    final long giveBack(final int slot, final int length) {
        final int token = tokens[slot];
        if (token == NONE) {
            return breakWith(BackEndFault.USED_ID_IDLE);
        }
        tokens[slot] = NONE;
        freeSlots[firstTaken] = slot;
        firstTaken = after(firstTaken);
        free++;
        return (long) length << 32 | token;
    }

    /**
     * Shows the back-end everything posted so far, and kicks it if it asked for that.
     *
     * @return 1 if it was kicked, else 0.
     */
    final int publish(final EventSignal signal) {
        return publish() && signal.signal(kickFd) ? 1 : 0;
    }

    /**
     * Takes up to {@code most} used buffers of packets that were sent, and frees their frames.
     *
     * @return how many, or {@link #NONE} if the ring is broken.
     */
    final int reap(final FrameCache frames, final int most) {
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

    /**
     * Frees the frames of all buffers in flight. The ring is of no use afterwards.
     *
     * @return how many.
     */
    final int reclaim(final FrameCache frames) {
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
