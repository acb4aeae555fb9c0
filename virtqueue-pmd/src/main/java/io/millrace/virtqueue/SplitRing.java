/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * A split virtqueue seen from the device (virtio 1.2, 2.7).
 *
 * <pre>
 *  descriptor table          avail ring (driver writes)       used ring (device writes)
 *  +------------------+      +-------+-------+---------+      +-------+-------+------------+
 *  | address      u64 |      | flags | index | head[n] |      | flags | index | {id,len}[n]|
 *  | length       u32 |      +-------+-------+---------+      +-------+-------+------------+
 *  | flags, next  u16 |                        used_event                       avail_event
 *  +------------------+ x n
 * </pre>
 */
final class SplitRing extends DeviceRing {
    private static final int USED_NO_NOTIFY = 1;
    private static final int AVAIL_NO_INTERRUPT = 1;
    private static final int INDEX_MASK = 0xffff;
    private static final int NO_HEAD = -1;

    private final int mask;
    private final long avail;
    private final long used;
    private final boolean hasEventIndex;
    private final boolean isInOrder;
    // What was read and not completed.
    private final int[] heads = new int[MAX_READ];

    private int nextAvail;
    private int availIndex;
    private int nextUsed;
    private int publishedUsed;
    private int askedUsed;
    private int lastHead = NO_HEAD;
    private boolean isStarted;
    private boolean wantsKick;
    private boolean isSignalledKnown;

    SplitRing(final RingSetup setup) {
        super(setup);
        mask = size - 1;
        avail = setup.availAddress();
        used = setup.usedAddress();
        hasEventIndex = Features.has(setup.features(), Features.VIRTIO_F_EVENT_IDX);
        isInOrder = Features.has(setup.features(), Features.VIRTIO_F_IN_ORDER);
        nextAvail = setup.base();
        availIndex = nextAvail;
    }

    @Override
    void start() {
        if (isStarted) {
            return;
        }
        isStarted = true;
        // The one time that the used index is read. Buffers are returned in order and before a ring stops, so both
        // positions are one. If they differ, an earlier back-end died between taking buffers and returning them: what
        // it had not returned is taken once more.
        nextUsed = UnsafeApi.getShortAcquire(null, used + 2) & INDEX_MASK;
        publishedUsed = nextUsed;
        askedUsed = nextUsed;
        nextAvail = nextUsed;
        availIndex = nextUsed;
        wantKick(false);
        UnsafeApi.putIntRelease(null, used, usedWord());
    }

    @Override
    void wantKick(final boolean wanted) {
        wantsKick = wanted;
        if (hasEventIndex) {
            // 2.7.10: a driver notifies when it passes avail_event. Behind where it stands, that takes 65535 buffers.
            UnsafeApi.putShort(null, used + 4 + 8L * size, (short) (wanted ? availIndex : nextAvail - 1));
        } else {
            UnsafeApi.putIntRelease(null, used, usedWord());
        }
        if (wanted) {
            // The wish must be visible before the avail index is read, or both sides wait for each other.
            UnsafeApi.fullFence();
        }
    }

    @Override
    int base() {
        return nextAvail & INDEX_MASK;
    }

    @Override
    int available(final int wanted) {
        int known = availIndex - nextAvail & INDEX_MASK;
        if (known < wanted) {
            // Pairs with the driver's release of avail.idx: heads and descriptors before it are visible.
            final int index = UnsafeApi.getShortAcquire(null, avail + 2) & INDEX_MASK;
            known = index - nextAvail & INDEX_MASK;
            if (known > size) {
                reject(RejectReason.AVAIL_AHEAD);
                return 0;
            }
            availIndex = index;
        }
        return known;
    }

    @Override
    int readPlain(final int n, final int direction, final long[] addresses, final int[] lengths) {
        // Locals, for each opaque read makes the compiler forget what it knows of fields.
        final long heads0 = avail + 4;
        final long table = desc;
        final int next = nextAvail;
        final int indexMask = mask;
        final int least = shortest;
        // A header that is to be read is not looked at without offloads; one that is to be written is compared first.
        final int touch = direction == WRITE ? 0 : headerLength;
        long start = regionStart;
        long room = regionSize;
        long delta = regionDelta;
        long sum = 0;
        int i = 0;
        while (i < n) {
            final int head = UnsafeApi.getShortOpaque(null, heads0 + 2L * (next + i & indexMask)) & INDEX_MASK;
            // Unsigned: a load that faults is skipped and leaves any number, which the mask of 16 bits is part of.
            if (Integer.compareUnsigned(head, indexMask) > 0) {
                break;
            }
            final long at = table + (long) head * DESCRIPTOR_SIZE;
            final long guestAddress = UnsafeApi.getLongOpaque(null, at);
            final long rest = UnsafeApi.getLongOpaque(null, at + 8);
            final int length = (int) rest;
            // One test for NEXT, INDIRECT and WRITE; a length with bit 31 set is negative here.
            if ((rest >>> 32 & (NEXT | WRITE | INDIRECT)) != direction || length < least) {
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
            heads[i] = head;
            addresses[i] = guestAddress + delta;
            lengths[i++] = length;
        }
        touched = sum;
        read = i;
        return i;
    }

    @Override
    boolean readChain(final Chain chain, final int direction) {
        if (available(read + 1) <= read) {
            return false;
        }
        final int head = UnsafeApi.getShortOpaque(null, avail + 4 + 2L * (nextAvail + read & mask)) & INDEX_MASK;
        if (!walk(chain, head, direction)) {
            return false;
        }
        heads[read++] = head;
        return true;
    }

    private boolean walk(final Chain chain, final int head, final int direction) {
        long table = desc;
        int entries = size;
        int index = head;
        int hops = 0;
        boolean isInTable = false;
        while (true) {
            if (Integer.compareUnsigned(index, entries) >= 0) {
                return reject(RejectReason.DESCRIPTOR_INDEX);
            }
            if (++hops > entries) {
                return reject(RejectReason.CHAIN_LOOP);
            }
            final long at = table + (long) index * DESCRIPTOR_SIZE;
            final long address = word(at);
            final long rest = word(at + Long.BYTES);
            final long bytes = rest & 0xffff_ffffL;
            final int flags = (int) (rest >>> 32) & INDEX_MASK;
            if ((flags & INDIRECT) != 0) {
                // 2.7.5.3.1: never inside another, and never chained.
                if (isInTable || hops > 1 || (flags & NEXT) != 0) {
                    return reject(RejectReason.INDIRECT_TABLE);
                }
                table = table(chain, address, bytes);
                if (table == AddressMap.NONE) {
                    return chain.hasMiss();
                }
                isInTable = true;
                entries = (int) (bytes / DESCRIPTOR_SIZE);
                index = 0;
                hops = 0;
                continue;
            }
            if (!chain.add(this, address, bytes, flags, direction)) {
                return false;
            }
            if ((flags & NEXT) == 0) {
                return true;
            }
            index = (int) (rest >>> 48);
        }
    }

    @Override
    void rewind() {
        read = 0;
    }

    @Override
    void markAhead() {
        // Where the next is shows from how many there were.
    }

    @Override
    void rewindTo(final int chains) {
        read = chains;
    }

    @Override
    void completeReads(final int n) {
        if (!isInOrder) {
            for (int i = 0; i < n; i++) {
                putUsed(nextUsed + i, heads[i], 0);
            }
        } else if (n > 0) {
            // 2.7.8: one element stands for a batch of buffers and names the last of them, see publish().
            lastHead = heads[n - 1];
        }
        goOn(n);
    }

    @Override
    void completeWrites(final int[] written, final int n) {
        for (int i = 0; i < n; i++) {
            putUsed(nextUsed + i, heads[i], written[i]);
        }
        goOn(n);
    }

    private void goOn(final int n) {
        nextAvail += n;
        nextUsed += n;
        read = 0;
        passed(n);
    }

    private void putUsed(final int index, final int head, final int written) {
        UnsafeApi.putLong(used + 4 + 8L * (index & mask), head | (long) written << 32);
    }

    @Override
    int publish() {
        final int from = publishedUsed;
        if (nextUsed == from) {
            return 0;
        }
        if (lastHead != NO_HEAD) {
            putUsed(from, lastHead, 0);
            lastHead = NO_HEAD;
        }
        publishedUsed = nextUsed;
        // flags and index in one store: a 16-bit release store to a truncated file kills the JVM in its interpreter.
        UnsafeApi.putIntRelease(null, used, usedWord());
        if (isLogged()) {
            // All of it: it is a few pages, and written to all the time. The wish for kicks is at its end.
            written(used, RingKind.SPLIT.deviceLength(size));
        }
        return publishedUsed - from;
    }

    @Override
    boolean wantsCall() {
        final int from = askedUsed;
        askedUsed = publishedUsed;
        // The index must be visible before the driver's wish is read, or both sides wait for each other.
        UnsafeApi.fullFence();
        if (!hasEventIndex) {
            return (UnsafeApi.getShortOpaque(null, avail) & AVAIL_NO_INTERRUPT) == 0;
        }
        final int event = UnsafeApi.getShortOpaque(null, avail + 4 + 2L * size) & INDEX_MASK;
        final boolean wants = !isSignalledKnown || passes(event, publishedUsed, from);
        isSignalledKnown = true;
        return wants;
    }

    /** Whether a move of an index from {@code from} to {@code to} passes {@code event} (2.7.10). All modulo 2^16. */
    static boolean passes(final int event, final int to, final int from) {
        return (to - event - 1 & INDEX_MASK) < (to - from & INDEX_MASK);
    }

    private int usedWord() {
        return (publishedUsed & INDEX_MASK) << 16 | (hasEventIndex || wantsKick ? 0 : USED_NO_NOTIFY);
    }
}
