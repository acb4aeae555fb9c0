/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import com.sun.management.ThreadMXBean;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.MacSwap;
import io.millrace.pipeline.traffic.Traffic;
import io.millrace.virtqueue.VhostUser;
import io.millrace.virtqueue.VirtioUser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Both sides of a vhost-user socket in one process, each a data plane of its own, over millions of packets:
 * traffic - virtio-user - rings - vhost-user - echo. Closing either throws if a frame is missing.
 */
class EchoThroughRingsTest {
    private static final long TIMEOUT_NS = 120_000_000_000L;

    @TempDir
    Path folder;
    private Traffic traffic;
    private Dataplane device;
    private Dataplane driver;
    private Port card;

    @BeforeEach
    void open() {
        final String socket = folder.resolve("echo.sock").toString();
        device = Dataplane.builder().name("device").frames(2048).jumboFrames(16).build();
        final Port port = device.open(VhostUser.listen(socket).name("vm"));
        final MacSwap swap = new MacSwap();
        device.start(new Graph().from(port).to(swap).from(swap.out()).to(port));
        driver = Dataplane.builder().name("driver").frames(4096).jumboFrames(16).build();
        card = driver.open(VirtioUser.connect(socket).name("card").ringSize(256));
        traffic = Traffic.named("traffic").flows(16).sizes("imix").paused();
    }

    @AfterEach
    void close() {
        driver.close();
        device.close();
    }

    private void start(final Traffic generator) {
        final Port end = driver.open(generator);
        driver.start(new Graph().from(end).to(card).from(card).to(end));
        until(() -> card.link() == LinkState.UP);
        generator.start();
    }

    private static void until(final BooleanSupplier condition) {
        final long startNs = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - startNs < TIMEOUT_NS, "it did not happen in time");
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static long allocated() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().contains("worker-"))
            .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getId())).sum();
    }

    private static long sum(final Dataplane dataplane, final String prefix, final String part) {
        long sum = 0;
        for (final Map.Entry<String, Long> counter : dataplane.counters().snapshot().entrySet()) {
            if (counter.getKey().startsWith(prefix) && counter.getKey().contains(part)) {
                sum += counter.getValue();
            }
        }
        return sum;
    }

    @Test
    void shouldAllocateNothingPerPacket() {
        final Traffic windowed = traffic.window(128, traffic);
        start(windowed);
        until(() -> windowed.received() > 1_500_000);
        assertTrue(allocated() > 0, "no worker thread was found");
        long least = Long.MAX_VALUE;
        // What the compiler interrupts may still allocate once; a byte for a packet would be in each round.
        for (int round = 0; round < 3; round++) {
            final long before = allocated();
            final long packets = windowed.received();
            until(() -> windowed.received() > packets + 1_000_000);
            least = Math.min(least, allocated() - before);
        }
        assertEquals(0, least, "bytes allocated by both workers");
        windowed.stop();
        until(() -> windowed.sent() == windowed.received());
        assertTrue(Outcome.of(windowed.verdict(windowed)).isGood(), windowed.verdict(windowed).toString());
    }

    @Test
    void shouldAccountForEveryPacketUnderOverload() {
        final long count = 1_000_000;
        final Traffic flood = traffic.count(count);
        start(flood);
        until(() -> flood.sent() == count && isSettled());
        assertEquals(count, sum(driver, "port/card/tx", "/packets") + sum(driver, "port/card/tx", "/drop/"));
        assertEquals(sum(driver, "port/card/tx", "/packets"), sum(device, "port/vm/rx", "/packets"));
        assertEquals(sum(device, "port/vm/rx", "/packets"), sum(device, "port/vm/tx", "/packets")
            + sum(device, "port/vm/tx", "/drop/") + sum(device, "node/", "/drop/"));
        assertEquals(sum(device, "port/vm/tx", "/packets"), sum(driver, "port/card/rx", "/packets"));
        assertEquals(sum(driver, "port/card/rx", "/packets"), flood.received());
    }

    /** Whether nothing is on the way any more: both rings have been emptied, packet for packet. */
    private boolean isSettled() {
        return sum(driver, "port/card/tx", "/packets") == sum(device, "port/vm/rx", "/packets")
            && sum(device, "port/vm/tx", "/packets") == sum(driver, "port/card/rx", "/packets")
            && sum(device, "port/vm/rx", "/packets")
            == sum(device, "port/vm/tx", "/packets") + sum(device, "port/vm/tx", "/drop/");
    }
}
