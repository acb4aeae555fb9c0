/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The memory a front-end shares, as an immutable table. A change of the table makes a new one, which rings get when
 * they are started again.
 *
 * <p>An address from a guest becomes an address of this process by an {@link AddressMap} and not otherwise, and only
 * together with the length that will be accessed.
 *
 * <p>Thread safety: immutable. The mappings stay until the control loop has recalled every ring that uses them.
 */
final class GuestMemory {
    private final List<GuestRegion> regions;
    private final AddressMap byGuest;
    private final AddressMap byUser;
    private final AddressMap byLocal;
    private final boolean isSealed;

    /**
     * @param regions none of which overlaps another, in any view.
     */
    GuestMemory(final List<GuestRegion> regions) {
        this.regions = List.copyOf(regions);
        byGuest = map(GuestRegion::guestAddress, GuestRegion::localAddress);
        byUser = map(GuestRegion::userAddress, GuestRegion::localAddress);
        byLocal = map(GuestRegion::localAddress, GuestRegion::guestAddress);
        isSealed = regions.stream().allMatch(GuestRegion::isSealed);
    }

    private AddressMap map(final ToLongFunction<GuestRegion> from, final ToLongFunction<GuestRegion> to) {
        AddressMap map = AddressMap.EMPTY;
        for (final GuestRegion region : regions) {
            map = map.plus(from.applyAsLong(region), region.size(), to.applyAsLong(region));
        }
        return map;
    }

    List<GuestRegion> regions() {
        return regions;
    }

    /** Whether none of the files behind it can shrink, so that no access can fault. */
    boolean isSealed() {
        return isSealed;
    }

    /** From physical addresses of the guest to addresses of this process. */
    AddressMap byGuest() {
        return byGuest;
    }

    /** From addresses as the front-end process sees them to addresses of this process. */
    AddressMap byUser() {
        return byUser;
    }

    /** From addresses of this process to physical addresses of the guest. */
    AddressMap byLocal() {
        return byLocal;
    }
}
