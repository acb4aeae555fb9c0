/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FramePool;
import io.millrace.Offload;
import io.millrace.RxQueue;
import org.agrona.UnsafeApi;

/** Makes packets of copies. The worker that polls it looks at least every so often: no copy wakes it. */
final class MirrorRxQueue implements RxQueue {
    private final Subscription subscription;
    private final int portId;
    private final Counter packets;
    private final Counter bytes;
    private final Counter truncated;
    private final Counter unfinished;
    private final Counter noFrame;

    MirrorRxQueue(final Subscription subscription, final int portId, final Counters.Scope scope) {
        this.subscription = subscription;
        this.portId = portId;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        truncated = scope.drops(Drops.TRUNCATED);
        unfinished = scope.drops(Drops.UNFINISHED);
        noFrame = scope.drops(DropReason.NO_FRAME);
    }

    @Override
    public int receive(final Burst burst) {
        final int before = burst.size();
        // As many copies as there is room for, dropped ones too: an empty pool must not keep the worker here.
        for (int n = burst.remaining(); n > 0; n--) {
            final PacketCopy copy = subscription.next();
            if (copy == null) {
                break;
            }
            if (copy.isTruncated()) {
                truncated.increment();
            } else if (!isFinishable(copy)) {
                unfinished.increment();
            } else {
                add(copy, burst);
            }
        }
        final int received = burst.size() - before;
        packets.add(received);
        return received;
    }

    private static boolean isFinishable(final PacketCopy copy) {
        return !copy.needsChecksum() || copy.gsoType() == Offload.GSO_NONE && copy.checksumStart() >= 0
            && copy.checksumOffset() >= 0
            && copy.checksumStart() <= copy.length() - Short.BYTES - copy.checksumOffset();
    }

    private void add(final PacketCopy copy, final Burst burst) {
        final int length = copy.length();
        final int offset = burst.frames().allocateFor(length);
        if (offset == FramePool.NONE) {
            noFrame.increment();
            return;
        }
        UnsafeApi.copyMemory(copy.address(), burst.frames().baseAddress() + offset, length);
        burst.add(offset, length, portId);
        if (copy.needsChecksum()) {
            burst.offload(burst.size() - 1, copy.checksumStart(), copy.checksumOffset(), Offload.GSO_NONE, 0, 0);
        }
        bytes.add(length);
    }

    @Override
    public void release() {
        // Nothing is held between two calls.
    }
}
