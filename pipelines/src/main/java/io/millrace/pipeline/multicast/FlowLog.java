/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Counter;
import io.millrace.Counters;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Writes a line of JSON for each flow of IP packets that has ended, on a thread of its own. A flow is what has the same
 * wire, protocol, addresses and ports; it ends when nothing came for a while, or is cut after a longer while, or with
 * the log.
 *
 * <pre>{@code
 * {"wire":"vm0-switch","protocol":17,"source":"10.0.0.1","sourcePort":4000,"destination":"10.0.0.2",
 *  "destinationPort":53,"packets":3,"bytes":198,"first":"2026-11-25T10:00:00.000000001Z",
 *  "last":"2026-11-25T10:00:02.500000000Z","tcpFlags":0,"end":"idle"}
 * }</pre>
 *
 * <p>Counts {@code flow-log/NAME/flows} (lines), {@code not-ip} and {@code overflow}: packets of flows that the table
 * had no place for. What was lost before is counted by its subscription.
 *
 * <p>Thread safety: all methods may be called from any thread.
 */
public final class FlowLog extends Subscriber {
    private static final long SCAN_NS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Multicast multicast;
    private final Target target;
    private final int most;
    private final long idleNs;
    private final long activeNs;
    private final FlowReader reader = new FlowReader();
    private final Map<FlowKey, Flow> flows = new HashMap<>();
    private final StringBuilder lines = new StringBuilder();
    private final Counter ended;
    private final Counter notIp;
    private final Counter overflow;
    private long scannedNs = System.nanoTime();

    FlowLog(final FlowLogBuilder builder, final Target target, final Subscription subscription) {
        super("flow log", subscription);
        this.multicast = builder.multicast();
        this.target = target;
        this.most = builder.flows();
        this.idleNs = builder.idleNs();
        this.activeNs = builder.activeNs();
        final Counters.Scope scope = multicast.counters().scope("flow-log", subscription.name());
        ended = scope.counter("flows");
        notIp = scope.counter("not-ip");
        overflow = scope.counter("overflow");
    }

    /** Begins the description of a log of what {@code multicast} publishes. */
    public static FlowLogBuilder of(final Multicast multicast) {
        return new FlowLogBuilder(multicast);
    }

    @Override
    void begin() {
    }

    @Override
    boolean take(final PacketCopy copy) {
        final FlowKey key = reader.of(copy);
        if (key == null) {
            notIp.increment();
            return true;
        }
        Flow flow = flows.get(key);
        if (flow == null) {
            if (flows.size() == most) {
                overflow.increment();
                return true;
            }
            flow = new Flow(copy.timeNs());
            flows.put(key, flow);
        }
        flow.packets++;
        flow.bytes += copy.length();
        flow.lastNs = copy.timeNs();
        flow.tcpFlags |= reader.tcpFlags();
        return true;
    }

    @Override
    void pause(final long nowNs, final boolean isIdle) throws IOException {
        if (nowNs - scannedNs < SCAN_NS) {
            return;
        }
        scannedNs = nowNs;
        for (final Iterator<Map.Entry<FlowKey, Flow>> it = flows.entrySet().iterator(); it.hasNext();) {
            final Map.Entry<FlowKey, Flow> entry = it.next();
            final Flow flow = entry.getValue();
            final boolean isOver = nowNs - flow.lastNs > idleNs;
            if (isOver || nowNs - flow.firstNs > activeNs) {
                append(entry.getKey(), flow, isOver ? "idle" : "active");
                it.remove();
            }
        }
        write();
    }

    @Override
    void finish() throws IOException {
        flows.forEach((key, flow) -> append(key, flow, "closed"));
        flows.clear();
        write();
    }

    private void append(final FlowKey key, final Flow flow, final String end) {
        ended.increment();
        // No name here can contain a quote: wires have checked it.
        lines.append("{\"wire\":\"").append(key.wire())
            .append("\",\"protocol\":").append(key.protocol())
            .append(",\"source\":\"").append(key.source())
            .append("\",\"sourcePort\":").append(key.sourcePort())
            .append(",\"destination\":\"").append(key.destination())
            .append("\",\"destinationPort\":").append(key.destinationPort())
            .append(",\"packets\":").append(flow.packets)
            .append(",\"bytes\":").append(flow.bytes)
            .append(",\"first\":\"").append(instant(flow.firstNs))
            .append("\",\"last\":\"").append(instant(flow.lastNs))
            .append("\",\"tcpFlags\":").append(flow.tcpFlags)
            .append(",\"end\":\"").append(end).append("\"}\n");
    }

    private Instant instant(final long timeNs) {
        return Instant.EPOCH.plusNanos(multicast.epochNs(timeNs));
    }

    private void write() throws IOException {
        if (lines.length() > 0) {
            target.write(ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8)));
            lines.setLength(0);
        }
    }

    @Override
    void release() throws IOException {
        target.close();
    }

    @Override
    String explain(final IOException e) {
        return target.explain(e);
    }

    /** What is known about a flow so far. */
    private static final class Flow {
        final long firstNs;
        long lastNs;
        long packets;
        long bytes;
        int tcpFlags;

        Flow(final long firstNs) {
            this.firstNs = firstNs;
        }
    }
}
