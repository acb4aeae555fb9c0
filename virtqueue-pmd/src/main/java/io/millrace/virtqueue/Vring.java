/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;

/**
 * What one front-end has said about one ring, as facts in no order, and whether the ring runs.
 *
 * <p>Nothing here acts: {@link VhostDevice} compares {@link #whenReady} with {@link #isRunning} after each message and
 * starts what is ready. So it makes no difference which message completed the facts.
 *
 * <p>Thread safety: control loop only.
 */
final class Vring implements AutoCloseable {
    final int index;
    final RingSlot slot;

    private int size;
    private boolean hasBase;
    private int base;
    private boolean hasAddresses;
    private long desc;
    private long avail;
    private long used;
    private boolean hasKick;
    private Fd kick;
    private Fd call;
    private Fd err;
    private boolean isEnabled;
    private boolean isRunning;
    private boolean isBroken;

    Vring(final int index, final RingSlot slot) {
        this.index = index;
        this.slot = slot;
    }

    /**
     * The one condition for starting: everything is known, and all of the ring is in the guest's memory.
     *
     * @return what to start with, or null if the condition does not hold.
     */
    RingSetup whenReady(final boolean hasFeatures, final long features, final GuestMemory memory,
                        final DirtyLog log) {
        if (!hasFeatures || size == 0 || !hasBase || !hasAddresses || !hasKick || isBroken) {
            return null;
        }
        final RingKind kind = RingKind.of(features);
        if (!kind.isSize(size) || !kind.isBase(base & 0xffff_ffffL)) {
            // Said before the features were.
            return null;
        }
        final long localDesc = memory.translateUser(desc, kind.descLength(size));
        final long localAvail = memory.translateUser(avail, kind.driverLength(size));
        final long localUsed = memory.translateUser(used, kind.deviceLength(size));
        // A region may begin anywhere in the front-end, so what was aligned there need not be aligned here.
        if (localDesc == GuestMemory.NONE || localAvail == GuestMemory.NONE || localUsed == GuestMemory.NONE
            || !kind.isAligned(localDesc, localAvail, localUsed)) {
            return null;
        }
        return new RingSetup(index, size, localDesc, localAvail, localUsed, base, features, memory, log, kick);
    }

    void size(final int entries) {
        size = entries;
    }

    int size() {
        return size;
    }

    void base(final int newBase) {
        base = newBase;
        hasBase = true;
    }

    int base() {
        return base;
    }

    void addresses(final long newDesc, final long newAvail, final long newUsed) {
        desc = newDesc;
        avail = newAvail;
        used = newUsed;
        hasAddresses = true;
    }

    boolean hasAddresses(final long otherDesc, final long otherAvail, final long otherUsed) {
        return hasAddresses && desc == otherDesc && avail == otherAvail && used == otherUsed;
    }

    /**
     * A kick, or null for a ring that is polled without one. Owned from now on; closes the one before, so the ring must
     * not be running.
     */
    void kick(final Fd fd) {
        close(kick);
        kick = fd;
        hasKick = true;
    }

    /**
     * A new call, or null for never. Owned from now on.
     *
     * @return the one before, which the caller closes once {@link RingSlot#isCallAdopted()}; or null.
     */
    Fd call(final Fd fd) {
        final Fd before = call;
        call = fd;
        slot.call(fd);
        return before;
    }

    /** A new descriptor for errors, or null. Owned from now on. */
    void err(final Fd fd) {
        close(err);
        err = fd;
    }

    /** Where to signal an error; null: nowhere. */
    Fd err() {
        return err;
    }

    void enabled(final boolean enabled) {
        isEnabled = enabled;
    }

    boolean isEnabled() {
        return isEnabled;
    }

    boolean isRunning() {
        return isRunning;
    }

    /** The slot has the ring now. */
    void started() {
        isRunning = true;
    }

    /** The slot has given the ring back. It goes on where it is, once it is ready again. */
    void stopped() {
        if (isRunning) {
            base = slot.base();
            isRunning = false;
        }
    }

    /** The guest broke it: it stays as it is until it is rearmed. */
    void broken() {
        isBroken = true;
    }

    boolean isBroken() {
        return isBroken;
    }

    /** It has stopped and takes a new kick to start. */
    void rearm() {
        stopped();
        close(kick);
        kick = null;
        hasKick = false;
        isBroken = false;
    }

    /**
     * Forgets what a reset of the device forgets. Who is to be signalled belongs to the connection and stays; where the
     * ring stopped can still be asked, for QEMU 7.2 resets the status of a device that it stops before it asks that.
     */
    void reset() {
        rearm();
        size = 0;
        hasBase = false;
        hasAddresses = false;
    }

    /** Forgets everything. The slot has given the ring back. */
    @Override
    public void close() {
        reset();
        isEnabled = false;
        slot.enabled(false);
        close(call(null));
        err(null);
    }

    private static void close(final Fd fd) {
        if (fd != null) {
            fd.close();
        }
    }
}
