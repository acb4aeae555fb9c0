/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.Burst;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.RxQueue;
import io.millrace.TxQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.agrona.UnsafeApi;

/**
 * Two AF_XDP ports at the two ends of a veth pair, in one process with one pool. Nothing runs by itself but the control
 * loop; the test's thread polls. Closing it fails the test if a frame is missing.
 */
final class PairFixture implements AutoCloseable {
    final VethLab lab;
    final FramePool pool;
    final Counters counters = Counters.inMemory();
    final ControlLoop control = ControlLoop.start("control");
    final FrameCache frames;
    final Burst out;
    final Burst in;
    final List<String> events = new CopyOnWriteArrayList<>();
    Port left;
    Port right;
    private final List<Port> ports = new ArrayList<>();
    private int nextId;

    PairFixture() {
        this(1, 1500, UnaryOperator.identity());
    }

    /** Opens both ports and waits until both links are up. */
    PairFixture(final int queues, final int mtu, final UnaryOperator<AfXdp> config) {
        lab = new VethLab(queues);
        try {
            lab.mtu(mtu);
            pool = FramePool.create(8192 * queues, 128);
        } catch (final RuntimeException | Error e) {
            lab.close();
            control.close();
            throw e;
        }
        frames = pool.cache("test");
        out = new Burst(frames, 32);
        in = new Burst(frames, 32);
        try {
            left = open(config.apply(AfXdp.device(VethLab.LEFT).namespace(lab.leftSpace).ringSize(512)));
            right = open(config.apply(AfXdp.device(VethLab.RIGHT).namespace(lab.rightSpace).ringSize(512)));
            awaitUp();
        } catch (final RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    Port open(final AfXdp config) {
        final Port port = config.open(new PortContext(nextId++, pool, counters, control,
            (who, state, reason) -> events.add(who.name() + " " + state + ": " + reason)));
        ports.add(port);
        return port;
    }

    void awaitUp() {
        Await.until(() -> "links up: " + events, () -> {
            idle();
            return left.link() == LinkState.UP && right.link() == LinkState.UP;
        });
    }

    /** Polls all queues, and throws away what comes in. */
    void idle() {
        for (final Port port : ports) {
            for (int q = 0; q < port.queues(); q++) {
                port.rx(q).receive(in);
                in.freeAll();
                port.tx(q).transmit(in);
            }
        }
    }

    /** Adds a numbered packet of that length, whose other bytes follow from the number. */
    void add(final Burst burst, final long number, final int length) {
        final int offset = frames.allocateFor(length);
        if (offset == FramePool.NONE) {
            throw new AssertionError("no frame");
        }
        write(offset, number, length);
        burst.add(offset, length, 0);
    }

    void write(final int offset, final long number, final int length) {
        final long address = pool.baseAddress() + offset;
        for (int at = 0; at < length; at++) {
            UnsafeApi.putByte(address + at, content(number, at));
        }
    }

    private static byte content(final long number, final int at) {
        if (at < 12) {
            return 2;
        }
        if (at < 14) {
            // 0x88b5, the EtherType for experiments.
            return (byte) (at == 12 ? 0x88 : 0xb5);
        }
        return at < 22 && at >= 14 ? (byte) (number >>> 8 * (at - 14)) : (byte) (number * 31 + at);
    }

    /** The number of a packet of 22 bytes or more. */
    long number(final Burst burst, final int i) {
        return UnsafeApi.getLong(burst.address(i) + 14);
    }

    /** Checks number, length, port and every byte. */
    void check(final Burst burst, final int i, final long number, final int length, final Port from) {
        if (burst.length(i) != length || burst.port(i) != from.id() || number(burst, i) != number) {
            throw new AssertionError("packet " + number(burst, i) + " of " + burst.length(i) + " bytes from port "
                + burst.port(i) + ", not " + number + " of " + length + " from " + from.id());
        }
        for (int at = 0; at < length; at++) {
            if (UnsafeApi.getByte(burst.address(i) + at) != content(number, at)) {
                throw new AssertionError("packet " + number + " of " + length + " bytes differs at " + at);
            }
        }
    }

    /** Passes packets through one queue to the other port and checks that each arrives once, in order, unchanged. */
    void carry(final TxQueue tx, final RxQueue rx, final Port to, final int count, final int length) {
        // Fewer than fit: a veth queue holds 256 packets, the rx ring 512 pieces.
        final int window = length > ChunkSet.CHUNK ? 32 : 128;
        int sent = 0;
        int received = 0;
        final long deadlineNs = System.nanoTime() + 20_000_000_000L;
        while (received < count) {
            while (sent < count && out.remaining() > 0 && sent - received < window) {
                add(out, sent++, length);
            }
            tx.transmit(out);
            rx.receive(in);
            for (int i = 0; i < in.size(); i++) {
                check(in, i, received++, length, to);
            }
            in.freeAll();
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("stuck at " + received + " of " + count + " packets of " + length + " bytes: "
                    + counters.snapshot() + events);
            }
        }
    }

    long count(final String name) {
        return counters.snapshot().getOrDefault("port/" + name, 0L);
    }

    /** Waits for a counter, while all queues are polled. */
    void await(final String name, final long least) {
        Await.until(() -> name + " to be " + least + ": " + counters.snapshot() + events, () -> {
            idle();
            return count(name) >= least;
        });
    }

    /** Waits for a link state, while all queues are polled. */
    void await(final Port port, final LinkState state) {
        Await.until(() -> port.name() + " to be " + state + ": " + events, () -> {
            idle();
            return port.link() == state;
        });
    }

    void close(final Port port) {
        for (int q = 0; q < port.queues(); q++) {
            port.rx(q).release();
            port.tx(q).release();
        }
        port.close();
        ports.remove(port);
    }

    @Override
    public void close() {
        out.freeAll();
        in.freeAll();
        try {
            List.copyOf(ports).forEach(this::close);
        } finally {
            control.close();
            frames.close();
            lab.close();
            pool.close();
            counters.close();
        }
    }
}
