/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/** Device queues on a packed ring. */
final class PackedFixture extends QueueFixture {
    static final long FEATURES = MODERN | Features.VIRTIO_F_RING_PACKED | Features.VIRTIO_F_INDIRECT_DESC;

    final PackedGuest guest;

    PackedFixture(final int size, final long features) {
        this(new PackedGuest(size), features, true);
    }

    PackedFixture(final PackedGuest guest, final long features, final boolean isSealed) {
        this(guest, features, isSealed, Coalescing.OFF);
    }

    PackedFixture(final PackedGuest guest, final long features, final boolean isSealed, final Coalescing coalescing) {
        super(guest, features | FEATURES, isSealed, coalescing);
        this.guest = guest;
    }
}
