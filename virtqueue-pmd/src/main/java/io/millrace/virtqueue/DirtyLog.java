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

    /** Marks what was written, from an address of this process on: what of it lies in the memory. */
    void written(final long localAddress, final long length) {
        long local = localAddress;
        long left = length;
        while (left > 0) {
            // Regions that are neighbours here need not be in the guest.
            final int region = memory.find(local, 1);
            if (region < 0) {
                return;
            }
            final long offset = local - memory.start(region);
            final long part = Math.min(left, memory.size(region) - offset);
            markAll(memory.target(region) + offset, part);
            local += part;
            left -= part;
        }
    }

    private void markAll(final long guestAddress, final long length) {
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
