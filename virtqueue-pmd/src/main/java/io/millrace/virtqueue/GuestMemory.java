/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.util.List;

/**
 * The memory a front-end shares, as an immutable table. A change of the table makes a new one, which rings get when
 * they are started again.
 *
 * <p>An address from a guest becomes an address of this process here and nowhere else, and only together with the
 * length that will be accessed.
 *
 * <p>Thread safety: immutable. The mappings stay until the control loop has recalled every ring that uses them.
 */
final class GuestMemory {
    /** No such memory. */
    static final long NONE = 0;

    private final List<GuestRegion> regions;
    private final long[] guestAddresses;
    private final long[] userAddresses;
    private final long[] sizes;
    private final long[] localAddresses;
    private final boolean isSealed;

    GuestMemory(final List<GuestRegion> regions) {
        this.regions = List.copyOf(regions);
        guestAddresses = regions.stream().mapToLong(GuestRegion::guestAddress).toArray();
        userAddresses = regions.stream().mapToLong(GuestRegion::userAddress).toArray();
        sizes = regions.stream().mapToLong(GuestRegion::size).toArray();
        localAddresses = regions.stream().mapToLong(GuestRegion::localAddress).toArray();
        isSealed = regions.stream().allMatch(GuestRegion::isSealed);
    }

    List<GuestRegion> regions() {
        return regions;
    }

    /** Whether none of the files behind it can shrink, so that no access can fault. */
    boolean isSealed() {
        return isSealed;
    }

    /**
     * Where a guest's buffer is in this process.
     *
     * @param length 0 to 2^32.
     * @return {@link #NONE} unless the whole of it lies in one region.
     */
    long translate(final long guestAddress, final long length) {
        final int region = find(guestAddresses, guestAddress, length);
        return region < 0 ? NONE : localAddresses[region] + (guestAddress - guestAddresses[region]);
    }

    /** The same for an address as the front-end process sees it. */
    long translateUser(final long userAddress, final long length) {
        final int region = find(userAddresses, userAddress, length);
        return region < 0 ? NONE : localAddresses[region] + (userAddress - userAddresses[region]);
    }

    /** Which region wholly holds so many bytes from {@code guestAddress} on: its index, or -1. */
    int regionOf(final long guestAddress, final long length) {
        return find(guestAddresses, guestAddress, length);
    }

    long guestAddress(final int region) {
        return guestAddresses[region];
    }

    long size(final int region) {
        return sizes[region];
    }

    long localAddress(final int region) {
        return localAddresses[region];
    }

    /** What the guest calls an address of this process; -1 if that is none of its memory. */
    long guestAddressOf(final long localAddress) {
        final int region = find(localAddresses, localAddress, 1);
        return region < 0 ? -1 : guestAddresses[region] + (localAddress - localAddresses[region]);
    }

    private int find(final long[] starts, final long address, final long length) {
        for (int i = 0; i < starts.length; i++) {
            final long offset = address - starts[i];
            // Two signed compares cover wrap-around: a size is positive, so offset + length cannot overflow past it.
            if (offset >= 0 && offset <= sizes[i] - length) {
                return i;
            }
        }
        return -1;
    }
}
