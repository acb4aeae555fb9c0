/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.TxQueue;
import io.millrace.linux.MemoryFaults;
import org.agrona.UnsafeApi;

/**
 * Puts packets on a ring from which a guest receives, in columns like {@link DeviceRxQueue}. A packet that fits in one
 * plain buffer goes that way; any other is scattered over the buffers of a chain, and with mergeable buffers over
 * several chains. For a guest behind an IOMMU a few packets are kept, which leave the burst before they are sent: see
 * {@link HeldPackets}.
 */
final class DeviceTxQueue implements TxQueue {
    private static final int MAX_BURST = 64;
    /** Chains that one packet may be merged over. */
    private static final int MAX_MERGED = DeviceRing.MAX_READ;

    private final RingSlot slot;
    private final Counter packets;
    private final Counter bytes;
    private final Calls calls;
    private final Counter chained;
    private final Counter indirect;
    private final Counter merged;
    private final Counter linkDown;
    private final Counter tooSmall;
    private final Counter offload;
    private final Chain chain = new Chain();
    private final long headerCopy = UnsafeApi.allocateMemory(16);

    private final long[] addresses = new long[MAX_BURST];
    private final int[] lengths = new int[MAX_BURST];
    // Of packets that leave something to be done.
    private final long[] requests = new long[MAX_BURST];
    private final int[] written = new int[MAX_MERGED];
    private final HeldPackets held = new HeldPackets();
    private boolean isWaiting;
    private int sent;
    private long sentBytes;

    /**
     * @param slot       where the ring comes from.
     * @param coalescing of the calls that tell the guest of packets.
     * @param scope      where to count.
     */
    DeviceTxQueue(final RingSlot slot, final Coalescing coalescing, final Counters.Scope scope) {
        this.slot = slot;
        packets = scope.counter("packets");
        bytes = scope.counter("bytes");
        calls = new Calls(slot, coalescing, scope);
        chained = scope.counter("chains");
        indirect = scope.counter("indirect");
        merged = scope.counter("merged");
        linkDown = scope.drops(DropReason.LINK_DOWN);
        tooSmall = scope.drops(RejectReason.BUFFER_TOO_SMALL);
        offload = scope.drops(OffloadRequest.NOT_NEGOTIATED);
    }

    @Override
    public int transmit(final Burst burst) {
        int n = 0;
        isWaiting = false;
        if (!held.isEmpty()) {
            n = send(held.burst());
        }
        if (held.isEmpty()) {
            n += send(burst);
        }
        if (isWaiting && !burst.isEmpty()) {
            held.take(burst);
        }
        return n;
    }

    private int send(final Burst burst) {
        sent = 0;
        sentBytes = 0;
        final int done;
        try {
            final DeviceRing ring = slot.poll();
            if (ring == null) {
                calls.forget();
                isWaiting = slot.isParked() && slot.isRunning();
                return isWaiting ? 0 : dropAll(burst);
            }
            final boolean isEnabled = slot.isEnabled();
            if (isEnabled) {
                ring.lookAhead(chain, DeviceRing.WRITE);
            }
            done = isEnabled ? put(ring, burst) : 0;
            isWaiting = ring.isTranslated() && done < burst.size() && ring.available(1) > 0;
            calls.publish(ring);
            ring.tellMisses();
            settleFaults(ring);
            slot.leave();
            if (ring.reject() != null) {
                slot.broken(ring.reject());
            }
            if (!isEnabled) {
                return dropAll(burst);
            }
        } catch (final InternalError fault) {
            MemoryFaults.drain();
            slot.broken(RejectReason.MEMORY_FAULT);
            return dropAll(burst);
        }
        final FrameCache frames = burst.frames();
        for (int i = 0; i < done; i++) {
            frames.free(burst.offset(i));
        }
        burst.takeFront(done);
        packets.add(sent);
        bytes.add(sentBytes);
        return sent;
    }

    private static void settleFaults(final DeviceRing ring) {
        if (ring.canFault()) {
            MemoryFaults.deliver();
        }
    }

    private int dropAll(final Burst burst) {
        linkDown.add(burst.freeAll());
        return 0;
    }

    /** Returns how many packets from the front are done with: sent, or never to be sent. */
    private int put(final DeviceRing ring, final Burst burst) {
        final int n = burst.size();
        int done = 0;
        while (done < n) {
            final int wanted = Math.min(n - done, MAX_BURST);
            final int available = Math.min(ring.available(wanted), wanted);
            if (available == 0) {
                break;
            }
            final int plain = readPlain(ring, burst, done, available);
            final int put = plain > 0 ? putPlain(ring, burst, done, plain) : putChains(ring, burst, done);
            if (put == 0) {
                break;
            }
            done += put;
        }
        return done;
    }

    /** Reads up to {@code n} plain buffers, as far as each is large enough for its packet, and the guest takes it. */
    private int readPlain(final DeviceRing ring, final Burst burst, final int first, final int n) {
        final int plain = ring.readPlain(n, DeviceRing.WRITE, addresses, lengths);
        final int header = ring.headerLength();
        for (int i = 0; i < plain; i++) {
            if (lengths[i] < header + burst.length(first + i) || !isTaken(ring, burst, first + i, i)) {
                return i;
            }
        }
        return plain;
    }

    /** Whether the guest takes what a packet leaves to be done, kept at {@code place}. Mostly nothing is left. */
    private boolean isTaken(final DeviceRing ring, final Burst burst, final int i, final int place) {
        if (!burst.hasOffload(i)) {
            return true;
        }
        requests[place] = OffloadRequest.of(burst, i, ring.guestOffloads());
        return requests[place] != OffloadRequest.REFUSED;
    }

    private int putPlain(final DeviceRing ring, final Burst burst, final int first, final int n) {
        final int header = ring.headerLength();
        for (int i = 0; i < n; i++) {
            if (burst.hasOffload(first + i)) {
                NetHeader.write(addresses[i], header, requests[i], OffloadRequest.headers(burst, first + i), 1);
            } else {
                NetHeader.writeSingle(addresses[i], header);
            }
            ByteCopy.copy(burst.address(first + i), addresses[i] + header, burst.length(first + i));
        }
        long sum = 0;
        for (int i = 0; i < n; i++) {
            final int length = burst.length(first + i);
            lengths[i] = header + length;
            sum += length;
        }
        if (ring.isLogged()) {
            for (int i = 0; i < n; i++) {
                ring.written(addresses[i], lengths[i]);
            }
        }
        ring.completeWrites(lengths, n);
        sent += n;
        sentBytes += sum;
        return n;
    }

    /** Returns 1 if the packet is done with, 0 if it has to wait or the ring is broken. */
    private int putChains(final DeviceRing ring, final Burst burst, final int i) {
        final int length = burst.length(i);
        final int needed = ring.headerLength() + length;
        final long request = OffloadRequest.of(burst, i, ring.guestOffloads());
        if (request == OffloadRequest.REFUSED) {
            offload.increment();
            return 1;
        }
        ring.rewind();
        chain.clear();
        int chains = 0;
        while (chain.length() < needed) {
            if (chains == MAX_MERGED || chains > 0 && !ring.isMergeable() || chain.isTooLong()) {
                tooSmall.increment();
                return 1;
            }
            final long before = chain.length();
            if (!ring.readChain(chain, DeviceRing.WRITE) || chain.hasMiss()) {
                return 0;
            }
            written[chains++] = (int) Math.min(chain.length() - before, needed);
        }
        NetHeader.write(headerCopy, ring.headerLength(), request, OffloadRequest.headers(burst, i), chains);
        chain.write(headerCopy, ring.headerLength());
        chain.write(burst.address(i), length);
        int left = needed;
        for (int c = 0; c < chains; c++) {
            written[c] = Math.min(left, written[c]);
            left -= written[c];
        }
        if (ring.isLogged()) {
            chain.written(ring, needed);
        }
        ring.completeWrites(written, chains);
        chained.increment();
        indirect.add(chain.isIndirect() ? 1 : 0);
        merged.add(chains > 1 ? 1 : 0);
        sent++;
        sentBytes += length;
        return 1;
    }

    @Override
    public boolean isReady() {
        return slot.isRunning() && slot.isEnabled();
    }

    @Override
    public void flush() {
        final DeviceRing ring = calls.isPending() ? slot.attached() : null;
        if (ring == null) {
            slot.leave();
            return;
        }
        try {
            calls.flush(ring);
            settleFaults(ring);
            slot.leave();
        } catch (final InternalError fault) {
            MemoryFaults.drain();
            slot.broken(RejectReason.MEMORY_FAULT);
        }
    }

    @Override
    public void release() {
        flush();
        linkDown.add(held.freeAll());
        slot.release();
    }

    /** Frees the private copy of the header. The queue must not be used any more. */
    void close() {
        UnsafeApi.freeMemory(headerCopy);
    }
}
