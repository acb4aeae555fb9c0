/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;

/**
 * A few packets for a guest whose buffers are there, at addresses that its IOMMU has yet to tell. To drop them would
 * cost one or more whenever a guest maps buffers anew, which many do for each packet.
 *
 * <p>Thread safety: the thread that polls the queue.
 */
final class HeldPackets {
    /** As many as a pool spares for a guest that never gets round to it. */
    static final int CAPACITY = 64;

    private Burst burst;

    /** Those that are held, from the oldest on; null if none ever were. */
    Burst burst() {
        return burst;
    }

    boolean isEmpty() {
        return burst == null || burst.isEmpty();
    }

    /** Takes as many packets over from the front of another burst as there is room for. */
    void take(final Burst from) {
        if (burst == null) {
            burst = new Burst(from.frames(), CAPACITY);
        }
        final int n = Math.min(from.size(), burst.remaining());
        for (int i = 0; i < n; i++) {
            from.move(i, burst);
        }
        from.takeFront(n);
    }

    /** Frees all that are held, and returns how many that were. Another thread may hold packets here then. */
    int freeAll() {
        final int freed = isEmpty() ? 0 : burst.freeAll();
        burst = null;
        return freed;
    }
}
