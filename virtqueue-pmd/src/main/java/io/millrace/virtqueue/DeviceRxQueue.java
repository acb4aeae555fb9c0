/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.RxQueue;
import io.millrace.linux.Fd;
import io.millrace.linux.MemoryFaults;
import org.agrona.UnsafeApi;

/**
 * Takes packets off a ring on which a guest transmits.
 *
 * <p>A burst is taken in columns: read all descriptors, then copy all packets, then return all buffers. Each column is
 * a short loop whose cache misses overlap. Packets in one plain buffer go that way; all others one by one through a
 * {@link Chain}. Both ways check the same things.
 *
 * <p>The packet is copied before anybody looks at it, and the guest's copy is never looked at again.
 */
final class DeviceRxQueue implements RxQueue {
    private static final int MAX_BURST = 64;
    private static final int MIN_PACKET = 14;

    private final RingSlot slot;
    private final int port;
    private final Counter packets;
    private final Counter bytes;
    private final Calls calls;
    private final Counter chains;
    private final Counter indirect;
    private final Counter announcements;
    private final Counter runts;
    private final Counter giants;
    private final Counter disabled;
    private final Counter offload;
    private final Counter badOffload;
    private final Chain chain = new Chain();
    private final long headerCopy = UnsafeApi.allocateMemory(NetHeader.LENGTH);

    private final long[] addresses = new long[MAX_BURST];
    private final int[] bufferLengths = new int[MAX_BURST];
    // What has been copied and is not yet in the burst: given back if the guest's memory faults under us.
    private final int[] offsets = new int[MAX_BURST];
    private final int[] lengths = new int[MAX_BURST];
    // Of those that leave something to be done, which one bit each says: mostly none.
    private final long[] requests = new long[MAX_BURST];
    private long unfinished;
    private int staged;
    private int claimed;

    /**
     * @param slot  where the ring comes from.
     * @param port  the id that packets carry.
     * @param scope where to count.
     */
    DeviceRxQueue(final RingSlot slot, final int port, final Counters.Scope scope) {
        this.slot = slot;
        this.port = port;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        calls = new Calls(slot, Coalescing.OFF, scope);
        chains = scope.counter("chains");
        indirect = scope.counter("indirect");
        announcements = scope.counter("announcements");
        runts = scope.drops(RejectReason.RUNT);
        giants = scope.drops(RejectReason.GIANT);
        disabled = scope.drops(RejectReason.DISABLED);
        offload = scope.drops(OffloadRequest.NOT_NEGOTIATED);
        badOffload = scope.drops(OffloadRequest.SENSELESS);
    }

    @Override
    public int receive(final Burst burst) {
        final DeviceRing ring;
        try {
            ring = slot.poll();
            if (ring == null) {
                return 0;
            }
            final int wanted = Math.min(burst.remaining(), MAX_BURST);
            final int available = Math.min(ring.available(wanted), wanted);
            if (available > 0) {
                ring.lookAhead(chain, 0);
                take(ring, burst.frames(), available);
                calls.publish(ring);
            }
            ring.tellMisses();
            settleFaults(ring);
            slot.leave();
        } catch (final InternalError fault) {
            MemoryFaults.drain();
            abandon(burst.frames());
            slot.broken(RejectReason.MEMORY_FAULT);
            return 0;
        }
        if (ring.reject() != null) {
            slot.broken(ring.reject());
        }
        final int received = handOver(burst, ring.hostOffloads());
        return slot.isAnnounced() ? received + announce(burst) : received;
    }

    /** Says in the guest's name where it is now. */
    private int announce(final Burst burst) {
        final int offset = burst.remaining() == 0 ? FramePool.NONE : burst.frames().allocate();
        if (offset == FramePool.NONE) {
            return 0;
        }
        Rarp.write(burst.frames().baseAddress() + offset, slot.announced());
        burst.add(offset, Rarp.LENGTH, port);
        announcements.increment();
        packets.increment();
        bytes.add(Rarp.LENGTH);
        return 1;
    }

    private void take(final DeviceRing ring, final FrameCache frames, final int available) {
        final boolean isEnabled = slot.isEnabled();
        int left = available;
        while (left > 0 && ring.reject() == null) {
            final int plain = isEnabled ? readPlain(ring, left) : 0;
            final int taken;
            if (plain > 0) {
                taken = takePlain(ring, frames, plain);
            } else {
                taken = isEnabled ? takeChain(ring, frames) : discard(ring);
            }
            if (taken == 0) {
                return;
            }
            left -= taken;
        }
    }

    /** Reads up to {@code n} plain buffers, as far as each holds a whole, ordinary packet. */
    private int readPlain(final DeviceRing ring, final int n) {
        final int plain = ring.readPlain(n, 0, addresses, bufferLengths);
        final int header = ring.headerLength();
        for (int i = 0; i < plain; i++) {
            final int length = bufferLengths[i] - header;
            if (length < MIN_PACKET || length > FramePool.FRAME_CAPACITY) {
                return i;
            }
            lengths[staged + i] = length;
        }
        return plain;
    }

    private int takePlain(final DeviceRing ring, final FrameCache frames, final int n) {
        settleFaults(ring);
        final int first = staged;
        final int taken = frames.allocate(offsets, first, n);
        claimed = first + taken;
        final long base = frames.baseAddress();
        final int header = ring.headerLength();
        if (ring.hostOffloads() != 0) {
            for (int i = 0; i < taken; i++) {
                note(first + i, addresses[i]);
            }
        }
        for (int i = 0; i < taken; i++) {
            ByteCopy.copy(addresses[i] + header, base + offsets[first + i], lengths[first + i]);
        }
        ring.completeReads(taken);
        staged = first + taken;
        return taken;
    }

    /** Keeps what a packet leaves to be done. Of a guest that negotiated nothing of the kind no header is looked at. */
    private void note(final int i, final long header) {
        final int asks = NetHeader.asks(header);
        if (asks != 0) {
            requests[i] = NetHeader.request(header, asks);
            unfinished |= 1L << i;
        }
    }

    private int takeChain(final DeviceRing ring, final FrameCache frames) {
        if (!readChain(ring)) {
            return 0;
        }
        chains.increment();
        indirect.add(chain.isIndirect() ? 1 : 0);
        final long length = chain.length() - ring.headerLength();
        if (length < MIN_PACKET) {
            runts.increment();
        } else if (length > largest(frames) || chain.isTooLong()) {
            giants.increment();
        } else {
            settleFaults(ring);
            final int offset = frames.allocateFor((int) length);
            if (offset == FramePool.NONE) {
                return 0;
            }
            offsets[staged] = offset;
            lengths[staged] = (int) length;
            claimed = staged + 1;
            chain.read(headerCopy, ring.headerLength());
            if (ring.hostOffloads() != 0) {
                note(staged, headerCopy);
            }
            chain.read(frames.baseAddress() + offset, (int) length);
            staged++;
        }
        ring.completeReads(1);
        return 1;
    }

    private boolean readChain(final DeviceRing ring) {
        ring.rewind();
        chain.clear();
        return ring.readChain(chain, 0) && !chain.hasMiss();
    }

    private static int largest(final FrameCache frames) {
        return frames.pool().jumboFrames() > 0 ? FramePool.JUMBO_CAPACITY : FramePool.FRAME_CAPACITY;
    }

    /** A fault in the guest's memory must not surface half-way through the bookkeeping of frames. */
    private static void settleFaults(final DeviceRing ring) {
        if (ring.canFault()) {
            MemoryFaults.deliver();
        }
    }

    /** vhost-user: what comes on a ring that is started but not enabled is consumed and thrown away. */
    private int discard(final DeviceRing ring) {
        if (!readChain(ring)) {
            return 0;
        }
        disabled.increment();
        ring.completeReads(1);
        return 1;
    }

    private int handOver(final Burst burst, final int allowed) {
        final int n = staged;
        if (n == 0) {
            return 0;
        }
        final int before = burst.size();
        long sum = 0;
        for (int i = 0; i < n; i++) {
            if ((unfinished >>> i & 1) == 0) {
                burst.add(offsets[i], lengths[i], port);
                sum += lengths[i];
            } else if (addUnfinished(burst, i, allowed)) {
                sum += lengths[i];
            }
        }
        forget();
        final int received = burst.size() - before;
        packets.add(received);
        bytes.add(sum);
        return received;
    }

    /** What the packet leaves to be done is compared with the copy, which the guest cannot change any more. */
    private boolean addUnfinished(final Burst burst, final int i, final int allowed) {
        final boolean isAllowed = OffloadRequest.isWithin(requests[i], allowed);
        if (isAllowed && OffloadCheck.add(burst, offsets[i], lengths[i], port, requests[i])) {
            return true;
        }
        burst.frames().free(offsets[i]);
        (isAllowed ? badOffload : offload).increment();
        return false;
    }

    private void abandon(final FrameCache frames) {
        for (int i = 0; i < claimed; i++) {
            frames.free(offsets[i]);
        }
        forget();
    }

    private void forget() {
        staged = 0;
        claimed = 0;
        unfinished = 0;
    }

    @Override
    public Fd arm() {
        return wantKick(true);
    }

    @Override
    public void disarm() {
        wantKick(false);
    }

    /** Returns the descriptor of the driver's kicks; null if there is no ring, or its driver cannot be heard. */
    private Fd wantKick(final boolean wanted) {
        // Once: the control loop may ask for the ring back at any time, and has it only after the next poll.
        final DeviceRing ring = slot.attached();
        if (ring == null || ring.kick() == null) {
            slot.leave();
            return null;
        }
        try {
            ring.wantKick(wanted);
            settleFaults(ring);
            slot.leave();
            return ring.kick();
        } catch (final InternalError fault) {
            MemoryFaults.drain();
            slot.broken(RejectReason.MEMORY_FAULT);
            return null;
        }
    }

    @Override
    public void release() {
        slot.release();
    }

    /** Frees the private copy of a header. The queue must not be used any more. */
    void close() {
        UnsafeApi.freeMemory(headerCopy);
    }
}
