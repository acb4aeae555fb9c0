/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * What a device may reach of a guest's memory: by which addresses, for reading and for writing. Without an IOMMU those
 * are the guest's physical addresses, and all memory may be read and written.
 *
 * <p>Thread safety: immutable. What is mapped stays until no worker has a ring that uses it.
 *
 * @param readable where what may be read is in this process.
 * @param writable where what may be written is in this process.
 * @param isSealed whether none of the files behind it can shrink, so that no access can fault.
 */
record DmaMap(AddressMap readable, AddressMap writable, boolean isSealed) {
    /** By physical addresses. */
    static DmaMap of(final GuestMemory memory) {
        return new DmaMap(memory.byGuest(), memory.byGuest(), memory.isSealed());
    }

    /** For buffers of a direction, {@link DeviceRing#WRITE} or 0. */
    AddressMap of(final int direction) {
        return direction == DeviceRing.WRITE ? writable : readable;
    }
}
