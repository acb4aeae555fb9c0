/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.Slot;
import io.millrace.TxQueue;
import io.millrace.linux.Errno;
import io.millrace.linux.IoUring;
import io.millrace.linux.Mapping;
import io.millrace.linux.PacketIo;

/**
 * A transmit queue of a tap port: what the kernel receives through the interface. Written straight from the frames, by
 * a call each if they are few, else all by one io_uring; the frames are free again when it returns.
 *
 * <p>Thread safety: as {@link TxQueue} says.
 */
final class TapTxQueue implements TxQueue, AutoCloseable {
    static final DropReason REFUSED = new DropReason("refused", "the kernel took it for no packet (EINVAL)");
    static final DropReason OFFLOAD =
        new DropReason("offload", "the packet leaves work to be done that this device was not opened to take");

    /** The most packets of one system call; longer bursts take several. */
    static final int COLUMN = 64;

    // Below this a call for each packet is cheaper than one for all: measured, see DESIGN.md.
    private static final int TOGETHER_FROM = 5;
    // Results of packets that the kernel never sees; it knows no such errors.
    private static final int IS_RUNT = -10_001;
    private static final int IS_NOT_IP = -10_002;
    private static final int HAS_OFFLOAD = -10_003;
    // Not yet tried, which is how a packet that did not fit ends.
    private static final int UNSENT = -Errno.EAGAIN;
    private static final int PARTS = 2;
    private static final int VECTORS = COLUMN * PARTS * PacketIo.VECTOR_LENGTH;
    private static final int HEADER_ROOM = 16;

    private final Slot<TapQueue> slot;
    private final int headerLength;
    private final int shift;
    private final Mapping memory;
    private final long vectors;
    private final long headers;
    private final int[] results = new int[COLUMN];
    private final Counter packets;
    private final Counter bytes;
    private final Counter calls;
    private final Counter linkDown;
    private final Counter refused;
    private final Counter runt;
    private final Counter notIp;
    private final Counter offload;
    private TapQueue queue;
    private boolean isBlocked;
    private Burst unsentOnes;

    /**
     * A queue without a device.
     *
     * @param slot    where its devices come from.
     * @param framing what is in front of packets.
     * @param scope   where it counts.
     */
    TapTxQueue(final Slot<TapQueue> slot, final Framing framing, final Counters.Scope scope) {
        this.slot = slot;
        headerLength = framing.headerLength();
        shift = framing.shift();
        memory = Mapping.anonymous(VECTORS + (long) COLUMN * HEADER_ROOM, "the vectors and headers of a tap queue");
        vectors = memory.address();
        headers = vectors + VECTORS;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        calls = scope.counter("calls");
        linkDown = scope.drops(DropReason.LINK_DOWN);
        refused = scope.drops(REFUSED);
        runt = scope.drops(TapRxQueue.RUNT);
        notIp = scope.drops(TapRxQueue.NOT_IP);
        offload = scope.drops(OFFLOAD);
    }

    @Override
    public int transmit(final Burst burst) {
        if ((queue == null || !slot.isHeld()) && !attend()) {
            linkDown.add(burst.freeAll());
            return 0;
        }
        final int before = burst.size();
        int dropped = 0;
        int n = Math.min(before, COLUMN);
        while (n > 0) {
            send(burst, n);
            dropped += settle(burst, n);
            // What is left did not fit: it is at the front, and would not fit again.
            n = isBlocked ? 0 : Math.min(burst.size(), COLUMN);
        }
        return before - burst.size() - dropped;
    }

    private void send(final Burst burst, final int n) {
        final int left = check(burst, n);
        final IoUring ring = queue.ring();
        if (ring != null && left >= TOGETHER_FROM) {
            writeTogether(ring, burst, n);
        } else {
            writeSingly(queue.fd().number(), burst, n);
        }
    }

    private boolean attend() {
        if (queue != null) {
            queue.rest();
        }
        queue = slot.attend();
        return queue != null;
    }

    /** First pass: what the kernel need not be bothered with gets its result; the others get their headers. */
    private int check(final Burst burst, final int n) {
        int left = 0;
        for (int i = 0; i < n; i++) {
            results[i] = fault(burst, i);
            left += results[i] == UNSENT ? 1 : 0;
        }
        return left;
    }

    private int fault(final Burst burst, final int i) {
        final int length = burst.length(i);
        if (length < EthernetShim.LENGTH || length == shift) {
            return IS_RUNT;
        }
        if (shift != 0 && !EthernetShim.isIpIn(burst.address(i))) {
            return IS_NOT_IP;
        }
        if (headerLength == 0) {
            return burst.hasOffload(i) ? HAS_OFFLOAD : UNSENT;
        }
        final long header = headers + (long) i * HEADER_ROOM;
        if (!VnetHeader.write(header, shift, burst, i)) {
            return -Errno.EINVAL;
        }
        PacketIo.part(vector(i), 0, header, headerLength);
        PacketIo.part(vector(i), 1, burst.address(i) + shift, length - shift);
        return UNSENT;
    }

    private long vector(final int i) {
        return vectors + (long) i * PARTS * PacketIo.VECTOR_LENGTH;
    }

    private void writeSingly(final int fd, final Burst burst, final int n) {
        for (int i = 0; i < n; i++) {
            if (results[i] == UNSENT) {
                results[i] = headerLength == 0
                    ? PacketIo.write(fd, burst.address(i) + shift, burst.length(i) - shift)
                    : PacketIo.writev(fd, vector(i), PARTS);
                calls.increment();
            }
        }
    }

    private void writeTogether(final IoUring ring, final Burst burst, final int n) {
        for (int i = 0; i < n; i++) {
            if (results[i] != UNSENT) {
                continue;
            }
            if (headerLength == 0) {
                ring.write(burst.address(i) + shift, burst.length(i) - shift, i);
            } else {
                ring.writev(vector(i), PARTS, i);
            }
        }
        ring.submit();
        calls.increment();
        while (ring.next()) {
            results[ring.token()] = ring.result();
        }
    }

    /**
     * Last pass: counts and frees what was sent or refused, and leaves the rest in the burst.
     *
     * @return how many packets were dropped.
     */
    private int settle(final Burst burst, final int n) {
        final FrameCache frames = burst.frames();
        long sum = 0;
        int sent = 0;
        int unsent = 0;
        for (int i = 0; i < n; i++) {
            if (results[i] >= 0) {
                sent++;
                sum += burst.length(i);
            } else if (isUnsent(results[i])) {
                unsent++;
            } else {
                reason(results[i]).increment();
            }
        }
        packets.add(sent);
        bytes.add(sum);
        isBlocked = unsent > 0;
        if (isBlocked) {
            keepUnsent(burst, n);
        } else {
            for (int i = 0; i < n; i++) {
                frames.free(burst.offset(i));
            }
            burst.takeFront(n);
        }
        return n - sent - unsent;
    }

    private static boolean isUnsent(final int result) {
        return result == UNSENT || result == -Errno.ENOBUFS || result == -Errno.ENOMEM;
    }

    /** Rare: the kernel is out of memory, or its owner has limited what the device may hold. */
    private void keepUnsent(final Burst burst, final int n) {
        if (unsentOnes == null || unsentOnes.frames() != burst.frames() || unsentOnes.capacity() < burst.capacity()) {
            unsentOnes = new Burst(burst.frames(), burst.capacity());
        }
        final int size = burst.size();
        for (int i = 0; i < size; i++) {
            if (i >= n || isUnsent(results[i])) {
                burst.move(i, unsentOnes);
            } else {
                burst.free(i);
            }
        }
        burst.takeFront(size);
        unsentOnes.moveAll(burst);
    }

    private Counter reason(final int result) {
        return switch (result) {
            case IS_RUNT -> runt;
            case IS_NOT_IP -> notIp;
            case HAS_OFFLOAD -> offload;
            case -Errno.EIO -> linkDown;
            case -Errno.EBADFD -> {
                queue.broken();
                yield linkDown;
            }
            default -> refused;
        };
    }

    @Override
    public boolean isReady() {
        return slot.isOccupied();
    }

    @Override
    public void release() {
        if (queue != null) {
            queue.rest();
            queue = null;
            unsentOnes = null;
            slot.release();
        }
    }

    /** Gives its memory back. Nobody transmits any more. */
    @Override
    public void close() {
        memory.close();
    }
}
