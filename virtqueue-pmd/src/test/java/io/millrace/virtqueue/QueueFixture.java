/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.EventFd;
import org.agrona.UnsafeApi;

import java.util.ArrayList;
import java.util.List;

/** One ring between a guest and both kinds of device queue, without a socket. */
abstract class QueueFixture implements AutoCloseable {
    static final long MODERN = Features.VIRTIO_F_VERSION_1;

    private final GuestPages pages;
    final FramePool pool = FramePool.create(512, 8);
    final FrameCache frames = pool.cache("test");
    final Counters counters = Counters.inMemory();
    final Burst burst = new Burst(frames, 64);
    final RingSlot slot = new RingSlot();
    final EventFd call = EventFd.create();
    final List<RejectReason> broken = new ArrayList<>();
    final DeviceRxQueue rx = new DeviceRxQueue(slot, 7, counters.scope("rx"));
    final DeviceTxQueue tx;

    QueueFixture(final GuestPages pages, final long features, final boolean isSealed, final Coalescing coalescing) {
        this.pages = pages;
        tx = new DeviceTxQueue(slot, coalescing, counters.scope("tx"));
        slot.onBroken(broken::add);
        slot.enabled(true);
        slot.call(call.fd());
        slot.offer(pages.setup(features, isSealed));
    }

    long count(final String name) {
        return counters.snapshot().getOrDefault(name, 0L);
    }

    byte received(final int packet, final int at) {
        return UnsafeApi.getByte(burst.address(packet) + at);
    }

    /** Adds a packet of {@code length} bytes, counting from {@code first}, to the burst. */
    void add(final int length, final int first) {
        final int offset = frames.allocateFor(length);
        for (int i = 0; i < length; i++) {
            UnsafeApi.putByte(pool.baseAddress() + offset + i, (byte) (first + i));
        }
        burst.add(offset, length, 0);
    }

    @Override
    public void close() {
        burst.freeAll();
        rx.release();
        while (!slot.recall()) {
            rx.release();
        }
        rx.close();
        tx.close();
        slot.close();
        call.close();
        pages.close();
        counters.close();
        pool.close();
    }
}
