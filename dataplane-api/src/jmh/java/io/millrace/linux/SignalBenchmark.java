/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What does it cost to tell a peer by its eventfd, with nobody asleep at the other end?
 *
 * <p>Hypothesis: a write is a system call of some 400 ns; the form that no peer can stop submits a request and, every
 * 32nd time, takes results away, which is a microsecond more; to look before writing is two calls.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class SignalBenchmark {
    private EventFd eventFd;
    private EventSignal strong;
    private EventSignal polling;

    /** Opens all. */
    @Setup
    public void open() {
        eventFd = EventFd.create();
        strong = EventSignal.open();
        polling = EventSignal.openPolling();
    }

    /** Closes all. */
    @TearDown
    public void close() {
        strong.close();
        polling.close();
        eventFd.close();
    }

    /** A write, which its owner can stop. */
    @Benchmark
    public void write() {
        eventFd.signal();
    }

    /** What workers do. */
    @Benchmark
    public boolean signal() {
        return strong.signal(eventFd.fd().number());
    }

    /** What they do where the kernel has no asynchronous reads. */
    @Benchmark
    public boolean lookAndWrite() {
        return polling.signal(eventFd.fd().number());
    }
}
