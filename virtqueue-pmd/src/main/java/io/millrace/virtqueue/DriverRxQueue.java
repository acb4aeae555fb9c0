/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.RxQueue;
import io.millrace.linux.EventSignal;
import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

import java.util.function.Consumer;

/**
 * A receive queue of a virtio-user port. Keeps the ring filled with normal frames; a packet in one of them is handed on
 * where the back-end put it, one that fills several is gathered into a jumbo frame.
 *
 * <p>Thread safety: as {@link RxQueue} says.
 */
final class DriverRxQueue implements RxQueue, AutoCloseable {
    static final DropReason BAD_LENGTH =
        new DropReason("bad-length", "the back-end returned a packet shorter than an Ethernet header or too long");

    private static final int COLUMN = 64;
    private static final int REFILL = 64;
    private static final int REFILL_LEAST = 32;
    private static final int MIN_PACKET = 14;

    private final DriverSlot slot;
    private final int portId;
    private final long poolBase;
    private final Consumer<BackEndFault> onFault;
    private final EventSignal signal = EventSignal.open();
    private final Counter packets;
    private final Counter bytes;
    private final Counter kicks;
    private final Counter kicksSuppressed;
    private final Counter merged;
    private final Counter starved;
    private final Counter noFrame;
    private final Counter badLength;
    private final Counter offload;
    private final Counter badOffload;

    private final int[] offsets = new int[COLUMN];
    private final int[] lengths = new int[COLUMN];
    private final int[] buffers = new int[COLUMN];
    private final int[] fresh = new int[REFILL];
    private DriverRing ring;
    // Only written: keeps the early loads of packet bytes from being optimized away.
    private long touched;
    // What the column holds, and how many further buffers the ring has for the packet that is being gathered.
    private int column;
    private int beyond;
    private long receivedBytes;

    /**
     * A queue without a ring.
     *
     * @param slot    where its rings come from.
     * @param portId  marks the packets.
     * @param scope   where it counts.
     * @param onFault called on the worker when the back-end broke the ring.
     */
    DriverRxQueue(final DriverSlot slot, final FramePool pool, final int portId, final Counters.Scope scope,
                  final Consumer<BackEndFault> onFault) {
        this.slot = slot;
        this.portId = portId;
        this.poolBase = pool.baseAddress();
        this.onFault = onFault;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        kicks = scope.counter("kicks");
        kicksSuppressed = scope.counter("kicks-suppressed");
        merged = scope.counter("merged");
        starved = scope.counter("starved");
        noFrame = scope.drops(DropReason.NO_FRAME);
        badLength = scope.drops(BAD_LENGTH);
        offload = scope.drops(OffloadRequest.NOT_NEGOTIATED);
        badOffload = scope.drops(OffloadRequest.SENSELESS);
    }

    @Override
    public int receive(final Burst burst) {
        final FrameCache frames = burst.frames();
        if (ring == null || !slot.isHeld()) {
            ring = slot.attend(frames);
            if (ring == null) {
                return 0;
            }
        }
        final DriverRing current = ring;
        final int before = burst.size();
        final int used = current.used();
        if (used > 0) {
            take(current, burst, used);
        }
        final int received = burst.size() - before;
        if (current.fault() != null) {
            ring = null;
            slot.abandon(frames);
            onFault.accept(current.fault());
        } else if (current.free() >= Math.min(REFILL_LEAST, (current.size() + 3) / 4)) {
            refill(current, frames);
        }
        return received;
    }

    private void take(final DriverRing current, final Burst burst, final int used) {
        final int before = burst.size();
        column = read(current, Math.min(Math.min(used, burst.remaining()), COLUMN));
        beyond = used - column;
        receivedBytes = 0;
        final int headerLength = current.headerLength();
        final int bufferLength = current.bufferLength();
        int i = 0;
        while (i < column) {
            final int length = lengths[i];
            if (buffers[i] != 1) {
                i = gather(current, burst, i);
            } else if (length < headerLength + MIN_PACKET || length > bufferLength) {
                drop(burst.frames(), i++, badLength);
            } else {
                add(burst, offsets[i], length - headerLength, request(poolBase + offsets[i] - headerLength),
                    current.guestOffloads());
                i++;
            }
        }
        current.keepQuiet();
        packets.add(burst.size() - before);
        bytes.add(receivedBytes);
    }

    /** What a packet with that header leaves to be done: its fields are read once. */
    private static long request(final long header) {
        final int asks = NetHeader.asks(header);
        return asks == 0 ? OffloadRequest.NONE : NetHeader.request(header, asks);
    }

    private void add(final Burst burst, final int offset, final int length, final long request, final int allowed) {
        if (request == OffloadRequest.NONE) {
            burst.add(offset, length, portId);
        } else if (!OffloadRequest.isWithin(request, allowed)) {
            burst.frames().free(offset);
            offload.increment();
            return;
        } else if (!OffloadCheck.add(burst, offset, length, portId, request)) {
            burst.frames().free(offset);
            badOffload.increment();
            return;
        }
        receivedBytes += length;
    }

    /** First pass: tokens, lengths and buffer counts into columns, so that the cache misses of all packets overlap. */
    private int read(final DriverRing current, final int n) {
        final int headerLength = current.headerLength();
        final boolean isMergeable = current.isMergeable();
        long touch = 0;
        for (int i = 0; i < n; i++) {
            final long taken = current.takeUsed();
            final int offset = (int) taken;
            if (offset == DriverRing.NONE) {
                return i;
            }
            offsets[i] = offset;
            lengths[i] = length(taken);
            // virtio 1.2, 5.1.6.4.1: the count means nothing unless MRG_RXBUF was negotiated.
            buffers[i] = isMergeable ? NetHeader.buffers(poolBase + offset - headerLength) : 1;
            touch += UnsafeApi.getLong(poolBase + offset);
        }
        touched = touch;
        return n;
    }

    /** The written length; beyond 31 bits it is nonsense, and stays too long. */
    private static int length(final long taken) {
        final int length = (int) (taken >>> 32);
        return length < 0 ? Integer.MAX_VALUE : length;
    }

    private void drop(final FrameCache frames, final int i, final Counter reason) {
        frames.free(offsets[i]);
        reason.increment();
    }

    /**
     * Puts a packet that fills several buffers into one jumbo frame.
     *
     * @return the place in the column behind its last buffer.
     */
    private int gather(final DriverRing current, final Burst burst, final int first) {
        final int count = buffers[first];
        final FrameCache frames = burst.frames();
        if (count == 0 || count > column - first + beyond) {
            current.breakWith(BackEndFault.BUFFER_COUNT);
            for (int i = first; i < column; i++) {
                frames.free(offsets[i]);
            }
            return column;
        }
        final int headerLength = current.headerLength();
        final long request = request(poolBase + offsets[first] - headerLength);
        final int jumbo = frames.allocateJumbo();
        int total = 0;
        boolean isBad = false;
        int i = first;
        for (int k = 0; k < count; k++) {
            final int offset;
            final int length;
            if (i < column) {
                offset = offsets[i];
                length = lengths[i++];
            } else {
                final long taken = current.takeUsed();
                offset = (int) taken;
                length = length(taken);
                beyond--;
            }
            if (offset == DriverRing.NONE) {
                isBad = true;
                break;
            }
            // The header is in the first buffer only; the others are packet bytes from their very start.
            final int skip = k == 0 ? headerLength : 0;
            isBad |= length < skip || length > current.bufferLength()
                || total + length - skip > FramePool.JUMBO_CAPACITY;
            if (!isBad && jumbo != FramePool.NONE) {
                UnsafeApi.copyMemory(poolBase + offset - headerLength + skip, poolBase + jumbo + total, length - skip);
            }
            total += isBad ? 0 : length - skip;
            frames.free(offset);
        }
        if (jumbo == FramePool.NONE) {
            noFrame.increment();
        } else if (isBad || total < MIN_PACKET) {
            frames.free(jumbo);
            badLength.increment();
        } else {
            add(burst, jumbo, total, request, current.guestOffloads());
            merged.increment();
        }
        return i;
    }

    /** Posts as many frames as fit, a batch at most: a large ring fills over several polls. */
    private void refill(final DriverRing current, final FrameCache frames) {
        final int wanted = Math.min(current.free(), REFILL);
        final int got = frames.allocate(fresh, 0, wanted);
        final int headerLength = current.headerLength();
        final int bufferLength = current.bufferLength();
        for (int i = 0; i < got; i++) {
            final int offset = fresh[i];
            current.post(offset, offset - headerLength, bufferLength, DriverRing.DEVICE_WRITES);
        }
        if (got < wanted) {
            starved.increment();
        }
        if (got > 0) {
            final int kicked = current.publish(signal);
            kicks.add(kicked);
            kicksSuppressed.add(1 - kicked);
        }
    }

    @Override
    public Fd arm() {
        if (ring == null || !slot.isHeld()) {
            return null;
        }
        ring.wantCall(true);
        return ring.call();
    }

    @Override
    public void disarm() {
        if (ring != null && slot.isHeld()) {
            ring.wantCall(false);
        }
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
