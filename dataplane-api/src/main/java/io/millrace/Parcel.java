/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * Packets that change workers. A {@link Burst} belongs to a worker, for it frees to that worker's {@link FrameCache}; a
 * parcel holds the same numbers and belongs to no cache. The sender loads it from a burst of its own, the receiver
 * unloads it into a burst of its own, and whoever holds the parcel in between owns the packets in it.
 *
 * <p>Thread safety: none; it is handed over by something that publishes it, such as a queue.
 */
public final class Parcel {
    private final long[] descriptors;
    private int size;

    /**
     * An empty parcel.
     *
     * @param capacity the most packets it holds, 1 or more.
     */
    public Parcel(final int capacity) {
        descriptors = new long[capacity];
    }

    /** How many packets are in it. */
    public int size() {
        return size;
    }

    /**
     * Takes packets from the front of a burst, in order, into this parcel, which is empty. Only while no packet has
     * left the burst one by one.
     *
     * @param most how many at most; the capacity bounds it too.
     * @return how many were taken.
     */
    public int load(final Burst burst, final int most) {
        assert size == 0 : size + " packets are in the parcel already";
        final int n = Math.min(Math.min(burst.size(), most), descriptors.length);
        burst.pack(descriptors, n);
        size = n;
        return n;
    }

    /** Gives all its packets to the end of a burst, which has room for them. It is empty then. */
    public void unload(final Burst burst) {
        burst.unpack(descriptors, size);
        size = 0;
    }
}
