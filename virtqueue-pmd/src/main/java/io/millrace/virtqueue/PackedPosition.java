/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * Where a packed ring stands, as its own descriptors tell:
 *
 * <pre>
 *              position
 *   USED  w w w w | !w !w !w      w: the device's wrap counter
 * </pre>
 *
 * <p>The device leaves each descriptor that it is through with so, and the driver, when it makes it available again,
 * writes the opposite of its own wrap counter, which is what was there. At first all are 0, and the counter is 1. So a
 * device that was killed needs nothing but the ring to go on from: QEMU cannot ask it for its base then, and tells the
 * next one an old base.
 *
 * <p>It takes a device that does the same with all descriptors of a chain ({@link #mark}), which virtio does not ask
 * for. Where another one has left a ring with more than one step, and where buffers are used in order, so that most
 * descriptors stay as they are, the base is all there is. Nor does a ring tell in the moment in which some of a burst's
 * descriptors are written and the first is not.
 */
final class PackedPosition {
    private static final int FLAGS = RingKind.DESCRIPTOR_LENGTH - Short.BYTES;

    private PackedPosition() {
    }

    /**
     * Where to go on from.
     *
     * @param desc the descriptors, in this process.
     * @param base what the front-end said: a position and {@link PackedRing#WRAP}.
     * @return the same for what the ring says, or {@code base} if it says nothing.
     */
    static int find(final long desc, final int size, final int base) {
        final boolean first = isUsedSet(desc, 0);
        boolean last = first;
        int step = 0;
        for (int i = 1; i < size; i++) {
            final boolean next = isUsedSet(desc, i);
            if (next != last) {
                if (step != 0) {
                    return base;
                }
                step = i;
                last = next;
            }
        }
        final boolean wrap = step == 0 ? !first : first;
        return step | (wrap ? PackedRing.WRAP : 0);
    }

    /** Leaves a descriptor as if it had been used with that wrap counter. */
    static void mark(final long desc, final int descriptor, final boolean wrap) {
        UnsafeApi.putShort(at(desc, descriptor), (short) (wrap ? PackedRing.AVAIL | PackedRing.USED : 0));
    }

    private static boolean isUsedSet(final long desc, final int descriptor) {
        return UnsafeApi.getShortOpaque(null, at(desc, descriptor)) < 0;
    }

    private static long at(final long desc, final int descriptor) {
        return desc + (long) RingKind.DESCRIPTOR_LENGTH * descriptor + FLAGS;
    }
}
