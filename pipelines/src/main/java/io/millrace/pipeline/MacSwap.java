/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.DropReason;
import org.agrona.UnsafeApi;

/**
 * Exchanges source and destination MAC address of every packet: what came in goes back to its sender.
 *
 * <p>Drops packets that are too short to have both, as {@code runt}.
 */
public final class MacSwap extends Node {
    static final DropReason RUNT = new DropReason("runt", "shorter than an Ethernet header");
    static final int HEADER_LENGTH = 14;

    private static final long MAC_MASK = (1L << 48) - 1;
    private static final int SOURCE_OFFSET = 6;

    private final Output out = output("out");
    private Counter runts;

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
        int shortest = Integer.MAX_VALUE;
        for (int i = 0; i < burst.size(); i++) {
            shortest = Math.min(shortest, burst.length(i));
        }
        if (shortest < HEADER_LENGTH) {
            processOneByOne(burst);
            return;
        }
        for (int i = 0; i < burst.size(); i++) {
            swap(burst.address(i));
        }
        out.emitAll(burst);
    }

    private void processOneByOne(final Burst burst) {
        for (int i = 0; i < burst.size(); i++) {
            if (burst.length(i) < HEADER_LENGTH) {
                runts.increment();
                burst.free(i);
            } else {
                swap(burst.address(i));
                out.emit(burst, i);
            }
        }
    }

    // Addresses as little-endian numbers: their first byte is the lowest. Every machine Millrace runs on is such.
    private static void swap(final long address) {
        final long destination = UnsafeApi.getLong(address);
        final long source = UnsafeApi.getLong(address + SOURCE_OFFSET);
        UnsafeApi.putLong(address, source & MAC_MASK | destination << 48);
        UnsafeApi.putInt(address + Long.BYTES, (int) (destination >>> Short.SIZE));
    }
}
