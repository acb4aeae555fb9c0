/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

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
 * What does the learning switch cost for each burst?
 *
 * <pre>
 *   a.rx --+                        +--&gt; a.tx
 *   b.rx --+--&gt; [ LearningSwitch ] --+--&gt; b.tx       node: switch
 *   c.rx --+                        +--&gt; c.tx
 *
 *   a.rx --&gt; b.tx    b.rx --&gt; c.tx    c.rx --&gt; a.tx   node: wire, the same ports without it
 * </pre>
 *
 * <p>16 stations are behind each port; every other packet of a burst goes to the one and to the other of the other two
 * ports. Hypothesis: 9 ns a packet, (switch - wire) / burst: read two addresses, learn one, look one up, one store into
 * the inbox behind.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class SwitchBenchmark {
    private static final int PORTS = 3;
    private static final int STATIONS = 16;
    private static final int ROUNDS = 30_000;

    /** How many packets travel together. */
    @Param({"1", "4", "32", "256"})
    private int burst;
    /** What is between the ports. */
    @Param({"wire", "switch"})
    private String node;
    private Treadmill treadmill;

    /** Starts a data plane. */
    @Setup
    public void start() {
        treadmill = new Treadmill(burst);
        for (int p = 0; p < PORTS; p++) {
            final int own = p;
            treadmill.add("loop" + p, i -> Packets.ethernet(station((own + 1 + i % 2) % PORTS, i), station(own, i), i));
        }
        final LearningSwitch bridge = new LearningSwitch(PORTS);
        final Graph graph = new Graph();
        for (int p = 0; p < PORTS; p++) {
            if (node.equals("switch")) {
                graph.from(treadmill.port(p)).to(bridge).from(bridge.port(p)).to(treadmill.port(p));
            } else {
                graph.from(treadmill.port(p)).to(treadmill.port((p + 1) % PORTS));
            }
        }
        treadmill.start(graph);
    }

    private static String station(final int port, final int i) {
        return String.format("02:00:00:00:%02x:%02x", port, i % STATIONS);
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        treadmill.close();
    }

    /** One burst from one of the ports. */
    @Benchmark
    @OperationsPerInvocation(PORTS * ROUNDS)
    public void pass() {
        treadmill.run(ROUNDS);
    }
}
