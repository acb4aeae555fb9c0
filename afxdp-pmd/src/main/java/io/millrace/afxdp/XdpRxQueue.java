/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.RxQueue;
import io.millrace.Slot;
import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

/**
 * A receive queue of an AF_XDP port. Keeps the fill ring full of normal frames; a packet in one of them is handed on
 * where the kernel put it, one that fills several is gathered into a jumbo frame.
 *
 * <p>Thread safety: as {@link RxQueue} says.
 */
final class XdpRxQueue implements RxQueue {
    private static final int REFILL_LEAST = 32;

    private final Slot<RxRings> slot;
    private final int portId;
    private final long poolBase;
    private final boolean isBusyPolling;
    private final Runnable onBroken;
    private final Counter packets;
    private final Counter bytes;
    private final Counter wakeups;
    private final Counter starved;
    private final Counter noFrame;
    private final Counter badDescriptor;
    private final Counter tooLong;
    private final Counter tooShort;

    private RxRings rings;
    // Only written: keeps the early loads of packet bytes from being optimized away.
    private long touched;

    /**
     * A queue without rings.
     *
     * @param slot          where they come from.
     * @param portId        marks the packets.
     * @param isBusyPolling whether an empty poll drives the device.
     * @param scope         where it counts.
     * @param onBroken      called on the worker, once, when an index of the kernel makes no sense.
     */
    XdpRxQueue(final Slot<RxRings> slot, final FramePool pool, final int portId, final boolean isBusyPolling,
               final Counters.Scope scope, final Runnable onBroken) {
        this.slot = slot;
        this.portId = portId;
        this.poolBase = pool.baseAddress();
        this.isBusyPolling = isBusyPolling;
        this.onBroken = onBroken;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        wakeups = scope.counter("wakeups");
        starved = scope.counter("starved");
        noFrame = scope.drops(DropReason.NO_FRAME);
        badDescriptor = scope.drops(Drops.BAD_DESCRIPTOR);
        tooLong = scope.drops(Drops.TOO_LONG);
        tooShort = scope.drops(Drops.TOO_SHORT);
    }

    @Override
    public int receive(final Burst burst) {
        if (rings == null || !slot.isHeld()) {
            rings = slot.attend();
            if (rings == null) {
                return 0;
            }
        }
        final RxRings current = rings;
        if (current.isBroken()) {
            return 0;
        }
        final int before = burst.size();
        final int read = current.read(Math.min(burst.remaining(), RxRings.COLUMN));
        if (read > 0) {
            take(current, burst, read);
        }
        if (current.bad() > 0) {
            badDescriptor.add(current.bad());
        }
        if (current.isBroken()) {
            onBroken.run();
        } else {
            supply(current, burst.frames(), read == 0);
        }
        return burst.size() - before;
    }

    private void take(final RxRings current, final Burst burst, final int n) {
        touch(current, n);
        final FrameCache frames = burst.frames();
        final Assembly assembly = current.assembly();
        final int before = burst.size();
        long sum = 0;
        for (int i = 0; i < n; i++) {
            final int offset = current.offsets[i];
            final int length = current.lengths[i];
            if (current.isContinued[i] || assembly.isOpen()) {
                assembly.append(frames, offset, length);
                sum += current.isContinued[i] ? 0 : finish(assembly, burst);
            } else if (RxRings.isPacket(length)) {
                burst.add(offset, length, portId);
                sum += length;
            } else {
                frames.free(offset);
                (length == 0 ? badDescriptor : tooShort).increment();
            }
        }
        packets.add(burst.size() - before);
        bytes.add(sum);
    }

    /** Loads the first bytes of all packets, so that their cache misses overlap. */
    private void touch(final RxRings current, final int n) {
        long sum = 0;
        for (int i = 0; i < n; i++) {
            // Aligned, so that it does not reach beyond the pool whatever the kernel says.
            sum += UnsafeApi.getLong(poolBase + (current.offsets[i] & -Long.BYTES));
        }
        touched = sum;
    }

    /** Ends a packet of several pieces and returns its length, 0 if it was dropped. */
    private int finish(final Assembly assembly, final Burst burst) {
        final boolean isGood = assembly.isGood();
        final int offset = assembly.finish(burst.frames());
        if (offset != FramePool.NONE) {
            burst.add(offset, assembly.length(), portId);
            return assembly.length();
        }
        (isGood ? noFrame : tooLong).increment();
        return 0;
    }

    private void supply(final RxRings current, final FrameCache frames, final boolean isIdle) {
        final int missing = current.missing();
        boolean isFresh = false;
        if (missing >= REFILL_LEAST || missing > 0 && isIdle) {
            isFresh = true;
            if (!current.refill(frames)) {
                starved.increment();
            }
        }
        // Driving the device is what an empty poll is for where no interrupt does it.
        if ((isFresh || isIdle) && (isBusyPolling && isIdle || current.needsWakeup())) {
            current.socket().wakeReceiver();
            wakeups.increment();
        }
    }

    @Override
    public Fd arm() {
        return rings == null ? null : rings.socket().fd();
    }

    @Override
    public void release() {
        if (rings != null) {
            rings = null;
            slot.release();
        }
    }
}
