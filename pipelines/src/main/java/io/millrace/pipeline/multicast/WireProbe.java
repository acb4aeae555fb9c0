/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.pipeline.DropProbe;
import io.millrace.pipeline.Probe;

/** Publishes what passes one wire, or ends at one drop point, on one worker. */
final class WireProbe implements Probe, DropProbe {
    private final Ring ring;
    private final int id;
    private final int wire;
    private final PacketSelector selector;
    private long published;

    /**
     * A probe.
     *
     * @param ring     of the worker.
     * @param id       its own number.
     * @param wire     the number of the wire.
     * @param selector which packets to publish; null for all.
     */
    WireProbe(final Ring ring, final int id, final int wire, final PacketSelector selector) {
        this.ring = ring;
        this.id = id;
        this.wire = wire;
        this.selector = selector;
    }

    @Override
    public void observe(final Burst burst) {
        ring.publish(burst, this);
    }

    @Override
    public void observe(final Burst burst, final int i) {
        ring.publish(burst, i, this);
    }

    boolean selects(final Burst burst, final int i) {
        return selector == null || selector.selects(burst, i);
    }

    int id() {
        return id;
    }

    int wire() {
        return wire;
    }

    long nextNumber() {
        return published++;
    }
}
