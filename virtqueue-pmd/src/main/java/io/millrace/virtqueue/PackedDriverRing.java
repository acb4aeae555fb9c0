/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

/**
 * A packed virtqueue from the driver's side (virtio 1.2, 2.8; {@link PackedRing} has a picture). Every buffer is one
 * descriptor, whose id is its slot.
 *
 * <p>How many buffers are used is written nowhere: {@link #used} reads descriptors until one is not, and keeps what
 * they said, for a back-end may have written something else when they are looked at again.
 */
final class PackedDriverRing extends DriverRing {
    // More than a poll takes, by more than the buffers of the largest packet.
    private static final int READ_MOST = 256;
    private static final int NOTHING = -1;

    private final long descriptors;
    private final long driverEvent;
    private final long deviceEvent;

    private int position;
    private boolean wrap = true;
    private int pendingPosition = NOTHING;
    private int pendingWord;
    private int unpublished;

    private int usedPosition;
    private boolean usedWrap = true;
    // What was read and not taken: a ring of slots and lengths.
    private final int[] usedSlots;
    private final int[] usedLengths;
    private int firstUsed;
    private int known;

    PackedDriverRing(final DriverMemory memory, final int index, final int size, final long features, final int kickFd,
                     final Fd call) {
        super(memory, index, size, features, kickFd, call);
        descriptors = memory.descriptors(index);
        driverEvent = memory.avail(index);
        deviceEvent = memory.used(index);
        usedSlots = new int[size];
        usedLengths = new int[size];
        wantCall(false);
    }

    @Override
    void wantCall(final boolean wanted) {
        UnsafeApi.putIntRelease(null, driverEvent,
            (wanted ? PackedRing.EVENT_ENABLE : PackedRing.EVENT_DISABLE) << 16);
        if (wanted) {
            // The wish must be visible before descriptors are read, or both sides wait for each other.
            UnsafeApi.fullFence();
        }
    }

    @Override
    void write(final int slot, final long guestAddress, final int length, final int flags) {
        final long at = descriptors + (long) position * DriverMemory.DESCRIPTOR_SIZE;
        final int word = slot | (flags | (wrap ? PackedRing.AVAIL : PackedRing.USED)) << 16;
        UnsafeApi.putLong(at, guestAddress);
        if (pendingPosition == NOTHING) {
            // Its flags come last, and with them all behind it are there.
            UnsafeApi.putInt(at + 8, length);
            pendingPosition = position;
            pendingWord = word;
        } else {
            UnsafeApi.putLong(at + 8, length | (long) word << 32);
        }
        unpublished++;
        if (++position == size) {
            position = 0;
            wrap = !wrap;
        }
    }

    @Override
    boolean publish() {
        if (pendingPosition == NOTHING) {
            return false;
        }
        // Pairs with the back-end's acquire of the flags: addresses, lengths and packet bytes come first.
        UnsafeApi.putIntRelease(null, descriptors + (long) pendingPosition * DriverMemory.DESCRIPTOR_SIZE + 12,
            pendingWord);
        pendingPosition = NOTHING;
        final int posted = unpublished;
        unpublished = 0;
        // They have to be visible before we look whether a kick is wanted, else both sides could go to sleep.
        UnsafeApi.fullFence();
        final int event = UnsafeApi.getIntOpaque(null, deviceEvent);
        final int flags = event >>> 16;
        if (flags == PackedRing.EVENT_DESC && isEventIndex) {
            return PackedRing.passes(event & 0xffff, position, wrap, size, posted);
        }
        return flags != PackedRing.EVENT_DISABLE;
    }

    @Override
    int used() {
        final int flags = PackedRing.AVAIL | PackedRing.USED;
        while (known < READ_MOST && known < inFlight()) {
            // Pairs with the back-end's release of the flags: the length and the packet's bytes are read after it.
            final long rest = UnsafeApi.getLongAcquire(null,
                descriptors + (long) usedPosition * DriverMemory.DESCRIPTOR_SIZE + 8);
            if ((rest >>> 48 & flags) != (usedWrap ? flags : 0)) {
                break;
            }
            final int slot = (int) (rest >>> 32) & 0xffff;
            if (slot >= size) {
                return breakWith(BackEndFault.USED_ID_RANGE);
            }
            if (isInOrder) {
                // 2.8.8: one descriptor, with the id of the last buffer, may stand for a whole batch.
                int next = nextInOrder();
                while (next != slot) {
                    note(next, bufferLength());
                    if (known == inFlight()) {
                        return breakWith(BackEndFault.USED_ORDER);
                    }
                    next = nextInOrder();
                }
            }
            note(slot, (int) rest);
        }
        return known;
    }

    /** In order slots count up for ever. */
    private int nextInOrder() {
        return (oldest() + known) % size;
    }

    private void note(final int slot, final int length) {
        int place = firstUsed + known;
        if (place >= size) {
            place -= size;
        }
        usedSlots[place] = slot;
        usedLengths[place] = length;
        known++;
        if (++usedPosition == size) {
            usedPosition = 0;
            usedWrap = !usedWrap;
        }
    }

    @Override
    long takeUsed() {
        final int place = firstUsed;
        firstUsed = place + 1 == size ? 0 : place + 1;
        known--;
        return giveBack(usedSlots[place], usedLengths[place]);
    }
}
