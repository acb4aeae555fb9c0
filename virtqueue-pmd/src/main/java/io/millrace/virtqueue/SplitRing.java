/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
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
 *
 * <p>The guest may change any byte of this at any time. So each field is read once, into a local that is checked and
 * then used; where the ring stands is known only by private indexes; and nothing that this side wrote is ever read
 * back.
 *
 * <p>Thread safety: one worker at a time, handed over by {@link RingSlot}. Little-endian machines only.
 */
final class SplitRing {
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;
    static final int DESCRIPTOR_SIZE = 16;

    private static final int USED_NO_NOTIFY = 1;
    private static final int AVAIL_NO_INTERRUPT = 1;
    private static final int INDEX_MASK = 0xffff;
    private static final int NO_HEAD = -1;

    private final GuestMemory memory;
    private final int size;
    private final int mask;
    private final long desc;
    private final long avail;
    private final long used;
    private final boolean hasEventIndex;
    private final boolean hasIndirect;
    private final boolean isInOrder;
    private final boolean isMergeable;
    private final int headerLength;
    private final int hostOffloads;
    private final int guestOffloads;
    private final Fd kick;

    private int nextAvail;
    private int availIndex;
    private int nextUsed;
    private int publishedUsed;
    private int askedUsed;
    private int lastHead = NO_HEAD;
    private boolean isStarted;
    private boolean wantsKick;
    private boolean isSignalledKnown;
    private RejectReason reject;
    // The region that held the last buffer, for most buffers are in the same one.
    private long regionStart;
    private long regionSize;
    private long regionDelta;
    private long touched;

    SplitRing(final RingSetup setup) {
        memory = setup.memory();
        size = setup.size();
        mask = size - 1;
        desc = setup.descAddress();
        avail = setup.availAddress();
        used = setup.usedAddress();
        final long features = setup.features();
        hasEventIndex = Features.has(features, Features.VIRTIO_F_EVENT_IDX);
        hasIndirect = Features.has(features, Features.VIRTIO_F_INDIRECT_DESC);
        isInOrder = Features.has(features, Features.VIRTIO_F_IN_ORDER);
        isMergeable = Features.has(features, Features.VIRTIO_NET_F_MRG_RXBUF);
        headerLength = NetHeader.length(features);
        hostOffloads = OffloadFeatures.host(features);
        guestOffloads = OffloadFeatures.guest(features);
        kick = setup.kick();
        nextAvail = setup.nextAvail();
        availIndex = nextAvail;
    }

    /** First thing on the worker that adopts the ring. A ring that comes from another worker goes on as it was. */
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

    /** The driver's eventfd, or null. It stays the control loop's, and is open while a worker has the ring. */
    Fd kick() {
        return kick;
    }

    /**
     * Tells the driver whether to signal new buffers. What is available when this returns was perhaps not signalled.
     */
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

    int nextAvail() {
        return nextAvail & INDEX_MASK;
    }

    int headerLength() {
        return headerLength;
    }

    /** What packets of the guest may leave to be done. */
    int hostOffloads() {
        return hostOffloads;
    }

    /** What packets for the guest may leave to be done. */
    int guestOffloads() {
        return guestOffloads;
    }

    boolean isMergeable() {
        return isMergeable;
    }

    boolean hasIndirect() {
        return hasIndirect;
    }

    boolean canFault() {
        return !memory.isSealed();
    }

    GuestMemory memory() {
        return memory;
    }

    int size() {
        return size;
    }

    long desc() {
        return desc;
    }

    /** Why the ring is broken, or null. */
    RejectReason reject() {
        return reject;
    }

    void reject(final RejectReason reason) {
        reject = reason;
    }

    /**
     * How many chains the driver has made available.
     *
     * @param wanted the avail index is read again only if fewer are known.
     */
    int available(final int wanted) {
        int known = availIndex - nextAvail & INDEX_MASK;
        if (known < wanted) {
            // Pairs with the driver's release of avail.idx: heads and descriptors before it are visible.
            final int index = UnsafeApi.getShortAcquire(null, avail + 2) & INDEX_MASK;
            known = index - nextAvail & INDEX_MASK;
            if (known > size) {
                reject = RejectReason.AVAIL_AHEAD;
                return 0;
            }
            availIndex = index;
        }
        return known;
    }

    /** The head of the {@code i}-th chain that is available, not checked yet. */
    int head(final int i) {
        return UnsafeApi.getShortOpaque(null, avail + 4 + 2L * (nextAvail + i & mask)) & INDEX_MASK;
    }

    /**
     * Reads the descriptors of the next chains, as far as each is one plain buffer in one region. The rest is for a
     * {@link Chain}, which also finds out what is wrong with a chain that is not plain.
     *
     * @param n         how many, at most what {@link #available} said.
     * @param direction {@link #WRITE} or 0: what the buffers have to be.
     * @param heads     receives their heads.
     * @param addresses receives where the buffers are in this process.
     * @param lengths   receives their lengths, none shorter than a header and 8 bytes.
     * @return how many were read.
     */
    int readPlain(final int n, final int direction, final int[] heads, final long[] addresses, final int[] lengths) {
        // Locals, for each opaque read makes the compiler forget what it knows of fields.
        final long heads0 = avail + 4;
        final long table = desc;
        final int next = nextAvail;
        final int indexMask = mask;
        final int shortest = headerLength + Long.BYTES;
        // A header that is to be read is not looked at without offloads; one that is to be written is compared first.
        final int touch = direction == WRITE ? 0 : headerLength;
        long start = regionStart;
        long room = regionSize;
        long delta = regionDelta;
        long sum = 0;
        int i = 0;
        while (i < n) {
            final int head = UnsafeApi.getShortOpaque(null, heads0 + 2L * (next + i & indexMask)) & INDEX_MASK;
            if (head > indexMask) {
                break;
            }
            final long at = table + (long) head * DESCRIPTOR_SIZE;
            final long guestAddress = UnsafeApi.getLongOpaque(null, at);
            final long rest = UnsafeApi.getLongOpaque(null, at + 8);
            final int length = (int) rest;
            // One test for NEXT, INDIRECT and WRITE; a length with bit 31 set is negative here.
            if ((rest >>> 32 & (NEXT | WRITE | INDIRECT)) != direction || length < shortest) {
                break;
            }
            final long offset = guestAddress - start;
            if (offset < 0 || offset > room - length) {
                if (!findRegion(guestAddress, length)) {
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
        return i;
    }

    /** Makes the region that wholly holds a buffer the one that is tried first. */
    private boolean findRegion(final long guestAddress, final long length) {
        final int region = memory.regionOf(guestAddress, length);
        if (region < 0) {
            return false;
        }
        regionStart = memory.guestAddress(region);
        regionSize = memory.size(region);
        regionDelta = memory.localAddress(region) - regionStart;
        return true;
    }

    /** Returns the next chain, whose buffers were read; {@link #publish} will show it. */
    void completeRead(final int head) {
        if (isInOrder) {
            // 2.7.8: one element stands for a batch of buffers and names the last of them, see publish().
            lastHead = head;
        } else {
            putUsed(nextUsed, head, 0);
        }
        nextAvail++;
        nextUsed++;
    }

    /** Returns the next chain, into which {@code written} bytes went; {@link #publish} will show it. */
    void completeWrite(final int head, final int written) {
        putUsed(nextUsed, head, written);
        nextAvail++;
        nextUsed++;
    }

    private void putUsed(final int index, final int head, final int written) {
        UnsafeApi.putLong(used + 4 + 8L * (index & mask), head | (long) written << 32);
    }

    /**
     * Shows the driver all that was completed since the last time.
     *
     * @return how many chains that were.
     */
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
        return publishedUsed - from;
    }

    /** Whether the driver wants to be called for what was published since this was last asked, 65535 chains at most. */
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
