/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.linux.Cpus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Queues go where there is time for them. Stepped, so that only the nodes say what a packet costs. */
class BalanceTest {
    private Dataplane dataplane;
    private final List<MemoryPort> ports = new ArrayList<>();
    private final int[] spins = {0, 0, 0, 0};

    @AfterEach
    void close() {
        if (dataplane != null) {
            dataplane.close();
        }
    }

    /** Four echoes, two for each of two workers, with a node each that takes its time. */
    private void start() {
        final int[] cpus = Cpus.available();
        assumeTrue(cpus.length > 1, "two CPUs are needed");
        dataplane = Dataplane.builder().frames(512).jumboFrames(0).cpus(cpus[0], cpus[1]).stepped().build();
        final Graph graph = new Graph();
        for (int p = 0; p < spins.length; p++) {
            final int number = p;
            final MemoryPort port = (MemoryPort) dataplane.open(MemoryPort.driver("vm" + p));
            final TestNodes.Custom[] self = new TestNodes.Custom[1];
            self[0] = new TestNodes.Custom((burst, i) -> {
                final long endNs = System.nanoTime() + spins[number];
                while (System.nanoTime() < endNs) {
                    Thread.onSpinWait();
                }
                self[0].out.emit(burst, i);
            });
            ports.add(port);
            graph.from(port).to(self[0]).from(self[0].out).to(port);
        }
        dataplane.start(graph);
    }

    private Balance measure() {
        final Thread traffic = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                for (final MemoryPort port : ports) {
                    port.inject(Packets.ethernet(Packets.A, Packets.B, 1));
                }
                dataplane.step();
            }
        });
        traffic.start();
        final Balance balance = dataplane.balance(Duration.ofMillis(500));
        traffic.interrupt();
        Until.isTrue(() -> !traffic.isAlive(), () -> "does not end");
        return balance;
    }

    private String workerOf(final int port) {
        return dataplane.view().ports().get(port).rx().get(0).worker();
    }

    @Test
    void shouldGiveTheBusyPartsToDifferentWorkers() {
        start();
        // Parts are dealt out in turn: 0 and 2 are together.
        assertEquals(workerOf(0), workerOf(2));
        spins[0] = 100_000;
        spins[2] = 100_000;
        final Balance balance = measure();
        assertTrue(balance.isWorthwhile(), balance::toString);
        assertTrue(balance.busiestAfter() < balance.busiestBefore(), balance::toString);
        assertEquals(workerOf(0), workerOf(2), "the dry run changed something");
        final Plan plan = dataplane.apply(balance);
        assertFalse(plan.moved().isEmpty(), plan::toString);
        assertFalse(workerOf(0).equals(workerOf(2)), balance::toString);
        assertEquals(3, balance.toString().lines().count());
        for (final MemoryPort port : ports) {
            port.taken();
            port.line(0).in.clear();
            port.inject(Packets.ethernet(Packets.A, Packets.B, 7));
        }
        dataplane.step();
        for (final MemoryPort port : ports) {
            assertEquals(7, Packets.number(port.taken().get(0)));
        }
    }
}
