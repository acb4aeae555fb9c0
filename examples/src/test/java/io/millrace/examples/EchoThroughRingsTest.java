/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

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

import java.nio.file.Path;
import java.util.Map;
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
        Running.until(TIMEOUT_NS, condition);
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
        assertEquals(0, Running.leastAllocated(name -> name.contains("worker-"), windowed::received, 1_000_000,
            TIMEOUT_NS), "bytes allocated by both workers");
        windowed.stop();
        until(() -> windowed.sent() == windowed.received());
        assertTrue(windowed.verdict(windowed).isClean(), windowed.verdict(windowed).toString());
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
