/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.DropReason;
import io.millrace.packet.Ethernet;

/**
 * Exchanges source and destination MAC address of every packet: what came in goes back to its sender.
 *
 * <p>Drops packets that are too short to have both, as {@code runt}.
 */
public final class MacSwap extends Node {
    static final DropReason RUNT = new DropReason("runt", "shorter than an Ethernet header");

    private final Ethernet ethernet = new Ethernet();
    private final Output out = output("out");
    private DropPoint runts;

    /** A node with one output. */
    public MacSwap() {
    }

    /** Where the packets go. */
    public Output out() {
        return out;
    }

    @Override
    public MacSwap named(final String newName) {
        super.named(newName);
        return this;
    }

    @Override
    protected void onStart(final Worker worker) {
        runts = drops(RUNT);
    }

    @Override
    protected void process(final Burst burst) {
        int swapped = 0;
        while (swapped < burst.size() && ethernet.wrap(burst, swapped)) {
            ethernet.swapAddresses();
            swapped++;
        }
        if (swapped == burst.size()) {
            out.emitAll(burst);
        } else {
            emitOneByOne(burst, swapped);
        }
    }

    // Rare: a runt came, at that place.
    private void emitOneByOne(final Burst burst, final int swapped) {
        for (int i = 0; i < burst.size(); i++) {
            if (i < swapped) {
                out.emit(burst, i);
            } else if (ethernet.wrap(burst, i)) {
                ethernet.swapAddresses();
                out.emit(burst, i);
            } else {
                runts.drop(burst, i);
            }
        }
    }
}
