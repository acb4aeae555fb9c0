/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * A packed virtqueue seen from the device (virtio 1.2, 2.8): one ring of descriptors, which the driver makes available
 * and the device overwrites with what it has used.
 *
 * <pre>
 *  descriptor ring                                  driver's and device's event suppression
 *  +-------------+------------+--------+-------+    +-----------------------+-----------+
 *  | address u64 | length u32 | id u16 | flags |    | offset 15 bits | wrap | flags u16 |
 *  +-------------+------------+--------+-------+    +-----------------------+-----------+
 *  x size                       AVAIL, USED, WRITE, NEXT, INDIRECT
 *
 *  available: AVAIL = wrap counter, USED = not    used: both = wrap counter; it flips whenever the ring's end is passed
 * </pre>
 *
 * <p>Buffers are returned in order and before a ring stops, so the next to be used is where the next available one is,
 * and both wrap counters are one. The id is the driver's own number: it is given back, and nothing is looked up by it.
 * Of a burst the first used descriptor is written last, so the driver sees all or none of it.
 */
final class PackedRing extends DeviceRing {
    static final int AVAIL = 1 << 7;
    static final int USED = 1 << 15;
    /** In a base: the wrap counter of the position below it. */
    static final int WRAP = 1 << 15;
    /** Of a ring that has not been used yet, in both halves of a base. */
    static final int FIRST_BASE = WRAP << 16 | WRAP;
    static final int EVENT_ENABLE = 0;
    static final int EVENT_DISABLE = 1;
    static final int EVENT_DESC = 2;

    private static final int POSITION_MASK = WRAP - 1;
    private static final int FLAGS_SHIFT = 48;
    private static final int ID_SHIFT = 32;
    private static final long ID_BITS = 0xffffL << ID_SHIFT;
    private static final int NOTHING = -1;

    private final long driverEvent;
    private final long deviceEvent;
    private final boolean hasEventIndex;
    private final boolean isInOrder;
    // What was read and not completed: by their place.
    private final int[] ids = new int[MAX_READ];
    private final int[] counts = new int[MAX_READ];
    private int readPosition;
    private boolean readWrap;
    private int aheadPosition;
    private boolean aheadWrap;

    private int position;
    private boolean wrap;
    private boolean isStarted;
    // The first descriptor that was used since the last publish, and its length, id and flags.
    private int pendingPosition = NOTHING;
    private long pendingWord;
    private int completed;
    // Descriptors, not chains; no more than matters.
    private int unpublished;
    private int unasked;
    private boolean isCallKnown;

    PackedRing(final RingSetup setup) {
        super(setup);
        driverEvent = setup.availAddress();
        deviceEvent = setup.usedAddress();
        hasEventIndex = Features.has(setup.features(), Features.VIRTIO_F_EVENT_IDX);
        isInOrder = Features.has(setup.features(), Features.VIRTIO_F_IN_ORDER);
        // The lower half says what is available, the upper what is used. A ring that was stopped has both at one place,
        // and some front-ends leave the upper half 0.
        goTo(setup.base());
    }

    private void goTo(final int base) {
        position = base & POSITION_MASK;
        wrap = (base & WRAP) != 0;
    }

    @Override
    void start() {
        if (isStarted) {
            return;
        }
        isStarted = true;
        if (position >= size) {
            reject(RejectReason.RING_BASE);
            return;
        }
        if (!isInOrder) {
            goTo(PackedPosition.find(desc, size, base()));
        }
        rewind();
        wantKick(false);
    }

    /** Without an offset: whoever is woken looks at all there is, and then polls. */
    @Override
    void wantKick(final boolean wanted) {
        UnsafeApi.putIntRelease(null, deviceEvent, (wanted ? EVENT_ENABLE : EVENT_DISABLE) << 16);
        if (wanted) {
            // The wish must be visible before the descriptors are read, or both sides wait for each other.
            UnsafeApi.fullFence();
        }
    }

    @Override
    int base() {
        final int half = position | (wrap ? WRAP : 0);
        return half << 16 | half;
    }

    @Override
    int available(final int wanted) {
        if (reject() != null) {
            return 0;
        }
        // How many there are shows when they are read.
        final long rest = UnsafeApi.getLongOpaque(null, desc + (long) position * DESCRIPTOR_SIZE + Long.BYTES);
        return isAvailable(rest, wrap) ? wanted : 0;
    }

    private static boolean isAvailable(final long rest, final boolean wrapCounter) {
        return (rest >>> FLAGS_SHIFT & (AVAIL | USED)) == (wrapCounter ? AVAIL : USED);
    }

    @Override
    int readPlain(final int n, final int direction, final long[] addresses, final int[] lengths) {
        // Locals, for each ordered read makes the compiler forget what it knows of fields.
        final long ring = desc;
        final int end = size;
        final int least = shortest;
        final int touch = direction == WRITE ? 0 : headerLength;
        int at = position;
        boolean isWrapped = wrap;
        // One test for all flags: available, and neither chained nor indirect nor of the other direction.
        long good = direction | (isWrapped ? AVAIL : USED);
        long start = regionStart;
        long room = regionSize;
        long delta = regionDelta;
        long sum = 0;
        int i = 0;
        while (i < n) {
            final long address = ring + (long) at * DESCRIPTOR_SIZE;
            // Pairs with the driver's release of the flags: the address is what it was then, or a lie.
            final long rest = UnsafeApi.getLongAcquire(null, address + Long.BYTES);
            final long guestAddress = UnsafeApi.getLongOpaque(null, address);
            final int length = (int) rest;
            if ((rest >>> FLAGS_SHIFT & (AVAIL | USED | NEXT | WRITE | INDIRECT)) != good || length < least) {
                break;
            }
            final long offset = guestAddress - start;
            if (offset < 0 || offset > room - length) {
                if (!findRegion(guestAddress, length, direction)) {
                    break;
                }
                start = regionStart;
                room = regionSize;
                delta = regionDelta;
            }
            // Java has no prefetch, but a load starts the miss.
            sum += UnsafeApi.getLong(guestAddress + delta + touch);
            ids[i] = (int) (rest >>> ID_SHIFT) & 0xffff;
            counts[i] = 1;
            addresses[i] = guestAddress + delta;
            lengths[i++] = length;
            if (++at == end) {
                at = 0;
                isWrapped = !isWrapped;
                good = direction | (isWrapped ? AVAIL : USED);
            }
        }
        touched = sum;
        read = i;
        readPosition = at;
        readWrap = isWrapped;
        return i;
    }

    @Override
    boolean readChain(final Chain chain, final int direction) {
        long at = desc + (long) readPosition * DESCRIPTOR_SIZE;
        long rest = UnsafeApi.getLongAcquire(null, at + Long.BYTES);
        if (!isAvailable(rest, readWrap)) {
            return false;
        }
        int next = readPosition;
        int count = 0;
        while (true) {
            // 2.8.6: those behind the first are there as soon as it is, whatever their own flags say.
            if (++count > size) {
                return reject(RejectReason.CHAIN_LOOP);
            }
            final long guestAddress = UnsafeApi.getLongOpaque(null, at);
            final long bytes = rest & 0xffff_ffffL;
            final int flags = (int) (rest >>> FLAGS_SHIFT);
            if (++next == size) {
                next = 0;
                readWrap = !readWrap;
            }
            if ((flags & INDIRECT) != 0) {
                if (count > 1 || (flags & NEXT) != 0) {
                    return reject(RejectReason.INDIRECT_TABLE);
                }
                if (!readTable(chain, guestAddress, bytes, direction)) {
                    return false;
                }
            } else if (!chain.add(this, guestAddress, bytes, flags, direction)) {
                return false;
            }
            if ((flags & NEXT) == 0) {
                break;
            }
            at = desc + (long) next * DESCRIPTOR_SIZE;
            rest = UnsafeApi.getLongOpaque(null, at + Long.BYTES);
        }
        // 2.8.6: the id is in the last descriptor of the chain.
        ids[read] = (int) (rest >>> ID_SHIFT) & 0xffff;
        counts[read++] = count;
        readPosition = next;
        return true;
    }

    /** 2.8.7: all entries of a table belong to the chain, in their order; of their flags only WRITE counts. */
    private boolean readTable(final Chain chain, final long guestAddress, final long bytes, final int direction) {
        final long table = table(chain, guestAddress, bytes);
        if (table == AddressMap.NONE) {
            return chain.hasMiss();
        }
        for (long at = table; at < table + bytes; at += DESCRIPTOR_SIZE) {
            final long address = word(at);
            final long rest = word(at + Long.BYTES);
            final int flags = (int) (rest >>> FLAGS_SHIFT);
            if ((flags & INDIRECT) != 0) {
                return reject(RejectReason.INDIRECT_TABLE);
            }
            // What is read may be marked for writing: DPDK's driver leaves that on the entry of its header.
            if (!chain.add(this, address, rest & 0xffff_ffffL, direction == WRITE ? flags : 0, direction)) {
                return false;
            }
        }
        return true;
    }

    @Override
    void rewind() {
        read = 0;
        readPosition = position;
        readWrap = wrap;
    }

    @Override
    void markAhead() {
        aheadPosition = readPosition;
        aheadWrap = readWrap;
    }

    @Override
    void rewindTo(final int chains) {
        rewind();
        if (chains > 0) {
            read = chains;
            readPosition = aheadPosition;
            readWrap = aheadWrap;
        }
    }

    @Override
    void completeReads(final int n) {
        for (int i = 0; i < n; i++) {
            if (isInOrder && pendingPosition != NOTHING) {
                // 2.8.8: one used descriptor stands for a batch, in the place of the first and with the id of the last.
                pendingWord = pendingWord & ~ID_BITS | (long) ids[i] << ID_SHIFT;
            } else {
                put(used(ids[i], 0, 0));
            }
            goOn(counts[i]);
        }
        completed += n;
        passed(n);
        rewind();
    }

    @Override
    void completeWrites(final int[] written, final int n) {
        for (int i = 0; i < n; i++) {
            put(used(ids[i], written[i], WRITE));
            goOn(counts[i]);
        }
        completed += n;
        passed(n);
        rewind();
    }

    private long used(final int id, final int written, final int flags) {
        final long all = flags | (wrap ? AVAIL | USED : 0);
        return all << FLAGS_SHIFT | (long) id << ID_SHIFT | written & 0xffff_ffffL;
    }

    private void put(final long word) {
        if (pendingPosition == NOTHING) {
            pendingPosition = position;
            pendingWord = word;
        } else {
            UnsafeApi.putLong(desc + (long) position * DESCRIPTOR_SIZE + Long.BYTES, word);
        }
    }

    private void goOn(final int descriptors) {
        if (descriptors > 1 && !isInOrder) {
            markRest(descriptors);
        }
        position += descriptors;
        unpublished += descriptors;
        if (position >= size) {
            position -= size;
            wrap = !wrap;
        }
    }

    /** Leaves those behind the first of a chain as if each had been used, which no driver sees, for PackedPosition. */
    private void markRest(final int descriptors) {
        for (int i = position + 1; i < position + descriptors; i++) {
            final boolean isWrapped = i >= size;
            PackedPosition.mark(desc, isWrapped ? i - size : i, wrap ^ isWrapped);
        }
    }

    @Override
    int publish() {
        if (pendingPosition == NOTHING) {
            return 0;
        }
        final long at = desc + (long) pendingPosition * DESCRIPTOR_SIZE + Long.BYTES;
        UnsafeApi.putInt(at, (int) pendingWord);
        // id and flags in one store; whoever sees it sees the length, and the descriptors behind it.
        UnsafeApi.putIntRelease(null, at + Integer.BYTES, (int) (pendingWord >>> ID_SHIFT));
        if (isLogged()) {
            written(desc, RingKind.PACKED.descLength(size));
            written(deviceEvent, RingKind.PACKED.deviceLength(size));
        }
        pendingPosition = NOTHING;
        unasked = Math.min(size, unasked + unpublished);
        unpublished = 0;
        final int n = completed;
        completed = 0;
        return n;
    }

    @Override
    boolean wantsCall() {
        final int passed = unasked;
        unasked = 0;
        // What is used must be visible before the driver's wish is read, or both sides wait for each other.
        UnsafeApi.fullFence();
        final int event = UnsafeApi.getIntOpaque(null, driverEvent);
        final int flags = event >>> 16;
        if (flags != EVENT_DESC || !hasEventIndex) {
            return flags != EVENT_DISABLE;
        }
        final boolean wants = !isCallKnown || passes(event & 0xffff, position, wrap, size, passed);
        isCallKnown = true;
        return wants;
    }

    /**
     * Whether the last {@code n} descriptors before a position include that of the event (2.8.10).
     *
     * @param event an offset and a wrap counter, as in an event suppression area; any 16 bits.
     * @param n     at most {@code size}.
     */
    static boolean passes(final int event, final int position, final boolean wrap, final int size, final int n) {
        final int around = 2 * size;
        final int offset = event & POSITION_MASK;
        final int at = offset + ((event & WRAP) != 0 ? 0 : size);
        final int now = position + (wrap ? 0 : size);
        // Back from the position: 1 for the last one before it.
        final int back = Math.floorMod(now - at, around);
        return back >= 1 && back <= n;
    }
}
