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
    private final Counter kicksSuppressed;
    private final Counter indirect;
    private final Counter linkDown;
    private final Counter noFrame;
    private final Counter offload;
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
        kicksSuppressed = scope.counter("kicks-suppressed");
        indirect = scope.counter("indirect");
        linkDown = scope.drops(DropReason.LINK_DOWN);
        noFrame = scope.drops(DropReason.NO_FRAME);
        offload = scope.drops(OffloadRequest.NOT_NEGOTIATED);
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
        final int taken = current.hostOffloads();
        long sum = 0;
        int refused = 0;
        int starved = 0;
        for (int i = 0; i < n; i++) {
            final long request = OffloadRequest.of(burst, i, taken);
            if (request == OffloadRequest.REFUSED) {
                burst.frames().free(burst.offset(i));
                refused++;
            } else if (post(current, burst, i, request)) {
                sum += burst.length(i);
            } else {
                starved++;
            }
        }
        burst.takeFront(n);
        final int sent = n - refused - starved;
        packets.add(sent);
        bytes.add(sum);
        offload.add(refused);
        noFrame.add(starved);
        final int kicked = current.publish(signal);
        kicks.add(kicked);
        kicksSuppressed.add(1 - kicked);
        return sent;
    }

    private boolean post(final DriverRing current, final Burst burst, final int i, final long request) {
        final int offset = burst.offset(i);
        final int length = burst.length(i);
        // Frames of both classes start at multiples of the small one's size: most packets pass by this test.
        if ((offset & FRAME_MASK) < FramePool.RESERVED + current.headerLength()
            && burst.frames().headroom(offset) < current.headerLength()) {
            return postWithoutHeadroom(current, burst, i, request);
        }
        postBehindHeader(current, offset, length, request, OffloadRequest.headers(burst, i));
        return true;
    }

    private void postBehindHeader(final DriverRing current, final int offset, final int length, final long request,
                                  final int headers) {
        final int headerLength = current.headerLength();
        final int start = offset - headerLength;
        if (request == OffloadRequest.NONE) {
            NetHeader.writeZero(poolBase + start, headerLength);
        } else {
            NetHeader.write(poolBase + start, headerLength, request, headers, 0);
        }
        current.post(offset, start, headerLength + length, 0);
    }

    /** Somebody pushed so many headers that none fits before them: by an indirect table, or from a new frame. */
    private boolean postWithoutHeadroom(final DriverRing current, final Burst burst, final int i, final long request) {
        final FrameCache frames = burst.frames();
        final int offset = burst.offset(i);
        final int length = burst.length(i);
        if (request == OffloadRequest.NONE && current.isIndirect()) {
            current.postIndirect(offset, offset, length);
            indirect.increment();
            return true;
        }
        final int copy = frames.allocateFor(length);
        if (copy != FramePool.NONE) {
            UnsafeApi.copyMemory(poolBase + offset, poolBase + copy, length);
            postBehindHeader(current, copy, length, request, OffloadRequest.headers(burst, i));
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
