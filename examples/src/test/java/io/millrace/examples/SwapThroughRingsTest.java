/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.Idle;
import io.millrace.pipeline.MacSwap;
import io.millrace.pipeline.Worker;
import io.millrace.pipeline.traffic.Traffic;
import io.millrace.virtqueue.VhostUser;
import io.millrace.virtqueue.VirtioUser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Map;

/**
 * Real rings change workers while packets flow, on the device's and on the driver's side, receive and transmit queues
 * together and apart. No packet may be lost, doubled or overtaken, and closing throws if a frame is missing.
 */
class SwapThroughRingsTest {
    private static final long TIMEOUT_NS = 240_000_000_000L;
    private static final int SWAPS = 60;

    @TempDir
    Path folder;

    /** One side: its port, what is behind it, and two workers to share the work. */
    private record Side(Dataplane plane, Port port, Object behind, Worker edge, Worker core, Graph wires) {
        static Side of(final Dataplane plane, final Port port, final Object behind, final Graph wires) {
            return new Side(plane, port, behind, plane.worker(plane.name() + "-edge"),
                plane.worker(plane.name() + "-core"), wires);
        }

        Graph placed(final int number) {
            return switch (number % 5) {
                case 0 -> wires.copy().place(edge, port, behind);
                case 1 -> wires.copy().place(edge, port).place(core, behind);
                case 2 -> wires.copy().place(core, port.rx(0), behind).place(edge, port.tx(0));
                case 3 -> wires.copy().place(core, port, behind);
                default -> wires.copy().place(edge, port.rx(0), behind).place(core, port.tx(0));
            };
        }
    }

    @Test
    void shouldLoseNothingWhenRingsChangeWorkers() {
        final String socket = folder.resolve("swap.sock").toString();
        try (Dataplane device = plane("device"); Dataplane driver = plane("driver")) {
            final Port vm = device.open(VhostUser.listen(socket).name("vm"));
            final MacSwap echo = new MacSwap();
            final Side deviceSide = Side.of(device, vm, echo, new Graph().from(vm).to(echo).from(echo.out()).to(vm));
            device.start(deviceSide.placed(0));
            final Port card = driver.open(VirtioUser.connect(socket).name("card").ringSize(256));
            final Traffic traffic = Traffic.named("traffic").flows(16).sizes("imix").paused();
            traffic.window(128, traffic);
            final Port end = driver.open(traffic);
            final Side driverSide = Side.of(driver, card, end, new Graph().from(end).to(card).from(card).to(end));
            driver.start(driverSide.placed(0));
            Running.until(TIMEOUT_NS, () -> card.link() == LinkState.UP);
            traffic.start();
            for (int swap = 1; swap <= SWAPS; swap++) {
                final long before = traffic.received();
                (swap % 2 == 0 ? device : driver).apply((swap % 2 == 0 ? deviceSide : driverSide).placed(swap / 2));
                Running.until(TIMEOUT_NS, () -> traffic.received() > before + 1000);
            }
            traffic.stop();
            Running.until(TIMEOUT_NS, () -> traffic.isStopped() && traffic.sent() == traffic.received());
            assertTrue(traffic.verdict(traffic).isClean(), traffic.verdict(traffic).toString());
            for (final Dataplane plane : new Dataplane[] {device, driver}) {
                final Map<String, Long> counters = plane.counters().snapshot();
                assertEquals(SWAPS / 2, counters.get("dataplane/swaps"));
                counters.forEach((name, value) -> assertTrue(value == 0 || !name.contains("/drop/"), name + value));
            }
        }
    }

    private static Dataplane plane(final String name) {
        return Dataplane.builder().name(name).frames(4096).jumboFrames(16).idle(Idle.ADAPTIVE).build();
    }
}
