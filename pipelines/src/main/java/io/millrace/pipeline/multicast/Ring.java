/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.RingBuffer;
import io.millrace.Burst;
import io.millrace.Counter;
import org.agrona.BufferUtil;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What one worker publishes: slots that every {@link Reader} reads at its own place. See {@link Multicast} for why this
 * is safe.
 *
 * <p>The disruptor's gating sequences would make the publisher wait for the slowest reader. So none is registered with
 * the ring buffer; the gate is here, and opens by moving the reader.
 *
 * <p>Thread safety: {@link #publish} for the worker; {@link #add} and {@link #remove} for others, one at a time.
 */
final class Ring {
    private static final int CACHE_LINE = 64;

    private final RingBuffer<PacketCopy> slots;
    private final int snapBytes;
    private final int mostAtOnce;
    private final int slack;
    private final Counter packets;
    // Written by whoever subscribes, read by the worker once in each burst.
    private volatile Reader[] readers = {};

    // The worker's own.
    private Reader[] admitted = readers;
    private long gate = -1;

    /**
     * Without readers.
     *
     * @param size      in slots, a power of two.
     * @param snapBytes the most bytes of one packet.
     * @param wires     knows the names of wires.
     * @param packets   counts what is published.
     */
    Ring(final int size, final int snapBytes, final Wires wires, final Counter packets) {
        this.snapBytes = snapBytes;
        this.mostAtOnce = size / 2;
        this.slack = size / 4;
        this.packets = packets;
        final int stride = stride(snapBytes);
        final ByteBuffer memory = ByteBuffer.allocateDirect(size * stride + CACHE_LINE);
        final int[] at = {BufferUtil.address(memory) % CACHE_LINE == 0 ? 0
            : CACHE_LINE - (int) (BufferUtil.address(memory) % CACHE_LINE)};
        slots = RingBuffer.createSingleProducer(() -> {
            final PacketCopy slot = new PacketCopy(memory, BufferUtil.address(memory) + at[0], wires);
            at[0] += stride;
            return slot;
        }, size, new BusySpinWaitStrategy());
    }

    static int stride(final int snapBytes) {
        return (PacketCopy.HEADER + snapBytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    }

    RingBuffer<PacketCopy> slots() {
        return slots;
    }

    void add(final Reader reader) {
        final Reader[] now = readers;
        final Reader[] more = Arrays.copyOf(now, now.length + 1);
        more[now.length] = reader;
        readers = more;
    }

    void remove(final Reader reader) {
        readers = Arrays.stream(readers).filter(other -> other != reader).toArray(Reader[]::new);
    }

    /** Worker: publishes the packets of a burst that {@code probe} selects. */
    void publish(final Burst burst, final WireProbe probe) {
        final Reader[] to = readers();
        if (to.length > 0) {
            final long timeNs = System.nanoTime();
            for (int first = 0; first < burst.size(); first += mostAtOnce) {
                publish(burst, first, Math.min(burst.size(), first + mostAtOnce), to, probe, timeNs);
            }
        }
    }

    /** Worker: publishes one packet of a burst, if {@code probe} selects it. */
    void publish(final Burst burst, final int i, final WireProbe probe) {
        final Reader[] to = readers();
        if (to.length > 0) {
            publish(burst, i, i + 1, to, probe, System.nanoTime());
        }
    }

    private Reader[] readers() {
        final Reader[] to = readers;
        if (to != admitted && to.length > 0) {
            admit(to);
        }
        return to;
    }

    private void publish(final Burst burst, final int first, final int end, final Reader[] to, final WireProbe probe,
                         final long timeNs) {
        final long last = slots.getCursor();
        makeRoom(to, last + end - first);
        long next = last;
        for (int i = first; i < end; i++) {
            if (probe.selects(burst, i)) {
                next++;
                slots.get(next).fill(burst, i, snapBytes, probe, timeNs);
            }
        }
        if (next > last) {
            // A release store: whoever sees the new cursor sees the slots.
            slots.publish(next);
            packets.add(next - last);
        }
    }

    /** Lets in readers that are new. Only the worker knows for sure where it is. */
    private void admit(final Reader[] to) {
        final long last = slots.getCursor();
        for (final Reader reader : to) {
            reader.admit(last);
        }
        gate = Math.min(gate, last);
        admitted = to;
    }

    /** Makes sure that no reader relies on any slot that is used again up to {@code sequence}. */
    private void makeRoom(final Reader[] to, final long sequence) {
        final long needed = sequence - slots.getBufferSize();
        if (needed <= gate) {
            return;
        }
        long least = Long.MAX_VALUE;
        for (final Reader reader : to) {
            least = Math.min(least, reader.moveOn(needed, needed + slack));
        }
        gate = least;
        // Nothing that is written to a slot from here on is seen before the readers' new places are.
        VarHandle.fullFence();
    }
}
