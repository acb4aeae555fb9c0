/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Offload;

/**
 * Generic receive offload: joins consecutive segments of a TCP stream, over IPv4 or IPv6, into one large packet, which
 * a port that takes TSO gets whole and any other cut again. It pays where much work per packet follows, such as a guest
 * that receives from a network card.
 *
 * <p>Only what comes in one burst is joined, so nothing waits. Only segments that a sender with TSO would have made of
 * one packet are; the packets of one stream keep their order, those of different streams may not. Large packets lie in
 * jumbo frames: when the pool has none left, segments go on as they are.
 *
 * <p>Counters: {@code joined} segments that became part of a large packet, {@code large} packets made, {@code starved}
 * segments that were not joined for want of a frame.
 */
public final class Gro extends Node {
    // Streams that are looked at at once: in a burst there are rarely more.
    private static final int FLOWS = 8;

    private final Output out = output("out");
    private final TcpSegment segment = new TcpSegment();
    private final GroFlow[] flows = new GroFlow[FLOWS];
    // The first so many of them are in use, in the order in which they began.
    private int used;
    private Counter joined;
    private Counter large;
    private Counter starved;

    /** A node with one output. */
    public Gro() {
    }

    /** Where the packets go. */
    public Output out() {
        return out;
    }

    @Override
    public Gro named(final String newName) {
        super.named(newName);
        return this;
    }

    @Override
    protected int offloads() {
        return Offload.CSUM | Offload.TSO4 | Offload.TSO6;
    }

    @Override
    protected void onStart(final Worker worker) {
        joined = counter("joined");
        large = counter("large");
        starved = counter("starved");
        for (int i = 0; i < FLOWS; i++) {
            flows[i] = new GroFlow(worker.frames());
        }
    }

    @Override
    protected void process(final Burst burst) {
        used = 0;
        for (int i = 0; i < burst.size(); i++) {
            switch (segment.read(burst, i)) {
                case TCP -> take(burst, i);
                case NOT_TCP -> out.emit(burst, i);
                default -> {
                    // It may be of any stream.
                    leaveAll(burst);
                    out.emit(burst, i);
                }
            }
        }
        leaveAll(burst);
    }

    private void take(final Burst burst, final int i) {
        final int at = find();
        if (at < used) {
            if (joins(burst, i, flows[at])) {
                if (flows[at].isComplete()) {
                    leave(burst, at);
                }
                return;
            }
            leave(burst, at);
        }
        if (!segment.isPlain || segment.isPushed) {
            out.emit(burst, i);
            return;
        }
        if (used == FLOWS) {
            leave(burst, 0);
        }
        flows[used++].begin(burst, i, segment);
    }

    private int find() {
        int at = 0;
        while (at < used && !flows[at].isOf(segment)) {
            at++;
        }
        return at;
    }

    private boolean joins(final Burst burst, final int i, final GroFlow flow) {
        if (!flow.fits(segment)) {
            return false;
        }
        if (!flow.join(burst, i, segment)) {
            starved.increment();
            return false;
        }
        return true;
    }

    private void leaveAll(final Burst burst) {
        for (int at = 0; at < used; at++) {
            send(burst, flows[at]);
        }
        used = 0;
    }

    private void leave(final Burst burst, final int at) {
        final GroFlow flow = flows[at];
        send(burst, flow);
        used--;
        for (int i = at; i < used; i++) {
            flows[i] = flows[i + 1];
        }
        flows[used] = flow;
    }

    private void send(final Burst burst, final GroFlow flow) {
        if (flow.count() > 1) {
            joined.add(flow.count());
            large.increment();
        }
        flow.leave(burst, out);
    }
}
