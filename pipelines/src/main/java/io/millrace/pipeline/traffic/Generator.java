/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.FramePool;
import io.millrace.RxQueue;
import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.Udp;

/** The receive side of a {@link Traffic} port: packets come from nowhere, numbered, at the rate that was asked for. */
final class Generator implements RxQueue {
    // RFC 2544, appendix C.2.2: addresses for benchmarks.
    private static final int SOURCE_NETWORK = 0xC6120000;
    private static final int DESTINATION_NETWORK = 0xC6130000;
    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 60_000;
    private static final int DISCARD_PORT = 9;

    private final Traffic traffic;
    private final int portId;
    private final int stream;
    private final long source;
    private final long destination;
    private final int[] sizes;
    private final long[] sequences;
    private final Pace pace;
    private final Counter packets;
    private final Counter bytes;
    private final Counter noFrame;
    private final Counter skipped;
    private final Ethernet ethernet = new Ethernet();
    private final Ipv4 ip = new Ipv4();
    private final Udp udp = new Udp();
    private final Numbered numbered = new Numbered();
    private volatile boolean isRunning;
    private volatile boolean isStopped;
    private long sent;
    private int nextSize;
    private int nextFlow;

    Generator(final Traffic traffic, final int portId, final Counters.Scope scope) {
        this.traffic = traffic;
        this.portId = portId;
        this.stream = traffic.stream();
        this.source = traffic.sourceOf(portId);
        this.destination = traffic.destinationOf();
        this.sizes = traffic.sizeCycle();
        this.sequences = new long[traffic.flowCount()];
        this.pace = new Pace(traffic.packetsPerSecond());
        this.isRunning = traffic.isStarted();
        this.packets = scope.counter("packets");
        this.bytes = scope.counter("bytes");
        this.noFrame = scope.counter("no-frame");
        this.skipped = scope.counter("skipped");
    }

    void running(final boolean run) {
        isStopped = false;
        isRunning = run;
    }

    boolean isStopped() {
        return isStopped;
    }

    long sent() {
        return packets.get();
    }

    long skipped() {
        return skipped.get();
    }

    @Override
    public int receive(final Burst burst) {
        if (!isRunning) {
            pace.pause();
            if (!isStopped) {
                isStopped = true;
            }
            return 0;
        }
        final int wanted = (int) Math.min(burst.remaining(), traffic.room(sent));
        if (wanted == 0) {
            return 0;
        }
        final long nowNs = System.nanoTime();
        final int n = pace.take(wanted, nowNs);
        skipped.add(pace.skipped() - skipped.get());
        int made = 0;
        long madeBytes = 0;
        while (made < n) {
            final int size = sizes[nextSize];
            final int offset = burst.frames().allocateFor(size);
            if (offset == FramePool.NONE) {
                noFrame.increment();
                break;
            }
            burst.add(offset, size, portId);
            write(burst, burst.size() - 1, size, nowNs - pace.lateNs(made));
            made++;
            madeBytes += size;
        }
        sent += made;
        packets.add(made);
        bytes.add(madeBytes);
        return made;
    }

    private void write(final Burst burst, final int i, final int size, final long dueNs) {
        final int flow = nextFlow;
        ethernet.wrap(burst, i);
        ethernet.destination(destination).source(source).type(EtherType.IPV4);
        ip.wrap(burst, i, Ethernet.LENGTH);
        ip.reset().packetLength(size - Ethernet.LENGTH).protocol(IpProtocol.UDP)
            .source(SOURCE_NETWORK | portId + 1).destination(DESTINATION_NETWORK | flow / PORTS + 1).updateChecksum();
        udp.wrap(burst, i, Ethernet.LENGTH + Ipv4.LENGTH);
        udp.sourcePort(FIRST_PORT + flow % PORTS).destinationPort(DISCARD_PORT)
            .length(size - Ethernet.LENGTH - Ipv4.LENGTH);
        numbered.wrap(burst, i, Numbered.OFFSET);
        numbered.write(stream, flow, sequences[flow]++, dueNs);
        udp.updateChecksum(ip);
        nextFlow = flow + 1 == sequences.length ? 0 : flow + 1;
        nextSize = nextSize + 1 == sizes.length ? 0 : nextSize + 1;
    }

    @Override
    public void release() {
        // Nothing is held between two calls.
    }
}
