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
    private RingSetup running;
    private boolean isBroken;
    private boolean isScattered;

    Vring(final int index, final RingSlot slot) {
        this.index = index;
        this.slot = slot;
    }

    /** Where a device finds what a front-end means by an address of a ring. */
    @FunctionalInterface
    interface Locator {
        /**
         * Finds so many bytes of a ring.
         *
         * @param access {@link Misses#READ}, and {@link Misses#WRITE} if the device writes there.
         * @return where they are in this process; {@link AddressMap#NONE} if they are not there, or not yet.
         */
        long locate(long address, long length, int access);
    }

    /**
     * The one condition for starting: everything is known, and all of the ring is in the guest's memory.
     *
     * @param misses null if no IOMMU translates addresses.
     * @return what to start with, or null if the condition does not hold.
     */
    RingSetup whenReady(final long features, final Locator locator, final DmaMap dma, final Misses misses,
                        final DirtyLog log) {
        final RingKind kind = RingKind.of(features);
        if (!isComplete(kind)) {
            return null;
        }
        final long localDesc = locator.locate(desc, kind.descLength(size), kind.descAccess());
        final long localAvail = locator.locate(avail, kind.driverLength(size), Misses.READ);
        final long localUsed = locator.locate(used, kind.deviceLength(size), Misses.READ | Misses.WRITE);
        // A region may begin anywhere in the front-end, so what was aligned there need not be aligned here.
        if (localDesc == AddressMap.NONE || localAvail == AddressMap.NONE || localUsed == AddressMap.NONE
            || !kind.isAligned(localDesc, localAvail, localUsed)) {
            return null;
        }
        return new RingSetup(index, size, localDesc, localAvail, localUsed, base, features, dma, misses, log, kick);
    }

    private boolean isComplete(final RingKind kind) {
        // Size and base may have been said before the features were.
        return size != 0 && hasBase && hasAddresses && hasKick && !isBroken && kind.isSize(size)
            && kind.isBase(base & 0xffff_ffffL);
    }

    /** Asks where it is, if that is all that keeps it from starting. */
    void ask(final RingKind kind, final Iotlb iotlb) throws ProtocolViolation {
        if (!isComplete(kind)) {
            return;
        }
        final boolean isMissing = iotlb.ask(desc, kind.descLength(size), kind.descAccess())
            | iotlb.ask(avail, kind.driverLength(size), Misses.READ)
            | iotlb.ask(used, kind.deviceLength(size), Misses.READ | Misses.WRITE);
        if (!isMissing && !isScattered) {
            iotlb.scattered();
        }
        isScattered = !isMissing;
    }

    /** Whether any of it lies between two addresses, both included, of those that a front-end means. */
    boolean touches(final RingKind kind, final long first, final long last) {
        return hasAddresses && (isTouched(desc, kind.descLength(size), first, last)
            || isTouched(avail, kind.driverLength(size), first, last)
            || isTouched(used, kind.deviceLength(size), first, last));
    }

    private static boolean isTouched(final long start, final long length, final long first, final long last) {
        return Long.compareUnsigned(start, last) <= 0 && Long.compareUnsigned(start + length - 1, first) >= 0;
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

    /** How its driver wakes whoever serves it, or null. */
    Fd kick() {
        return kick;
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
        return running != null;
    }

    /** The slot has the ring now. */
    void started(final RingSetup setup) {
        running = setup;
    }

    /** Whether it runs where {@code setup} would have it run. */
    boolean isAt(final RingSetup setup) {
        return running != null && running.descAddress() == setup.descAddress()
            && running.availAddress() == setup.availAddress() && running.usedAddress() == setup.usedAddress();
    }

    /** Whether it runs and may not be touched, for its own addresses have been taken back. */
    boolean isParked() {
        return running != null && slot.isParked();
    }

    /** The slot has given the ring back. It goes on where it is, once it is ready again. */
    void stopped() {
        if (running != null) {
            base = slot.base();
            running = null;
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
