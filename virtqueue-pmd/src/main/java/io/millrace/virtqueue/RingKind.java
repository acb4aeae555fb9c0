/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * The two ways in which virtio lays out a ring, and where its three areas have to be. The protocol names the areas by
 * those of the split ring; a packed ring has its descriptors there, the driver's event suppression and the device's.
 */
enum RingKind {
    /** Virtio 1.2, 2.7: descriptor table, avail ring, used ring. */
    SPLIT(Misses.READ, 2, 4) {
        @Override
        boolean isSize(final long size) {
            return size >= 1 && size <= MAX_SIZE && Long.bitCount(size) == 1;
        }

        @Override
        boolean isBase(final long base) {
            return base >= 0 && base <= 0xffff;
        }

        @Override
        long driverLength(final int size) {
            return 6 + 2L * size;
        }

        @Override
        long deviceLength(final int size) {
            return 6 + 8L * size;
        }
    },
    /** Virtio 1.2, 2.8: one ring of descriptors. */
    PACKED(Misses.READ | Misses.WRITE, 4, 4) {
        @Override
        boolean isSize(final long size) {
            return size >= 1 && size <= MAX_SIZE;
        }

        @Override
        boolean isBase(final long base) {
            return base >= 0 && base <= 0xffff_ffffL;
        }

        @Override
        long driverLength(final int size) {
            return EVENT_LENGTH;
        }

        @Override
        long deviceLength(final int size) {
            return EVENT_LENGTH;
        }
    };

    static final int MAX_SIZE = 32_768;
    static final int DESCRIPTOR_LENGTH = 16;

    private static final long EVENT_LENGTH = 4;

    private final int descAccess;
    private final int driverAlignment;
    private final int deviceAlignment;

    RingKind(final int descAccess, final int driverAlignment, final int deviceAlignment) {
        this.descAccess = descAccess;
        this.driverAlignment = driverAlignment;
        this.deviceAlignment = deviceAlignment;
    }

    /** The kind that was negotiated. */
    static RingKind of(final long features) {
        return Features.has(features, Features.VIRTIO_F_RING_PACKED) ? PACKED : SPLIT;
    }

    /** Whether a ring of that many entries can exist. */
    abstract boolean isSize(long size);

    /** Whether SET_VRING_BASE may say that. */
    abstract boolean isBase(long base);

    /** Bytes of the area that the driver writes to: the avail ring, or its event suppression. */
    abstract long driverLength(int size);

    /** Bytes of the area that the device writes to: the used ring, or its event suppression. */
    abstract long deviceLength(int size);

    /** Bytes of the descriptors. */
    long descLength(final int size) {
        return (long) DESCRIPTOR_LENGTH * size;
    }

    /** What the device does with the descriptors: {@link Misses#READ}, and {@link Misses#WRITE} if it writes there. */
    int descAccess() {
        return descAccess;
    }

    /** Whether the three areas begin where they may. */
    boolean isAligned(final long desc, final long driver, final long device) {
        return desc % DESCRIPTOR_LENGTH == 0 && driver % driverAlignment == 0 && device % deviceAlignment == 0;
    }
}
