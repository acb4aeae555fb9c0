/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.LinkState;
import io.millrace.PortContext;
import io.millrace.QueuePort;
import io.millrace.RxQueue;
import io.millrace.TxQueue;
import org.agrona.UnsafeApi;

import java.util.function.IntFunction;

/**
 * A port whose packets go round and round: what any port of its {@link Treadmill} transmits lies ready to be received
 * again where it was received first. So what a pass costs is the graph's, and little more: two array accesses a packet.
 *
 * <p>Thread safety: {@link #order} and {@link #end} for the benchmark's thread; the queues for the one worker of all
 * ports.
 */
final class LoopPort extends QueuePort<RxQueue, TxQueue> {
    private final Treadmill treadmill;
    private final FrameCache home;
    private final int[] lengths;
    private final int[] offsets;
    private int top;
    private int left;
    private boolean isBusy;
    private int begun;
    private int ordered;
    private volatile int orders;

    LoopPort(final String name, final PortContext context, final Treadmill treadmill, final int count,
             final IntFunction<byte[]> packets) {
        super(name, context);
        this.treadmill = treadmill;
        home = context.pool().cache(name);
        offsets = new int[count];
        lengths = new int[count];
        while (top < count) {
            final byte[] packet = packets.apply(top);
            final int offset = home.allocateFor(packet.length);
            for (int i = 0; i < packet.length; i++) {
                UnsafeApi.putByte(home.baseAddress() + offset + i, packet[i]);
            }
            lengths[top] = packet.length;
            offsets[top++] = offset;
        }
        addQueues(new Rx(), new Tx());
    }

    /** Has all packets received that many times from now on. */
    void order(final int bursts) {
        ordered = bursts;
        orders++;
    }

    @Override
    public LinkState link() {
        return LinkState.UP;
    }

    @Override
    protected void end() {
        while (top > 0) {
            home.free(offsets[--top]);
        }
        home.close();
    }

    private boolean hasOrder() {
        if (isBusy && top == offsets.length) {
            isBusy = false;
            treadmill.finished();
        }
        final int now = orders;
        if (isBusy || now == begun) {
            return false;
        }
        begun = now;
        left = ordered;
        isBusy = true;
        return true;
    }

    private void giveBack(final int offset, final FrameCache frames) {
        if (top == offsets.length) {
            // A copy: which of the two goes on does not matter.
            frames.free(offset);
        } else {
            offsets[top++] = offset;
        }
    }

    /** Receives all packets at once, if they are back and it was ordered. */
    private final class Rx implements RxQueue {
        @Override
        public int receive(final Burst burst) {
            if (left == 0 && !hasOrder() || top < offsets.length) {
                return 0;
            }
            left--;
            final int n = top;
            for (int i = 0; i < n; i++) {
                burst.add(offsets[i], lengths[i], id());
            }
            top = 0;
            return n;
        }

        @Override
        public void release() {
        }
    }

    /** Takes everything. */
    private final class Tx implements TxQueue {
        @Override
        public int transmit(final Burst burst) {
            final int n = burst.size();
            for (int i = 0; i < n; i++) {
                treadmill.port(burst.port(i)).giveBack(burst.offset(i), burst.frames());
            }
            burst.takeFront(n);
            return n;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void release() {
        }
    }
}
