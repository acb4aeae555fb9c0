/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counter;
import io.millrace.Counters;

/**
 * How the driver of one ring hears of the buffers that come back to it (virtio 1.2, 2.3: used buffer notifications).
 * They are visible to it after every burst; whether it wants a call for them is asked after every burst too, or as
 * {@link Coalescing} says.
 *
 * <p>A ring that is given up or taken over needs no call for what was put off: the driver is called once whenever a
 * worker adopts a ring, see {@link RingSlot}.
 *
 * <p>Thread safety: the thread that polls the queue.
 */
final class Calls {
    private final RingSlot slot;
    private final Coalescing coalescing;
    private final Counter sent;
    private final Counter suppressed;
    private int pending;
    private long sinceNs;

    /**
     * @param slot  signals.
     * @param scope of the queue; gets {@code calls} and {@code calls-suppressed}.
     */
    Calls(final RingSlot slot, final Coalescing coalescing, final Counters.Scope scope) {
        this.slot = slot;
        this.coalescing = coalescing;
        sent = scope.counter("calls");
        suppressed = scope.counter("calls-suppressed");
    }

    /** Shows the driver all that was completed, and calls it if it wants that and it is time. */
    void publish(final DeviceRing ring) {
        final int returned = ring.publish();
        if (coalescing.ns() > 0) {
            publishLater(ring, returned);
        } else if (returned > 0) {
            call(ring);
        }
    }

    private void publishLater(final DeviceRing ring, final int returned) {
        if (returned + pending == 0) {
            return;
        }
        final long nowNs = System.nanoTime();
        if (pending == 0) {
            sinceNs = nowNs;
        }
        pending += returned;
        if (pending >= coalescing.buffers() || nowNs - sinceNs >= coalescing.ns()) {
            call(ring);
        }
    }

    /** Whether a call has been put off. */
    boolean isPending() {
        return pending > 0;
    }

    /** Puts nothing off any longer. */
    void flush(final DeviceRing ring) {
        if (pending > 0) {
            call(ring);
        }
    }

    /** The ring is not ours any more. */
    void forget() {
        pending = 0;
    }

    private void call(final DeviceRing ring) {
        pending = 0;
        if (!ring.wantsCall()) {
            suppressed.increment();
        } else if (slot.signal()) {
            sent.increment();
        }
    }
}
