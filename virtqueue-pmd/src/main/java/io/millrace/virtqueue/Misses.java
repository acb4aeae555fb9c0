/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.util.concurrent.TimeUnit;

/**
 * Addresses of a guest that the worker of one queue cannot translate, on their way to the control loop, which asks the
 * front-end for them. They go in batches, one at a time: what comes while a batch is on its way is forgotten, for
 * whoever needs it notes it again.
 *
 * <p>Thread safety: {@link #note}, {@link #hasRoom} and {@link #tell} on the thread that polls the queue, the rest on
 * the control loop.
 */
final class Misses {
    /** As a flag of an entry: the device wants to read. */
    static final int READ = 1;
    /** As a flag of an entry: the device wants to write. */
    static final int WRITE = 2;
    /** The smallest unit of an IOMMU. An entry is the address of one, and flags. */
    static final int PAGE = 4096;

    /**
     * Little: what is asked first is needed first, and a guest that takes all mappings back waits behind the answers.
     */
    private static final int CAPACITY = 32;

    private static final long TELL_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final long[] entries = new long[CAPACITY];
    private Runnable onTold = () -> {
    };
    private int noted;
    private volatile int told;
    private boolean isAwaited;
    // By which addresses what was noted is missing; handed over with it.
    private DmaMap map;
    private DmaMap toldMap;
    private long toldNs;

    /** Sets who hears that a batch is there to be taken. Before the first is noted; called on the worker. */
    void onTold(final Runnable listener) {
        onTold = listener;
    }

    /** What stands for the page around an address, and for what is to be done with it. */
    static long entry(final long address, final int access) {
        return address & -PAGE | access;
    }

    /**
     * Notes an address that is missing in {@code current}.
     *
     * @return whether there is room for more.
     */
    boolean note(final DmaMap current, final long address, final int access) {
        if (!hasRoom()) {
            return false;
        }
        map = current;
        final long entry = entry(address, access);
        if (noted == 0 || entries[noted - 1] != entry) {
            entries[noted++] = entry;
        }
        return noted < CAPACITY;
    }

    /** Whether more can be noted now. */
    boolean hasRoom() {
        return told == 0 && noted < CAPACITY;
    }

    /**
     * Hands over what was noted; forgets it if a batch that was missing in the same map has just been handed over: a
     * guest that offers what it never maps is not to keep the control loop busy.
     */
    void tell() {
        if (noted == 0) {
            return;
        }
        final long nowNs = System.nanoTime();
        final boolean isAgain = map == toldMap && nowNs - toldNs < TELL_AGAIN_NS;
        final int n = noted;
        noted = 0;
        if (!isAgain) {
            toldMap = map;
            toldNs = nowNs;
            told = n;
            onTold.run();
        }
    }

    /** Whether anything was taken since this was last asked. On the control loop. */
    boolean isAwaited() {
        final boolean was = isAwaited;
        isAwaited = false;
        return was;
    }

    /**
     * Takes the batch that has been told, if there is one and it is of now: what was missing by other addresses may be
     * known meanwhile, or have been taken back, and to ask for that would be a fault of the device.
     *
     * @param current what the ring has been given last.
     * @return false if the batch was thrown away, so that the worker has to look again.
     */
    boolean take(final DmaMap current, final Taker taker) throws ProtocolViolation {
        isAwaited = true;
        final int n = told;
        final boolean isOfNow = n == 0 || map == current;
        try {
            for (int i = 0; i < n && isOfNow; i++) {
                taker.take(entries[i]);
            }
        } finally {
            told = 0;
        }
        return isOfNow;
    }

    /** Throws away the batch that has been told, if there is one. */
    void forget() {
        told = 0;
    }

    /** Who wants to know what is missing. */
    @FunctionalInterface
    interface Taker {
        /** Takes one entry. */
        void take(long entry) throws ProtocolViolation;
    }
}
