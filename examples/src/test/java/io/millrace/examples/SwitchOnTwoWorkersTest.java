/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.traffic.Traffic;
import io.millrace.virtqueue.VhostUser;
import io.millrace.virtqueue.VirtioUser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Two stations behind virtio-user cards, and a switch between them whose ports are on different workers:
 * traffic - virtio-user - rings - vhost-user - handoff - switch - vhost-user - and so on. Closing throws if a frame is
 * missing.
 */
class SwitchOnTwoWorkersTest {
    private static final long TIMEOUT_NS = 120_000_000_000L;
    private static final List<String> MACS = List.of("02:00:00:00:00:0a", "02:00:00:00:00:0b");

    @TempDir
    Path folder;
    private Dataplane device;
    private Dataplane driver;
    private final Traffic[] stations = new Traffic[2];
    private final Port[] cards = new Port[2];

    @BeforeEach
    void open() {
        device = Dataplane.builder().name("device").frames(4096).jumboFrames(16).build();
        driver = Dataplane.builder().name("driver").frames(4096).jumboFrames(16).build();
        final LearningSwitch bridge = new LearningSwitch(2);
        final Graph inside = new Graph();
        final Graph outside = new Graph();
        for (int i = 0; i < 2; i++) {
            final String socket = folder.resolve(i + ".sock").toString();
            final Port port = device.open(VhostUser.listen(socket).name("vm" + i));
            inside.from(port).to(bridge).from(bridge.port(port.id())).to(port);
            if (i == 0) {
                inside.place(device.worker("edge"), port);
            } else {
                inside.place(device.worker("core"), bridge, port);
            }
            cards[i] = driver.open(VirtioUser.connect(socket).name("card" + i).ringSize(256));
            stations[i] = Traffic.named("station" + i).flows(8).sizes("imix").source(MACS.get(i))
                .destination(MACS.get(1 - i)).paused();
        }
        device.start(inside);
        for (int i = 0; i < 2; i++) {
            stations[i].window(64, stations[1 - i]);
            final Port end = driver.open(stations[i]);
            outside.from(end).to(cards[i]).from(cards[i]).to(end);
        }
        driver.start(outside);
        until(() -> cards[0].link() == LinkState.UP && cards[1].link() == LinkState.UP);
        stations[0].start();
        stations[1].start();
    }

    @AfterEach
    void close() {
        driver.close();
        device.close();
    }

    private static void until(final BooleanSupplier condition) {
        Running.until(TIMEOUT_NS, condition);
    }

    private long received() {
        return Math.min(stations[0].received(), stations[1].received());
    }

    @Test
    void shouldTakePacketsAcrossInOrderAndAllocateNothing() {
        until(() -> received() > 1_000_000);
        assertEquals(0, Running.leastAllocated(List.of("edge", "core")::contains, this::received, 500_000,
            TIMEOUT_NS), "bytes allocated by both workers");
        for (final Traffic station : stations) {
            station.stop();
        }
        until(() -> stations[0].isStopped() && stations[1].isStopped()
            && stations[0].sent() == stations[1].received() && stations[1].sent() == stations[0].received());
        for (int i = 0; i < 2; i++) {
            assertTrue(stations[i].verdict(stations[1 - i]).isClean(), stations[i].verdict(stations[1 - i])::toString);
        }
        assertEquals(stations[0].sent(), device.counters().snapshot().get("handoff/vm0-learning-switch/packets"));
    }
}
