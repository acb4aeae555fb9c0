/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.TxQueue;
import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.IpProtocol;
import io.millrace.packet.Ipv4;
import io.millrace.packet.MacAddress;
import io.millrace.packet.Udp;
import org.HdrHistogram.Histogram;

/** The transmit side of a {@link Traffic} port: looks at every packet and frees it. */
final class Verifier implements TxQueue {
    private final long station;
    private final boolean takesAll;
    private final FlowTable flows;
    private final Counter packets;
    private final Counter bytes;
    private final Counter lost;
    private final Counter duplicate;
    private final Counter reordered;
    private final Counter corrupt;
    private final Counter foreign;
    private final Counter untracked;
    private final Counter untimed;
    private final Latency latency = new Latency();
    private final Ethernet ethernet = new Ethernet();
    private final Ipv4 ip = new Ipv4();
    private final Udp udp = new Udp();
    private final Numbered numbered = new Numbered();

    /**
     * A verifier.
     *
     * @param traffic  what it belongs to.
     * @param portId   of its port.
     * @param queue    counts packets and bytes.
     * @param findings counts what was found.
     */
    Verifier(final Traffic traffic, final int portId, final Counters.Scope queue, final Counters.Scope findings) {
        station = traffic.sourceOf(portId);
        takesAll = traffic.takesAll();
        flows = new FlowTable(traffic.trackedFlows());
        packets = queue.counter("packets");
        bytes = queue.counter("bytes");
        lost = findings.counter("lost");
        duplicate = findings.counter("duplicate");
        reordered = findings.counter("reordered");
        corrupt = findings.counter("corrupt");
        foreign = findings.counter("foreign");
        untracked = findings.counter("untracked");
        untimed = findings.counter("untimed");
    }

    @Override
    public int transmit(final Burst burst) {
        final int n = burst.size();
        final long nowNs = System.nanoTime();
        long length = 0;
        for (int i = 0; i < n; i++) {
            length += burst.length(i);
            verify(burst, i, nowNs);
        }
        latency.publish();
        packets.add(n);
        bytes.add(length);
        burst.freeAll();
        return n;
    }

    private void verify(final Burst burst, final int i, final long nowNs) {
        if (!ethernet.wrap(burst, i) || !isForUs(ethernet.destination()) || !isNumbered(burst, i)) {
            foreign.increment();
            return;
        }
        if (!numbered.isIdentityIntact()) {
            corrupt.increment();
            return;
        }
        if (!latency.record(numbered.ageNs(nowNs))) {
            untimed.increment();
        }
        if (!ip.isChecksumValid() || udp.length() != ip.payloadLength() || !numbered.isFillingIntact()) {
            corrupt.increment();
        }
        count(flows.accept((long) numbered.stream() << Short.SIZE | numbered.flow(), numbered.sequence()));
    }

    private boolean isForUs(final long destination) {
        return takesAll || destination == station || MacAddress.isMulticast(destination);
    }

    private boolean isNumbered(final Burst burst, final int i) {
        return ethernet.type() == EtherType.IPV4
            && ip.wrap(burst, i, Ethernet.LENGTH) && ip.isValid() && ip.protocol() == IpProtocol.UDP
            && udp.wrap(burst, i, ip.end())
            && numbered.wrap(burst, i, udp.end()) && numbered.isNumbered();
    }

    private void count(final int outcome) {
        switch (outcome) {
            case FlowTable.IN_ORDER -> { }
            case FlowTable.AFTER_GAP -> lost.add(flows.gap());
            case FlowTable.LATE -> {
                lost.add(-1);
                reordered.increment();
            }
            case FlowTable.VERY_LATE -> reordered.increment();
            case FlowTable.DUPLICATE -> duplicate.increment();
            default -> untracked.increment();
        }
    }

    Histogram latency() {
        return latency.copy();
    }

    long untimed() {
        return untimed.get();
    }

    long received() {
        return packets.get() - foreign.get();
    }

    /** What is known without knowing what was sent. */
    Verdict verdict() {
        final long received = received();
        final long missing = Math.max(0, lost.get());
        return new Verdict(received - duplicate.get() + missing, received, missing, duplicate.get(), reordered.get(),
            corrupt.get(), foreign.get());
    }

    /** What is known if {@code sent} packets were sent here. */
    Verdict verdict(final long sent) {
        final long received = received();
        return new Verdict(sent, received, Math.max(0, sent - (received - duplicate.get())), duplicate.get(),
            reordered.get(), corrupt.get(), foreign.get());
    }

    @Override
    public boolean isReady() {
        return true;
    }

    @Override
    public void release() {
        // Nothing is held between two calls.
    }
}
