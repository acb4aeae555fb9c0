/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * A guest for tests with a split ring whose every byte the test may set, to what a driver would write or to what none
 * should.
 */
final class SplitGuest extends GuestPages {
    private static final int DESC = 0;
    private static final int AVAIL = 0x4000;
    static final int USED = 0x6000;

    private int availIndex;

    SplitGuest(final int size) {
        super(size);
    }

    RingSetup setup(final long features) {
        return setup(features, true);
    }

    /** As if it were behind an IOMMU that maps all of its memory. */
    RingSetup translated(final long features, final Misses misses) {
        return setup(features, misses, memory(true));
    }

    @Override
    RingSetup setup(final long features, final boolean isSealed) {
        return setup(features, null, memory(isSealed));
    }

    private RingSetup setup(final long features, final Misses misses, final GuestMemory memory) {
        return new RingSetup(1, size, low.address() + DESC, low.address() + AVAIL, low.address() + USED, 0, features,
            DmaMap.of(memory), misses, log(memory), kick.fd());
    }

    void desc(final int index, final long address, final long length, final int flags, final int next) {
        tableEntry(BASE + DESC, index, address, length, flags, next);
    }

    void avail(final int... heads) {
        for (final int head : heads) {
            UnsafeApi.putShort(low.address() + AVAIL + 4 + 2L * (availIndex++ & size - 1), (short) head);
        }
        availIndex(availIndex);
    }

    void availIndex(final int index) {
        UnsafeApi.putShortRelease(null, low.address() + AVAIL + 2, (short) index);
    }

    void availFlags(final int flags) {
        UnsafeApi.putShort(low.address() + AVAIL, (short) flags);
    }

    void usedEvent(final int index) {
        UnsafeApi.putShort(low.address() + AVAIL + 4 + 2L * size, (short) index);
    }

    int availEvent() {
        return UnsafeApi.getShort(low.address() + USED + 4 + 8L * size) & 0xffff;
    }

    int usedFlags() {
        return UnsafeApi.getShort(low.address() + USED) & 0xffff;
    }

    int usedIndex() {
        return UnsafeApi.getShortAcquire(null, low.address() + USED + 2) & 0xffff;
    }

    void usedIndex(final int index) {
        UnsafeApi.putShort(low.address() + USED + 2, (short) index);
        availIndex = index;
        availIndex(index);
    }

    int usedId(final int i) {
        return UnsafeApi.getInt(low.address() + USED + 4 + 8L * (i & size - 1));
    }

    int usedLength(final int i) {
        return UnsafeApi.getInt(low.address() + USED + 8 + 8L * (i & size - 1));
    }
}
