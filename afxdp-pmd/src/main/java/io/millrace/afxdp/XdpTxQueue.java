/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.Slot;
import io.millrace.TxQueue;
import io.millrace.linux.Errno;

/**
 * A transmit queue of an AF_XDP port: descriptors that point at the frames themselves. A frame is the kernel's until it
 * comes back on the completion ring; at the next transmit it goes to {@link Burst#frames()}.
 *
 * <p>Thread safety: as {@link TxQueue} says.
 */
final class XdpTxQueue implements TxQueue {
    // More than a burst brings in, so that a backlog shrinks; bounded, so that one call is.
    private static final int REAP_MOST = 256;
    private static final int MIN_PACKET = 14;

    private final Slot<TxRings> slot;
    private final Gate gate;
    private final Runnable onBroken;
    private final Counter packets;
    private final Counter bytes;
    private final Counter wakeups;
    private final Counter linkDown;
    private final Counter badDescriptor;
    private final Counter tooLong;
    private final Counter tooShort;
    private TxRings rings;

    /**
     * A queue without rings.
     *
     * @param slot     where they come from.
     * @param gate     says whether packets may go out.
     * @param scope    where it counts.
     * @param onBroken called on the worker, once, when the kernel says that nothing goes out here any more.
     */
    XdpTxQueue(final Slot<TxRings> slot, final Gate gate, final Counters.Scope scope, final Runnable onBroken) {
        this.slot = slot;
        this.gate = gate;
        this.onBroken = onBroken;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        wakeups = scope.counter("wakeups");
        linkDown = scope.drops(DropReason.LINK_DOWN);
        badDescriptor = scope.drops(Drops.BAD_DESCRIPTOR);
        tooLong = scope.drops(Drops.TOO_LONG);
        tooShort = scope.drops(Drops.TOO_SHORT);
    }

    @Override
    public int transmit(final Burst burst) {
        if (rings == null || !slot.isHeld()) {
            rings = slot.attend();
        }
        final TxRings current = rings;
        if (current == null || current.isBroken()) {
            linkDown.add(burst.freeAll());
            return 0;
        }
        if (current.inFlight() > 0) {
            current.reap(burst.frames(), REAP_MOST);
            badDescriptor.add(current.bad());
            if (current.isBroken()) {
                onBroken.run();
            }
        }
        final int longest = gate.longest();
        if (longest == Gate.CLOSED || current.isBroken()) {
            // What the kernel has already waits there until the device is up again.
            linkDown.add(burst.freeAll());
            return 0;
        }
        final int sent = burst.isEmpty() ? 0 : send(current, burst, longest);
        if (current.needsWakeup()) {
            wake(current);
        }
        return sent;
    }

    private int send(final TxRings current, final Burst burst, final int longest) {
        final FrameCache frames = burst.frames();
        final int n = burst.size();
        int free = current.free();
        long sum = 0;
        int dropped = 0;
        int i = 0;
        while (i < n && free > 0) {
            final int offset = burst.offset(i);
            final int length = burst.length(i);
            final int pieces = TxRings.pieces(offset, length);
            if (length > longest || pieces > current.mostPieces() || length < MIN_PACKET) {
                (length < MIN_PACKET ? tooShort : tooLong).increment();
                frames.free(offset);
                dropped++;
            } else if (pieces == 1) {
                current.post(offset, length);
                free--;
                sum += length;
            } else if (pieces <= free) {
                current.postPieces(offset, length);
                free -= pieces;
                sum += length;
            } else {
                break;
            }
            i++;
        }
        burst.takeFront(i);
        current.publish();
        packets.add(i - dropped);
        bytes.add(sum);
        return i - dropped;
    }

    private void wake(final TxRings current) {
        wakeups.increment();
        switch (current.socket().wakeSender()) {
            // Nothing, or nothing that another call would not mend: more than the kernel sends at once, memory for a
            // moment, a device that is down and keeps what is in its ring.
            case 0, Errno.EAGAIN, Errno.EBUSY, Errno.ENOBUFS, Errno.EINTR, Errno.ENOMEM, Errno.ENETDOWN -> {
            }
            default -> {
                current.giveUp();
                onBroken.run();
            }
        }
    }

    @Override
    public boolean isReady() {
        return slot.isOccupied() && gate.longest() != Gate.CLOSED;
    }

    @Override
    public void release() {
        if (rings != null) {
            rings = null;
            slot.release();
        }
    }
}
