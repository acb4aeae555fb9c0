/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.UnsafeApi;

/**
 * A short run of packets that travel together: what a queue receives, a node processes and a queue transmits.
 *
 * <p>A burst holds numbers, not packet objects; the bytes are in the {@link FramePool}. Each packet in it is owned by
 * whoever owns the burst and has to leave it exactly once: moved to another burst, taken by a transmit queue, or freed.
 * Its slot is vacant from then on; the others keep their indexes. With assertions on, a packet that leaves twice is an
 * error where it happens, and one that never leaves is one in {@link #settle(String)}.
 *
 * <p>Thread safety: none. A burst belongs to one worker, as does the {@link FrameCache} it allocates from and frees to.
 */
public final class Burst {
    /** The size that measured best on both rings and NIC queues. */
    public static final int DEFAULT_CAPACITY = 32;
    /** Flag: the packet's sender left work to be done, see {@link #offload}. */
    public static final int OFFLOAD = 1;
    /** Flag: the packet has a mark, see {@link #mark(int, int)}. */
    public static final int MARKED = 2;

    // A slot whose packet has left. No packet looks like this: none has length 0.
    private static final long VACANT = 0;

    private final FrameCache frames;
    private final long base;
    private final int capacity;
    private long[] slots;
    private int head;
    private int tail;

    /**
     * An empty burst.
     *
     * @param frames   the frame cache of the thread that will use this burst.
     * @param capacity the most packets it holds, 1 or more.
     */
    public Burst(final FrameCache frames, final int capacity) {
        this.frames = frames;
        this.base = frames.baseAddress();
        this.capacity = capacity;
        this.slots = new long[capacity];
    }

    /** The cache that frames for this burst come from and go back to. */
    public FrameCache frames() {
        return frames;
    }

    /**
     * How many slots there are, hence the end of indexes. Those of packets that left one by one count until
     * {@link #settle} or {@link #freeAll}.
     */
    public int size() {
        return tail - head;
    }

    /** Whether {@link #size()} is 0. */
    public boolean isEmpty() {
        return tail == head;
    }

    /** The most slots it can have. */
    public int capacity() {
        return capacity;
    }

    /** How many packets can still be added. */
    public int remaining() {
        return capacity - (tail - head);
    }

    /** Where packet {@code i} starts: bytes from the start of the pool. */
    public int offset(final int i) {
        return Descriptor.offset(descriptor(i));
    }

    /** Where packet {@code i} starts in memory. Valid until the packet leaves this burst. */
    public long address(final int i) {
        return base + Descriptor.offset(descriptor(i));
    }

    /** The length of packet {@code i} in bytes, from the first byte of the Ethernet header, without FCS. */
    public int length(final int i) {
        return Descriptor.length(descriptor(i));
    }

    /** The id of the port on which packet {@code i} came in. */
    public int port(final int i) {
        return Descriptor.port(descriptor(i));
    }

    /** The flag bits of packet {@code i}: {@link #OFFLOAD} and {@link #MARKED}. A packet that was added has none. */
    public int flags(final int i) {
        return Descriptor.flags(descriptor(i));
    }

    /**
     * Adds a packet at the end. For drivers and sources; the frame is the burst's from now on. There must be room:
     * look at {@link #remaining()}.
     *
     * @param offset of the first byte in the pool, inside a frame that was allocated from it.
     * @param length in bytes, 1 to what is left of that frame.
     * @param port   the id of the receiving port, 0 to 255.
     */
    public void add(final int offset, final int length, final int port) {
        append(Descriptor.of(offset, length, port, 0));
    }

    /**
     * Forgets the first {@code n} packets, and the others move up. For drivers that have sent or freed them: their
     * frames are not freed here.
     *
     * @param n 0 to {@link #size()}.
     */
    public void takeFront(final int n) {
        assert n >= 0 && n <= size() : n + " of " + size() + " packets";
        head += n;
        if (head == tail) {
            head = 0;
            tail = 0;
        }
    }

    /**
     * Moves packet {@code i} to the end of {@code target}, which has room and owns it from now on; its slot here is
     * vacant.
     */
    public void move(final int i, final Burst target) {
        target.append(descriptor(i));
        slots[head + i] = VACANT;
    }

    /**
     * Moves every packet to the end of {@code target}, which has room for them, and leaves this burst empty. Only while
     * no packet has left it one by one.
     */
    public void moveAll(final Burst target) {
        assert target != this && allPresent();
        final int n = tail - head;
        if (target.head == target.tail && target.capacity == capacity) {
            // The whole burst goes one way: swap the arrays instead of copying them.
            final long[] swapped = target.slots;
            target.slots = slots;
            slots = swapped;
            target.head = head;
            target.tail = tail;
        } else {
            if (target.tail + n > target.capacity) {
                target.compact();
            }
            System.arraycopy(slots, head, target.slots, target.tail, n);
            target.tail += n;
        }
        head = 0;
        tail = 0;
    }

    /**
     * Adds a copy of packet {@code i} to {@code target}, which has room; the original stays here. The copy's frame
     * comes from {@code target}'s cache.
     *
     * @return false if the pool had no frame for it: nothing was added.
     */
    public boolean copy(final int i, final Burst target) {
        final long descriptor = descriptor(i);
        final int length = Descriptor.length(descriptor);
        final int offset = target.frames.allocateFor(length);
        if (offset == FramePool.NONE) {
            return false;
        }
        UnsafeApi.copyMemory(base + Descriptor.offset(descriptor), target.base + offset, length);
        if ((Descriptor.flags(descriptor) & OFFLOAD) != 0) {
            final int from = Descriptor.offset(descriptor);
            OffloadRecord.copy(frames.record(from), from, target.frames.record(offset), offset);
        }
        if ((Descriptor.flags(descriptor) & MARKED) != 0) {
            OffloadRecord.mark(target.frames.record(offset),
                OffloadRecord.mark(frames.record(Descriptor.offset(descriptor))));
        }
        target.append(Descriptor.withSpan(descriptor, offset, length));
        return true;
    }

    /**
     * Marks packet {@code i}, so that it is known again wherever it goes: a trace does. The mark goes with it and with
     * its copies until it leaves the data plane.
     *
     * @param mark 1 to 65535.
     */
    public void mark(final int i, final int mark) {
        assert mark > 0 && mark < 1 << Short.SIZE : "mark " + mark;
        final long descriptor = descriptor(i);
        OffloadRecord.mark(frames.record(Descriptor.offset(descriptor)), mark);
        slots[head + i] = Descriptor.withFlags(descriptor, Descriptor.flags(descriptor) | MARKED);
    }

    /**
     * The mark of packet {@code i}, or 0 if it has none. A back-end that the pool is shared with may have changed it
     * since: it is a number to look up, not an index to trust.
     */
    public int mark(final int i) {
        final long descriptor = descriptor(i);
        return (Descriptor.flags(descriptor) & MARKED) == 0 ? 0
            : OffloadRecord.mark(frames.record(Descriptor.offset(descriptor)));
    }

    /**
     * Says what the sender of packet {@code i} left to be done to it, or with {@code csumStart} -1 and
     * {@link Offload#GSO_NONE} that nothing is. Headers may be taken off and put on afterwards; {@link #copy} copies it
     * with the packet. All numbers may come from a stranger.
     *
     * @param csumStart    where the range of the checksum begins, from the packet's first byte; it goes to the packet's
     *                     end. -1: the checksum is there.
     * @param csumOffset   where in that range the checksum belongs. The sum of the pseudo header stands there now.
     * @param gsoType      {@link Offload#GSO_NONE} or how the packet is to be cut, which needs a checksum too.
     * @param gsoSize      the bytes of data in each piece.
     * @param headerLength a hint: how many bytes of headers each piece has; 0 if unknown.
     * @return false if that makes no sense: the packet then leaves nothing to be done, and is better dropped.
     */
    public boolean offload(final int i, final int csumStart, final int csumOffset, final int gsoType,
                           final int gsoSize, final int headerLength) {
        final long descriptor = descriptor(i);
        final int offset = Descriptor.offset(descriptor);
        final boolean isNothing = csumStart == -1 && gsoType == Offload.GSO_NONE;
        final boolean isSound = !isNothing && OffloadRecord.isSound(Descriptor.length(descriptor), csumStart,
            csumOffset, gsoType, gsoSize, headerLength);
        if (isSound) {
            final boolean isCut = gsoType != Offload.GSO_NONE;
            OffloadRecord.write(frames.record(offset), offset, csumStart, csumOffset, gsoType, isCut ? gsoSize : 0,
                isCut ? headerLength : 0);
        }
        final int others = Descriptor.flags(descriptor) & ~OFFLOAD;
        slots[head + i] = Descriptor.withFlags(descriptor, isSound ? others | OFFLOAD : others);
        return isSound || isNothing;
    }

    /**
     * Whether packet {@code i} leaves something to be done. The accessors that follow are for such packets only. What
     * they return was sound when it was set, but a back-end that the pool is shared with may have changed it and nodes
     * may have cut the packet since: read each once and check it before it is used as a place or a length.
     */
    public boolean hasOffload(final int i) {
        return (Descriptor.flags(descriptor(i)) & OFFLOAD) != 0;
    }

    /** Whether packet {@code i} leaves a checksum to be filled in. So does every packet that is to be cut. */
    public boolean needsChecksum(final int i) {
        return hasOffload(i);
    }

    /** Where the range of the checksum begins, from the first byte of packet {@code i} as it is now. */
    public int checksumStart(final int i) {
        return OffloadRecord.checksumStart(record(i)) - offset(i);
    }

    /** Where the checksum belongs, from {@link #checksumStart}: 0 to 65535. */
    public int checksumOffset(final int i) {
        return OffloadRecord.checksumOffset(record(i));
    }

    /** How packet {@code i} is to be cut: a type of {@link Offload}. */
    public int gsoType(final int i) {
        return OffloadRecord.gsoType(record(i));
    }

    /** The bytes of data in each piece: 0 to 65535, 0 if it is not to be cut. */
    public int gsoSize(final int i) {
        return OffloadRecord.gsoSize(record(i));
    }

    /** A hint: the bytes of headers of packet {@code i} as it is now; 0 if unknown or not to be cut. */
    public int headerLength(final int i) {
        final int end = OffloadRecord.headersEnd(record(i));
        return end == 0 ? 0 : end - offset(i);
    }

    private long record(final int i) {
        assert hasOffload(i) : "packet " + i + " leaves nothing to be done";
        return frames.record(offset(i));
    }

    /** Whether packet {@code i} is still here: it has not been moved or freed. */
    public boolean has(final int i) {
        return slots[head + i] != VACANT;
    }

    /** Frees the frame of packet {@code i}; its slot is vacant. */
    public void free(final int i) {
        frames.free(Descriptor.offset(descriptor(i)));
        slots[head + i] = VACANT;
    }

    /**
     * Frees every packet that has not left yet and leaves the burst empty.
     *
     * @return how many were freed.
     */
    public int freeAll() {
        int freed = 0;
        for (int at = head; at < tail; at++) {
            if (slots[at] != VACANT) {
                frames.free(Descriptor.offset(slots[at]));
                freed++;
            }
        }
        head = 0;
        tail = 0;
        return freed;
    }

    /** How many bytes {@link #pushFront} can add to packet {@code i}. */
    public int headroom(final int i) {
        return frames.headroom(offset(i));
    }

    /** How many bytes {@link #resize} can add to packet {@code i}. */
    public int tailroom(final int i) {
        return frames.tailroom(offset(i)) - length(i);
    }

    /**
     * Cuts bytes off the front of packet {@code i}, as when a header is removed.
     *
     * @throws IllegalArgumentException if it is not longer than {@code bytes}.
     */
    public void trimFront(final int i, final int bytes) {
        final long descriptor = descriptor(i);
        final int length = Descriptor.length(descriptor);
        if (bytes < 0 || bytes >= length) {
            throw new IllegalArgumentException("cannot trim " + bytes + " bytes off a packet of " + length);
        }
        slots[head + i] = Descriptor.withSpan(descriptor, Descriptor.offset(descriptor) + bytes, length - bytes);
    }

    /**
     * Grows packet {@code i} at the front, into its headroom. The new bytes have any value.
     *
     * @throws IllegalArgumentException if the frame has less headroom than that.
     */
    public void pushFront(final int i, final int bytes) {
        final long descriptor = descriptor(i);
        final int offset = Descriptor.offset(descriptor);
        final int room = headroom(i);
        if (bytes < 0 || bytes > room) {
            throw new IllegalArgumentException("cannot push " + bytes + " bytes into a headroom of " + room);
        }
        slots[head + i] = Descriptor.withSpan(descriptor, offset - bytes, Descriptor.length(descriptor) + bytes);
    }

    /**
     * Sets the length of packet {@code i}: cuts or grows it at the end. New bytes have any value.
     *
     * @param length 1 or more.
     * @throws IllegalArgumentException if the frame ends before that.
     */
    public void resize(final int i, final int length) {
        final long descriptor = descriptor(i);
        final int offset = Descriptor.offset(descriptor);
        if (length < 1 || length > frames.tailroom(offset)) {
            throw new IllegalArgumentException(
                "a packet at this place of its frame has 1 to " + frames.tailroom(offset) + " bytes, not " + length);
        }
        slots[head + i] = Descriptor.withSpan(descriptor, offset, length);
    }

    /**
     * Ends a node's turn: the burst becomes empty, and with assertions on every packet that was in it must have left.
     *
     * @param owner named in the error.
     * @throws AssertionError with assertions on, saying how many packets were lost.
     */
    public void settle(final String owner) {
        assert allLeft(owner);
        head = 0;
        tail = 0;
    }

    /** Moves the first {@code n} packets out; they are all there. */
    void pack(final long[] into, final int n) {
        assert allPresent() && n <= size();
        System.arraycopy(slots, head, into, 0, n);
        takeFront(n);
    }

    /** Adds {@code n} packets at the end, for which there is room. */
    void unpack(final long[] from, final int n) {
        if (tail + n > capacity) {
            compact();
        }
        System.arraycopy(from, 0, slots, tail, n);
        tail += n;
    }

    private long descriptor(final int i) {
        assert isPresent(i);
        return slots[head + i];
    }

    private void append(final long descriptor) {
        if (tail == capacity) {
            compact();
        }
        // Two steps: a burst that was full must be the same after the exception.
        slots[tail] = descriptor;
        tail++;
    }

    private void compact() {
        final int n = tail - head;
        System.arraycopy(slots, head, slots, 0, n);
        head = 0;
        tail = n;
    }

    private boolean isPresent(final int i) {
        if (i < 0 || head + i >= tail) {
            throw new AssertionError("packet " + i + " of a burst of " + size());
        }
        if (slots[head + i] == VACANT) {
            throw new AssertionError("packet " + i + " of " + size() + " has already left this burst");
        }
        return true;
    }

    private boolean allPresent() {
        for (int i = 0; i < size(); i++) {
            isPresent(i);
        }
        return true;
    }

    private boolean allLeft(final String owner) {
        int lost = 0;
        for (int at = head; at < tail; at++) {
            lost += slots[at] == VACANT ? 0 : 1;
        }
        if (lost > 0) {
            throw new AssertionError(owner + " lost " + lost + " of " + size() + " packets");
        }
        return true;
    }
}
