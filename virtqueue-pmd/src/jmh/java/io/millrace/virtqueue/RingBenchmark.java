/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.RxQueue;
import io.millrace.TxQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What does a burst cost from one end of a virtqueue to the other, both ends on one thread?
 *
 * <pre>
 *   {@link #toDevice}:  virtio-user.tx --&gt; ring --&gt; vhost-user.rx      as if a guest sent
 *   {@link #toDriver}:  virtio-user.rx &lt;-- ring &lt;-- vhost-user.tx      as if a guest received
 * </pre>
 *
 * <p>Frames are taken before and freed behind; the packet's bytes are copied once, by the device. Hypothesis: about
 * 15 ns a packet in bursts of 32 with 64 bytes, and what the copy of the bytes costs beyond that; a single packet pays
 * two fences and the look at both rings alone.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class RingBenchmark {
    /** How many packets travel together. */
    @Param({"1", "32"})
    private int burst;
    /** How long they are. */
    @Param({"64", "1500"})
    private int bytes;
    /** Which kind of ring. */
    @Param({"split", "packed"})
    private String ring;
    private LoopbackFixture loop;

    /** Connects both ends. */
    @Setup
    public void open() {
        loop = new LoopbackFixture(1, driver -> driver.packed(ring.equals("packed")));
    }

    /** Fails if a packet is missing. */
    @TearDown
    public void close() {
        loop.close();
    }

    private int pass(final TxQueue tx, final Burst sent, final RxQueue rx, final Burst received) {
        for (int i = 0; i < burst; i++) {
            sent.add(loop.frames.allocate(), bytes, 0);
        }
        tx.transmit(sent);
        rx.receive(received);
        final int n = received.freeAll();
        if (n != burst || !sent.isEmpty()) {
            throw new IllegalStateException(n + " of " + burst + " packets came through");
        }
        return n;
    }

    /** One burst, as a guest sends. */
    @Benchmark
    public int toDevice() {
        return pass(loop.driver.tx(0), loop.toDevice, loop.device().rx(0), loop.atDevice);
    }

    /** One burst, as a guest receives. */
    @Benchmark
    public int toDriver() {
        return pass(loop.device().tx(0), loop.toDriver, loop.driver.rx(0), loop.atDriver);
    }
}
