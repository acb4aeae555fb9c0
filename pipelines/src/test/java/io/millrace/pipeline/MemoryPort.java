/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.RxQueue;
import io.millrace.TxQueue;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A port whose peer is the test: it injects what the graph receives and takes what the graph transmits. */
final class MemoryPort implements Port {
    private final String name;
    private final int id;
    private final Counters counters;
    private final List<Line> lines = new ArrayList<>();
    /** What {@link Port#rxOffloads} and {@link Port#txOffloads} say. */
    volatile int offloads;
    private volatile boolean isClosed;

    private MemoryPort(final String name, final int id, final int queues, final PortContext context) {
        this.name = name;
        this.id = id;
        this.counters = context.counters();
        for (int q = 0; q < queues; q++) {
            lines.add(new Line(q));
        }
    }

    static PollModeDriver driver(final String name) {
        return driver(name, 1);
    }

    static PollModeDriver driver(final String name, final int queues) {
        return context -> new MemoryPort(name, context.id(), queues, context);
    }

    void inject(final byte[] packet) {
        inject(0, packet);
    }

    void inject(final int queue, final byte[] packet) {
        lines.get(queue).in.add(packet);
    }

    /** Everything transmitted so far, over all queues; taken away. */
    List<byte[]> taken() {
        final List<byte[]> packets = new ArrayList<>();
        for (int q = 0; q < lines.size(); q++) {
            packets.addAll(taken(q));
        }
        return packets;
    }

    List<byte[]> taken(final int queue) {
        final List<byte[]> packets = new ArrayList<>();
        for (byte[] packet = lines.get(queue).out.poll(); packet != null; packet = lines.get(queue).out.poll()) {
            packets.add(packet);
        }
        return packets;
    }

    /** Waits until {@code n} packets were transmitted, and takes them. */
    List<byte[]> await(final int n) {
        final List<byte[]> packets = new ArrayList<>();
        Until.isTrue(() -> {
            packets.addAll(taken());
            return packets.size() >= n;
        }, () -> packets.size() + " of " + n + " packets came to " + name);
        return packets;
    }

    /** The one with that number. */
    Line line(final int queue) {
        return lines.get(queue);
    }

    boolean isClosed() {
        return isClosed;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public int queues() {
        return lines.size();
    }

    @Override
    public LinkState link() {
        return LinkState.UP;
    }

    @Override
    public int rxOffloads() {
        return offloads;
    }

    @Override
    public int txOffloads() {
        return offloads;
    }

    @Override
    public RxQueue rx(final int queue) {
        return lines.get(queue).rx;
    }

    @Override
    public TxQueue tx(final int queue) {
        return lines.get(queue).tx;
    }

    @Override
    public void close() {
        isClosed = true;
    }

    /** One queue pair. */
    final class Line {
        final Queue<byte[]> in = new ConcurrentLinkedQueue<>();
        final Queue<byte[]> out = new ConcurrentLinkedQueue<>();
        final AtomicInteger polls = new AtomicInteger();
        final AtomicInteger transmits = new AtomicInteger();
        final AtomicInteger flushes = new AtomicInteger();
        /** How many more packets the peer takes. */
        final AtomicInteger room = new AtomicInteger(Integer.MAX_VALUE);
        volatile boolean isReady = true;
        final AtomicInteger arms = new AtomicInteger();
        final AtomicInteger disarms = new AtomicInteger();
        /** What the queue wakes a worker with; null: it cannot. */
        volatile EventFd bell;
        /** Runs on the worker whenever the queue is armed. */
        volatile Runnable onArm = () -> {
        };
        /** What the peer leaves to be done to its packets: the arguments of {@link Burst#offload}. */
        volatile int[] request;
        volatile Throwable rxFault;
        volatile Throwable txFault;
        volatile Thread rxReleasedBy;
        volatile Thread txReleasedBy;

        private final int number;
        private final RxQueue rx = new Rx();
        private final TxQueue tx = new Tx();

        private Line(final int number) {
            this.number = number;
        }


        long drops(final String direction, final DropReason reason) {
            return counters.scope("port", name, direction + number).drops(reason).get();
        }

        /** As drivers do. */
        private final class Rx implements RxQueue {
            @Override
            public int receive(final Burst burst) {
                polls.incrementAndGet();
                int n = 0;
                while (burst.remaining() > 0 && !in.isEmpty()) {
                    final byte[] packet = in.poll();
                    final int offset = burst.frames().allocateFor(packet.length);
                    if (offset == FramePool.NONE) {
                        break;
                    }
                    burst.add(offset, packet.length, id);
                    final long address = burst.address(burst.size() - 1);
                    for (int i = 0; i < packet.length; i++) {
                        UnsafeApi.putByte(address + i, packet[i]);
                    }
                    final int[] asked = request;
                    if (asked != null) {
                        burst.offload(burst.size() - 1, asked[0], asked[1], asked[2], asked[3], asked[4]);
                    }
                    n++;
                }
                Faults.raise(rxFault);
                return n;
            }

            @Override
            public Fd arm() {
                arms.incrementAndGet();
                onArm.run();
                final EventFd now = bell;
                return now == null ? null : now.fd();
            }

            @Override
            public void disarm() {
                disarms.incrementAndGet();
            }

            @Override
            public void release() {
                rxReleasedBy = Thread.currentThread();
            }
        }

        /** As drivers do. */
        private final class Tx implements TxQueue {
            @Override
            public void flush() {
                flushes.incrementAndGet();
            }

            @Override
            public int transmit(final Burst burst) {
                transmits.incrementAndGet();
                Faults.raise(txFault);
                final int n = Math.min(burst.size(), room.get());
                for (int i = 0; i < n; i++) {
                    final byte[] packet = new byte[burst.length(i)];
                    for (int at = 0; at < packet.length; at++) {
                        packet[at] = UnsafeApi.getByte(burst.address(i) + at);
                    }
                    burst.free(i);
                    out.add(packet);
                }
                burst.takeFront(n);
                room.addAndGet(-n);
                return n;
            }

            @Override
            public boolean isReady() {
                return isReady;
            }

            @Override
            public void release() {
                txReleasedBy = Thread.currentThread();
            }
        }
    }
}
