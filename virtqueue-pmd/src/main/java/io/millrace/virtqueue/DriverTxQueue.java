/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.TxQueue;
import io.millrace.linux.EventSignal;
import org.agrona.UnsafeApi;

import java.util.function.Consumer;

/**
 * A transmit queue of a virtio-user port: one descriptor per packet, pointing at the frame itself. The frame is the
 * back-end's until it returns the descriptor; at the next transmit it goes to {@link Burst#frames()}.
 *
 * <p>Thread safety: as {@link TxQueue} says.
 */
final class DriverTxQueue implements TxQueue, AutoCloseable {
    // More than a burst brings in, so that a back-end's backlog of returns shrinks; bounded, so that one call is.
    private static final int REAP_MOST = 256;
    private static final int FRAME_MASK = FramePool.FRAME_SIZE - 1;

    private final DriverSlot slot;
    private final long poolBase;
    private final Consumer<BackEndFault> onFault;
    private final EventSignal signal = EventSignal.open();
    private final Counter packets;
    private final Counter bytes;
    private final Counter kicks;
    private final Counter linkDown;
    private final Counter noFrame;
    private DriverRing ring;

    /**
     * A queue without a ring.
     *
     * @param slot    where its rings come from.
     * @param scope   where it counts.
     * @param onFault called on the worker when the back-end broke the ring.
     */
    DriverTxQueue(final DriverSlot slot, final FramePool pool, final Counters.Scope scope,
                  final Consumer<BackEndFault> onFault) {
        this.slot = slot;
        this.poolBase = pool.baseAddress();
        this.onFault = onFault;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        kicks = scope.counter("kicks");
        linkDown = scope.drops(DropReason.LINK_DOWN);
        noFrame = scope.drops(DropReason.NO_FRAME);
    }

    @Override
    public int transmit(final Burst burst) {
        final FrameCache frames = burst.frames();
        if ((ring == null || !slot.isHeld()) && !attend(frames)) {
            linkDown.add(burst.freeAll());
            return 0;
        }
        final DriverRing current = ring;
        if (current.inFlight() > 0 && current.reap(frames, REAP_MOST) == DriverRing.NONE) {
            breakRing(frames);
            linkDown.add(burst.freeAll());
            return 0;
        }
        final int n = Math.min(burst.size(), current.free());
        if (n == 0) {
            return 0;
        }
        return send(current, burst, n);
    }

    private boolean attend(final FrameCache frames) {
        ring = slot.attend(frames);
        return ring != null;
    }

    private int send(final DriverRing current, final Burst burst, final int n) {
        final int headerLength = current.headerLength();
        long sum = 0;
        int unsent = 0;
        for (int i = 0; i < n; i++) {
            final int offset = burst.offset(i);
            final int length = burst.length(i);
            // Frames of both classes start at multiples of the small one's size: most packets pass by this test.
            if ((offset & FRAME_MASK) >= FramePool.RESERVED + headerLength
                || burst.frames().headroom(offset) >= headerLength) {
                final int start = offset - headerLength;
                NetHeader.writeZero(poolBase + start, headerLength);
                current.post(offset, start, headerLength + length, 0);
                sum += length;
            } else if (postWithoutHeadroom(current, burst.frames(), offset, length)) {
                sum += length;
            } else {
                unsent++;
            }
        }
        burst.takeFront(n);
        packets.add(n - unsent);
        bytes.add(sum);
        noFrame.add(unsent);
        kicks.add(current.publish(signal));
        return n - unsent;
    }

    /** Somebody pushed so many headers that none fits before them: by an indirect table, or from a new frame. */
    private boolean postWithoutHeadroom(final DriverRing current, final FrameCache frames, final int offset,
                                        final int length) {
        if (current.isIndirect()) {
            current.postIndirect(offset, offset, length);
            return true;
        }
        final int copy = frames.allocateFor(length);
        if (copy != FramePool.NONE) {
            UnsafeApi.copyMemory(poolBase + offset, poolBase + copy, length);
            final int start = copy - current.headerLength();
            NetHeader.writeZero(poolBase + start, current.headerLength());
            current.post(copy, start, current.headerLength() + length, 0);
        }
        frames.free(offset);
        return copy != FramePool.NONE;
    }

    private void breakRing(final FrameCache frames) {
        final BackEndFault fault = ring.fault();
        ring = null;
        slot.abandon(frames);
        onFault.accept(fault);
    }

    @Override
    public boolean isReady() {
        return slot.isOccupied();
    }

    @Override
    public void release() {
        if (ring != null) {
            ring = null;
            slot.release();
        }
    }

    /** Gives up what it signals with. Nobody polls it any more. */
    @Override
    public void close() {
        signal.close();
    }
}
