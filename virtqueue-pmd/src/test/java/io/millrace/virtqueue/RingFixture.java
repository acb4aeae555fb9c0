/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/** Device queues on a split ring. */
final class RingFixture extends QueueFixture {
    final SplitGuest guest;

    RingFixture(final int size, final long features) {
        this(size, features, true);
    }

    RingFixture(final int size, final long features, final boolean isSealed) {
        this(size, features, isSealed, Coalescing.OFF);
    }

    RingFixture(final int size, final long features, final boolean isSealed, final Coalescing coalescing) {
        this(new SplitGuest(size), features, isSealed, coalescing);
    }

    RingFixture(final SplitGuest guest, final long features) {
        this(guest, features | MODERN, true, Coalescing.OFF);
    }

    private RingFixture(final SplitGuest guest, final long features, final boolean isSealed,
                        final Coalescing coalescing) {
        super(guest, features, isSealed, coalescing);
        this.guest = guest;
    }
}
