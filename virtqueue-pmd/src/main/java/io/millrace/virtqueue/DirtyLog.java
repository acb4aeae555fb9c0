/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/**
 * Tells a front-end which pages of its guest were written, while it migrates the guest: one bit for each 4 KiB of guest
 * physical memory, by which it knows what to send again.
 *
 * <p>A page is marked after it was written. The front-end takes a bit away before it reads the page, so whatever it
 * reads too early it is told of again.
 *
 * <p>Thread safety: any number of workers, each with a ring of its own that uses it; the front-end takes bits away at
 * the same time.
 */
final class DirtyLog {
    private static final int PAGE_SHIFT = 12;

    private final AddressMap memory;
    private final long bits;
    private final long pages;

    /**
     * @param memory whose pages are marked.
     * @param area   stays mapped as long as this is used.
     */
    DirtyLog(final GuestMemory memory, final LogArea area) {
        this.memory = memory.byLocal();
        bits = area.address();
        pages = area.size() * Byte.SIZE;
    }

    /** Marks what was written, from an address of this process on: what lies in one region of the memory. */
    void written(final long localAddress, final long length) {
        final int region = length <= 0 ? -1 : memory.find(localAddress, 1);
        if (region < 0) {
            return;
        }
        final long guestAddress = memory.target(region) + (localAddress - memory.start(region));
        final long last = guestAddress + length - 1 >>> PAGE_SHIFT;
        for (long page = guestAddress >>> PAGE_SHIFT; page <= last && page < pages; page++) {
            mark(page);
        }
    }

    private void mark(final long page) {
        final long at = bits + (page >>> 6) * Long.BYTES;
        final long bit = 1L << page;
        if ((UnsafeApi.getLongOpaque(null, at) & bit) == 0) {
            UnsafeApi.getAndBitwiseOrLong(null, at, bit);
        }
    }
}
