/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.RxQueue;
import io.millrace.Slot;
import io.millrace.linux.Errno;
import io.millrace.linux.Fd;
import io.millrace.linux.IoUring;

import java.util.Arrays;

/**
 * A receive queue of a tap port: what the kernel sends through the interface.
 *
 * <p>It reads as many packets as came last time and one more, so that a queue with traffic costs one call in vain at
 * most. Few are read by a call each, which is cheaper then; many by one io_uring. When nothing has come for a while,
 * the ring watches the device, and the queue costs no system call until something comes.
 *
 * <p>Thread safety: as {@link RxQueue} says.
 */
final class TapRxQueue implements RxQueue, AutoCloseable {
    static final DropReason TOO_LONG =
        new DropReason("too-long", "the packet is larger than the MTU, or than any frame");
    static final DropReason BAD_OFFLOAD =
        new DropReason("bad-offload", "what the packet leaves to be done makes no sense");
    static final DropReason UNREADABLE = new DropReason("unreadable", "the kernel could not hand the packet over");
    static final DropReason RUNT = new DropReason("runt", "the packet is shorter than an Ethernet header");
    static final DropReason NOT_IP = new DropReason("not-ip", "a tun device carries IP only");

    // Below this a call for each packet is cheaper than one for all: measured, see DESIGN.md.
    private static final int TOGETHER_FROM = 5;
    private static final int POLLS_UNTIL_QUIET = 64;
    private static final int NOTHING = -Errno.EAGAIN;

    private final Slot<TapQueue> slot;
    private final int portId;
    private final int headerLength;
    private final EthernetShim shim;
    private final int shift;
    private final boolean hasLarge;
    private final Landing landing;
    private final long poolBase;
    private final int[] results = new int[Landing.PLACES];
    private final Counter packets;
    private final Counter bytes;
    private final Counter calls;
    private final Counter starved;
    private final Counter noFrame;
    private final Counter tooLong;
    private final Counter badOffload;
    private final Counter unreadable;
    private final Counter runt;
    private final Counter notIp;
    private TapQueue queue;
    private Burst trial;
    private int expected = 1;
    private int emptyPolls;

    /**
     * A queue without a device.
     *
     * @param slot     where its devices come from.
     * @param portId   marks the packets.
     * @param framing  what is in front of packets.
     * @param scope    where it counts.
     */
    TapRxQueue(final Slot<TapQueue> slot, final FramePool pool, final int portId, final Framing framing,
               final Counters.Scope scope) {
        this.slot = slot;
        this.portId = portId;
        headerLength = framing.headerLength();
        shim = framing.shim();
        shift = framing.shift();
        hasLarge = framing.isLarge();
        landing = new Landing(pool, headerLength, shift);
        poolBase = pool.baseAddress();
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        calls = scope.counter("calls");
        starved = scope.counter("starved");
        noFrame = scope.drops(DropReason.NO_FRAME);
        tooLong = scope.drops(TOO_LONG);
        badOffload = scope.drops(BAD_OFFLOAD);
        unreadable = scope.drops(UNREADABLE);
        runt = scope.drops(RUNT);
        notIp = scope.drops(NOT_IP);
    }

    @Override
    public int receive(final Burst burst) {
        if ((queue == null || !slot.isHeld()) && !attend()) {
            return 0;
        }
        final TapQueue current = queue;
        final IoUring ring = current.ring();
        if (ring != null && ring.isQuiet()) {
            return 0;
        }
        final boolean isLarge = hasLarge || Framing.isLarge(current.mtu());
        final int most = Math.min(burst.remaining(), isLarge ? Landing.LARGE_PLACES : Landing.PLACES);
        final int wanted = Math.min(expected, most);
        final int places = landing.prepare(burst.frames(), wanted, isLarge);
        if (places < wanted) {
            starved.increment();
        }
        if (places == 0) {
            return 0;
        }
        if (ring != null && places >= TOGETHER_FROM) {
            readTogether(ring, places);
        } else {
            readSingly(current.fd().number(), places);
        }
        final int before = burst.size();
        final int read = take(burst, places);
        expected = read == places ? Math.min(Landing.PLACES, 2 * read + 1) : read + 1;
        restAfter(ring, read);
        return burst.size() - before;
    }

    private boolean attend() {
        if (queue != null) {
            queue.rest();
        }
        queue = slot.attend();
        expected = 1;
        emptyPolls = 0;
        return queue != null;
    }

    private void readSingly(final int fd, final int places) {
        int i = 0;
        while (i < places) {
            calls.increment();
            results[i] = landing.read(fd, i);
            if (results[i++] == NOTHING) {
                break;
            }
        }
        Arrays.fill(results, i, places, NOTHING);
    }

    private void readTogether(final IoUring ring, final int places) {
        for (int i = 0; i < places; i++) {
            results[i] = NOTHING;
            landing.read(ring, i);
        }
        ring.submit();
        calls.increment();
        while (ring.next()) {
            results[ring.token()] = ring.result();
        }
    }

    /** Moves what was read to the burst: how many packets came, with those that were dropped. */
    private int take(final Burst burst, final int places) {
        final int before = burst.size();
        long sum = 0;
        int read = 0;
        for (int i = 0; i < places; i++) {
            final int result = results[i];
            if (result == NOTHING || result == -Errno.EBADFD) {
                landing.free(burst.frames(), i);
                if (result != NOTHING) {
                    queue.broken();
                }
                continue;
            }
            read++;
            final int length = result - headerLength + shift;
            final Counter reason = fault(i, result, length);
            if (reason != null) {
                landing.free(burst.frames(), i);
                reason.increment();
            } else if (add(burst, i, length)) {
                sum += length;
            }
        }
        packets.add(burst.size() - before);
        bytes.add(sum);
        return read;
    }

    private Counter fault(final int i, final int result, final int length) {
        if (result < 0) {
            return unreadable;
        }
        if (landing.isCut(i, result)) {
            return landing.lacksJumbo(i) ? noFrame : tooLong;
        }
        if (length < EthernetShim.LENGTH || length == shift) {
            return runt;
        }
        return shim != null && !EthernetShim.isIpAt(landing.packet(i)) ? notIp : null;
    }

    private boolean add(final Burst burst, final int i, final int length) {
        final FrameCache frames = burst.frames();
        final int offset = landing.settle(frames, i, length);
        final long header = poolBase + offset + shift - headerLength;
        boolean isGood = true;
        if (headerLength == 0 || VnetHeader.isPlain(header)) {
            burst.add(offset, length, portId);
        } else {
            isGood = addUnfinished(burst, offset, length, header);
        }
        if (isGood && shim != null) {
            shim.write(poolBase + offset);
        }
        return isGood;
    }

    /** By way of a burst of its own: what makes no sense is found out when it is in one, and must not stay. */
    private boolean addUnfinished(final Burst burst, final int offset, final int length, final long header) {
        if (trial == null || trial.frames() != burst.frames()) {
            trial = new Burst(burst.frames(), 1);
        }
        trial.add(offset, length, portId);
        if (VnetHeader.read(header, shift, trial, 0)) {
            trial.moveAll(burst);
            return true;
        }
        trial.freeAll();
        badOffload.increment();
        return false;
    }

    private void restAfter(final IoUring ring, final int read) {
        if (read > 0) {
            emptyPolls = 0;
        } else if (ring != null && ++emptyPolls == POLLS_UNTIL_QUIET) {
            emptyPolls = 0;
            ring.watch();
            calls.increment();
        }
    }

    @Override
    public Fd arm() {
        return queue != null && slot.isHeld() ? queue.fd() : null;
    }

    @Override
    public void release() {
        if (queue != null) {
            queue.rest();
            queue = null;
            trial = null;
            slot.release();
        }
    }

    /** Gives its memory back. Nobody polls it any more. */
    @Override
    public void close() {
        landing.close();
    }
}
