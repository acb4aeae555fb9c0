/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counters;
import io.millrace.linux.EventSignal;

import java.util.function.Function;

/**
 * What a virtual IOMMU in front of a device means for its rings: which addresses they use, and that they stand still
 * while their own are taken back.
 *
 * <p>Thread safety: control loop only.
 */
final class Iommu implements AutoCloseable {
    final Iotlb iotlb;

    private final Vring[] rings;
    private EventSignal signals;

    Iommu(final Vring[] rings, final Counters.Scope scope) {
        this.rings = rings;
        iotlb = new Iotlb(scope);
    }

    /**
     * Has running rings use what is known now, and wakes workers that sleep.
     *
     * @param wakesAll also those that have not asked for anything: what they will need is not known any more.
     */
    void publish(final DmaMap dma, final boolean wakesAll) {
        for (final Vring ring : rings) {
            if (ring.isRunning()) {
                ring.slot.dma(dma);
                if (ring.slot.misses().isAwaited() || wakesAll) {
                    wake(ring);
                }
            }
        }
    }

    /** Asks for what the worker of a ring needs. */
    void ask(final Vring ring) throws ProtocolViolation {
        if (!ring.slot.misses().take(ring.slot.dma(), iotlb::ask)) {
            wake(ring);
        }
    }

    /** As the driver would wake them. Workers sleep only on the rings that a guest transmits on. */
    private void wake(final Vring ring) {
        final Vring heard = rings[ring.index | 1];
        if (heard.kick() != null) {
            if (signals == null) {
                signals = EventSignal.open();
            }
            signals.signal(heard.kick().number());
        }
    }

    /**
     * Parks the rings that lie in a range of addresses which is taken back, and waits until no worker uses any of it:
     * the others have been given {@link #publish other addresses}.
     *
     * @return whether that is so; else ask again.
     */
    boolean leaves(final RingKind kind, final long first, final long last) {
        boolean isQuiet = true;
        for (final Vring ring : rings) {
            if (ring.isRunning()) {
                if (ring.touches(kind, first, last)) {
                    ring.slot.park(true);
                }
                isQuiet &= ring.slot.isParked() ? ring.slot.isIdle() : ring.slot.isDmaAdopted();
            }
        }
        return isQuiet;
    }

    /** A parked ring goes on: its own addresses lead to where they led before. */
    void unpark(final Vring ring) {
        ring.slot.park(false);
        wake(ring);
    }

    /**
     * Takes back parked rings whose own addresses lead to other memory now.
     *
     * @param whenReady what a ring would be started with; null if it cannot be.
     * @return true once no worker has any of them; else ask again.
     */
    boolean recallMoved(final Function<Vring, RingSetup> whenReady) {
        boolean isQuiet = true;
        for (final Vring ring : rings) {
            final RingSetup setup = ring.isParked() ? whenReady.apply(ring) : null;
            if (setup != null && !ring.isAt(setup)) {
                if (ring.slot.recall()) {
                    ring.stopped();
                } else {
                    isQuiet = false;
                }
            }
        }
        return isQuiet;
    }

    @Override
    public void close() {
        iotlb.close();
        if (signals != null) {
            signals.close();
        }
    }
}
