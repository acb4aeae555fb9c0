/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Mapping;

/**
 * One stretch of guest memory: known to the guest by one address, to the front-end by another, mapped here at a third.
 *
 * @param guestAddress where the guest sees it (physical address).
 * @param userAddress  where the front-end process sees it; ring addresses are given in these.
 * @param size         in bytes, more than 0.
 * @param mapping      the file mapped into this process; may begin before the region.
 * @param offset       where in the mapping the region begins.
 * @param isSealed     whether the file cannot shrink. If it can, any access may fault.
 */
record GuestRegion(long guestAddress, long userAddress, long size, Mapping mapping, long offset, boolean isSealed) {
    /** Where the region begins in this process. */
    long localAddress() {
        return mapping.address() + offset;
    }
}
