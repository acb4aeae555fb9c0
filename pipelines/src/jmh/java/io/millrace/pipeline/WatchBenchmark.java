/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.pipeline.filter.PacketFilter;
import io.millrace.pipeline.multicast.Multicast;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What does it cost that a wire can be watched, and what to watch one?
 *
 * <pre>
 *   loop.rx ---+---&gt; [A] --&gt; loop.tx
 *              |
 *            probe
 * </pre>
 *
 * <p>{@code absent}: nobody ever watched. {@code off}: somebody did, and a second graph ended it. {@code counting}: a
 * probe that counts packets. {@code filtering}: a probe that asks a filter about each. {@code unheard}: a multicast
 * without a subscriber. {@code published}: with one that never keeps up, so that every packet is copied. Hypothesis:
 * off costs what absent costs, for it is the same program.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class WatchBenchmark {
    private static final int BURSTS = 30_000;

    /** How many packets travel together. */
    @Param({"1", "32"})
    private int burst;
    /** Who watches. */
    @Param({"absent", "off", "counting", "filtering", "unheard", "published"})
    private String watch;
    private Treadmill treadmill;

    /** Starts a data plane, and what watches. */
    @Setup
    public void start() {
        treadmill = new Treadmill(burst);
        final LoopPort loop = treadmill.add("loop", i -> Packets.udp(i, 0));
        final Hops.Hop hop = Hops.first(1).get(0);
        final Graph graph = new Graph().from(loop).to(hop).from(hop.out).to(loop);
        treadmill.start(graph);
        treadmill.run(BURSTS);
        if (!watch.equals("absent")) {
            final Graph watched = graph.copy();
            final Wire wire = watched.wires().get(0);
            treadmill.dataplane().apply(watched.watch(wire, worker -> probe(worker, wire.name())));
        }
        if (watch.equals("off")) {
            treadmill.run(BURSTS);
            treadmill.dataplane().apply(graph);
        }
    }

    private Probe probe(final Worker worker, final String wire) {
        switch (watch) {
            case "off", "counting":
                return new Counting(null);
            case "filtering":
                return new Counting(PacketFilter.compile("udp port 53"));
            default:
                final Multicast multicast = Multicast.create("bench", treadmill.dataplane().counters());
                if (watch.equals("published")) {
                    multicast.subscribe("nobody");
                }
                return multicast.probe(worker, wire);
        }
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        treadmill.close();
    }

    /** One burst through one node. */
    @Benchmark
    @OperationsPerInvocation(BURSTS)
    public void pass() {
        treadmill.run(BURSTS);
    }

    private static final class Counting implements Probe {
        private final PacketFilter filter;
        private long seen;

        /** Counts what passes the filter, if there is one. */
        Counting(final PacketFilter filter) {
            this.filter = filter;
        }

        @Override
        public void observe(final Burst burst) {
            if (filter == null) {
                seen += burst.size();
                return;
            }
            for (int i = 0; i < burst.size(); i++) {
                seen += filter.matches(burst, i) ? 1 : 0;
            }
        }
    }
}
