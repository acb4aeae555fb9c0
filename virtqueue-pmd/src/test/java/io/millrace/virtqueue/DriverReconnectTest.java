/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.LinkState;
import io.millrace.Port;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Back-ends that come and go under a worker that never stops sending. */
class DriverReconnectTest {
    private static final int ROUNDS = 20;

    @TempDir
    private Path folder;
    private volatile boolean isRunning = true;
    private volatile boolean isStuck;

    @Test
    void shouldLoseNoFrameHoweverOftenTheBackEndGoes() throws Exception {
        final VirtioUser config = VirtioUser.connect(folder.resolve("p.sock").toString()).ringSize(64);
        try (RawBackEnd backEnd = new RawBackEnd(folder.resolve("p.sock")); DriverHost host = new DriverHost(config)) {
            final Thread worker = new Thread(() -> load(host), "worker");
            worker.start();
            for (int round = 1; round <= ROUNDS; round++) {
                final int connection = round;
                Await.until(() -> "packets on connection " + connection + ": " + host.events, () -> {
                    backEnd.pump();
                    return backEnd.connections == connection && host.port.link() == LinkState.UP
                        && backEnd.ring(1) != null && backEnd.ring(1).availIndex() > 0
                        && backEnd.ring(0).availIndex() > 0;
                });
                backEnd.hangUp();
            }
            isRunning = false;
            worker.join();
            assertTrue(host.counter("tx0/drop/link-down") > 0);
            assertTrue(host.counter("tx0/unreturned") > 0);
        }
    }

    @Test
    void shouldSayWhenAWorkerKeepsARing() throws Exception {
        final VirtioUser config = VirtioUser.connect(folder.resolve("p.sock").toString()).ringSize(64);
        try (RawBackEnd backEnd = new RawBackEnd(folder.resolve("p.sock")); DriverHost host = new DriverHost(config)) {
            final Thread worker = new Thread(() -> load(host), "worker");
            worker.start();
            Await.until("packets", () -> {
                backEnd.pump();
                return host.counter("tx0/packets") > 0;
            });
            isStuck = true;
            backEnd.hangUp();
            Await.until("a complaint", () -> host.counter("session/worker-late") == 1);
            isStuck = false;
            Await.until(() -> "a new session: " + host.events, () -> {
                backEnd.pump();
                return backEnd.connections == 2 && host.port.link() == LinkState.UP;
            });
            isRunning = false;
            worker.join();
            assertEquals(1, host.counter("session/worker-late"));
        }
    }

    private void load(final DriverHost host) {
        final Port port = host.port;
        final FrameCache frames = host.pool.cache("worker");
        final Burst burst = new Burst(frames, 32);
        while (isRunning) {
            if (!isStuck) {
                while (burst.remaining() > 0) {
                    burst.add(frames.allocate(), 64, 0);
                }
                port.tx(0).transmit(burst);
                burst.freeAll();
                port.rx(0).receive(burst);
                burst.freeAll();
            }
            Thread.yield();
        }
        port.rx(0).release();
        port.tx(0).release();
        frames.close();
    }
}
