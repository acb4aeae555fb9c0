/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * A guest for tests with a packed ring: a driver that keeps the rules (virtio 1.2, 2.8), unless the test writes into
 * the ring itself.
 */
final class PackedGuest extends GuestPages {
    static final int NOTHING = -1;

    private static final int DRIVER = 0;
    private static final int DEVICE = 64;
    private static final int DESC = 0x80000;

    /** Where the next descriptor is made available. */
    int position;
    boolean wrap = true;
    private final int[] counts = new int[1 << 16];
    private int usedPosition;
    private boolean usedWrap = true;
    private int chainStart = NOTHING;
    private int chainFlags;
    private int chainLength;

    PackedGuest(final int size) {
        super(size);
    }

    @Override
    RingSetup setup(final long features, final boolean isSealed) {
        return setup(features, isSealed, PackedRing.WRAP);
    }

    RingSetup setup(final long features, final boolean isSealed, final int base) {
        final GuestMemory memory = memory(isSealed);
        return new RingSetup(1, size, low.address() + DESC, low.address() + DRIVER, low.address() + DEVICE, base,
            features, DmaMap.of(memory), null, log(memory), kick.fd());
    }

    /** Makes it a ring that has been used up to there, instead of a new one. */
    void startAt(final int next, final boolean nextWrap) {
        position = next;
        wrap = nextWrap;
        usedPosition = next;
        usedWrap = nextWrap;
        for (int i = 0; i < size; i++) {
            PackedPosition.mark(low.address() + DESC, i, i < next ? nextWrap : !nextWrap);
        }
    }

    /** A buffer; there are 224. */
    @Override
    long buffer(final int i) {
        return super.buffer(i % 224);
    }

    private long at(final int descriptor) {
        return low.address() + DESC + 16L * descriptor;
    }

    /** Writes any descriptor. */
    void desc(final int descriptor, final long address, final long length, final int id, final int flags) {
        UnsafeApi.putLong(at(descriptor), address);
        UnsafeApi.putInt(at(descriptor) + 8, (int) length);
        UnsafeApi.putIntRelease(null, at(descriptor) + 12, id | flags << 16);
    }

    /** Makes a buffer available, or with {@link DeviceRing#NEXT} a part of one: a chain is there once it is whole. */
    void add(final long address, final long length, final int id, final int flags) {
        final int all = flags | (wrap ? PackedRing.AVAIL : PackedRing.USED);
        chainLength++;
        if (chainStart != NOTHING || (flags & DeviceRing.NEXT) == 0) {
            desc(position, address, length, id, all);
        } else {
            // Its flags come last, and stay until then as the device left them.
            desc(position, address, length, id, UnsafeApi.getShort(at(position) + 14));
            chainStart = position;
            chainFlags = all;
        }
        if (++position == size) {
            position = 0;
            wrap = !wrap;
        }
        if ((flags & DeviceRing.NEXT) == 0) {
            counts[id] = chainLength;
            if (chainStart != NOTHING) {
                UnsafeApi.putIntRelease(null, at(chainStart) + 12,
                    UnsafeApi.getInt(at(chainStart) + 12) & 0xffff | chainFlags << 16);
            }
            chainStart = NOTHING;
            chainLength = 0;
        }
    }

    /** The id of the next buffer that came back, or {@link #NOTHING}. */
    int used() {
        final int word = UnsafeApi.getIntAcquire(null, at(usedPosition) + 12);
        final int both = PackedRing.AVAIL | PackedRing.USED;
        if ((word >>> 16 & both) != (usedWrap ? both : 0)) {
            return NOTHING;
        }
        return word & 0xffff;
    }

    /** Whether something was written into it. */
    boolean isWritten() {
        return (UnsafeApi.getInt(at(usedPosition) + 12) >>> 16 & DeviceRing.WRITE) != 0;
    }

    /** The bytes written into what {@link #used} says. */
    int written() {
        return UnsafeApi.getInt(at(usedPosition) + 8);
    }

    /** Goes on to the next one. */
    void takeUsed(final int id) {
        usedPosition += counts[id];
        if (usedPosition >= size) {
            usedPosition -= size;
            usedWrap = !usedWrap;
        }
    }

    /** What the driver says about calls. */
    void driverEvent(final int flags, final int offset, final boolean wrapCounter) {
        UnsafeApi.putIntRelease(null, low.address() + DRIVER,
            flags << 16 | offset | (wrapCounter ? PackedRing.WRAP : 0));
    }

    /** The flags of what the device says about kicks. */
    int deviceEventFlags() {
        return UnsafeApi.getInt(low.address() + DEVICE) >>> 16;
    }
}
