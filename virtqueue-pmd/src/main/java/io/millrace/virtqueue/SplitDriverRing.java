/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

/** A split virtqueue from the driver's side (virtio 1.2, 2.7). */
final class SplitDriverRing extends DriverRing {
    private static final int U16 = 0xffff;
    private static final int NO_NOTIFY = 1;
    private static final short NO_INTERRUPT = 1;
    private static final int FAR_AHEAD = 0x8000;
    private static final int EVENT_STEP = 0x4000;

    private final int mask;
    private final long descriptors;
    private final long avail;
    private final long used;
    private final short[] availEntries;
    // Free-running; only the low 16 bits are ever shared.
    private int nextAvail;
    private int published;
    private int lastUsed;
    private int usedEvent;
    // IN_ORDER: buffers of the batch being taken that still follow, and the length of its last one.
    private int batchLeft;
    private int batchLength;

    SplitDriverRing(final DriverMemory memory, final int index, final int size, final long features, final int kickFd,
                    final Fd call) {
        super(memory, index, size, features, kickFd, call);
        mask = size - 1;
        descriptors = memory.descriptors(index);
        avail = memory.avail(index);
        used = memory.used(index);
        availEntries = new short[size];
        for (int slot = 0; slot < size; slot++) {
            availEntries[slot] = (short) slot;
            UnsafeApi.putShort(avail + 4 + 2L * slot, (short) slot);
        }
        wantCall(false);
    }

    @Override
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

    @Override
    void write(final int slot, final long guestAddress, final int length, final int flags) {
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

    @Override
    boolean publish() {
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
        return isWanted;
    }

    @Override
    int used() {
        // Pairs with the back-end's release of used.idx: elements and packet bytes are read after it.
        final int index = UnsafeApi.getShortAcquire(null, used + 2);
        final int waiting = index - lastUsed & U16;
        return waiting <= inFlight() ? waiting : breakWith(BackEndFault.USED_INDEX);
    }

    @Override
    long takeUsed() {
        final long element = UnsafeApi.getLongOpaque(null, used + 4 + ((lastUsed & mask) << 3));
        int slot = (int) element;
        int length = (int) (element >>> 32);
        if (isInOrder) {
            final int expected = oldest();
            if (batchLeft > 0) {
                length = --batchLeft == 0 ? batchLength : bufferLength();
            } else if (slot != expected) {
                // virtio 1.2, 2.7.9: one element, naming the last buffer, may stand for a whole batch.
                if (Integer.compareUnsigned(slot, size) >= 0 || (slot - expected & mask) >= inFlight()) {
                    return breakWith(BackEndFault.USED_ORDER);
                }
                batchLeft = slot - expected & mask;
                batchLength = length;
                length = bufferLength();
            }
            slot = expected;
        } else if (Integer.compareUnsigned(slot, size) >= 0) {
            return breakWith(BackEndFault.USED_ID_RANGE);
        }
        lastUsed++;
        return giveBack(slot, length);
    }

    /** Keeps the index at which the back-end would call out of its reach. */
    @Override
    void keepQuiet() {
        if (isEventIndex && (usedEvent - lastUsed & U16) < EVENT_STEP) {
            moveUsedEvent();
        }
    }

    private void moveUsedEvent() {
        usedEvent = lastUsed + FAR_AHEAD & U16;
        UnsafeApi.putShortOpaque(null, avail + 4 + 2L * size, (short) usedEvent);
    }
}
