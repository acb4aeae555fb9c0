/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.Burst;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Port;
import io.millrace.PortContext;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The kernel at both ends, and two ports with a wire between them in the middle.
 *
 * <pre>
 *   kernel 10.9.0.1 -- right | left -- port --- port -- near | far -- kernel 10.9.0.2
 * </pre>
 */
class KernelPathTest {
    private VethLab one;
    private VethLab two;
    private FramePool pool;
    private final Counters counters = Counters.inMemory();
    private final ControlLoop control = ControlLoop.start("control");
    private final AtomicBoolean isStopped = new AtomicBoolean();
    private Port left;
    private Port near;
    private Thread worker;

    @BeforeEach
    void open() {
        Needs.program("ethtool", "ethtool");
        Needs.program("ping", "iputils-ping");
        one = new VethLab(1);
        two = new VethLab(1);
        one.mtu(9000);
        two.mtu(9000);
        VethLab.ip("-n " + one.rightSpace + " addr add 10.9.0.1/24 dev right");
        VethLab.ip("-n " + two.rightSpace + " addr add 10.9.0.2/24 dev right");
        // The trap of AfXdp's description: packets between kernels would arrive without a checksum.
        VethLab.run("ip netns exec " + one.rightSpace + " ethtool -K right tx off");
        VethLab.run("ip netns exec " + two.rightSpace + " ethtool -K right tx off");
        pool = FramePool.create(8192, 256);
        left = open(0, AfXdp.device(VethLab.LEFT).namespace(one.leftSpace));
        near = open(1, AfXdp.device(VethLab.LEFT).namespace(two.leftSpace).name("near"));
        worker = new Thread(this::forward, "worker");
        worker.start();
    }

    private Port open(final int id, final AfXdp config) {
        return config.open(new PortContext(id, pool, counters, control, (port, state, reason) -> { }));
    }

    private void forward() {
        try (FrameCache frames = pool.cache("worker")) {
            final Burst burst = new Burst(frames, 32);
            while (!isStopped.get()) {
                int n = left.rx(0).receive(burst);
                near.tx(0).transmit(burst);
                burst.freeAll();
                n += near.rx(0).receive(burst);
                left.tx(0).transmit(burst);
                burst.freeAll();
                if (n == 0) {
                    Thread.yield();
                }
            }
            left.rx(0).release();
            left.tx(0).release();
            near.rx(0).release();
            near.tx(0).release();
        }
    }

    @AfterEach
    void close() throws InterruptedException {
        isStopped.set(true);
        if (worker != null) {
            worker.join();
            left.close();
            near.close();
        }
        control.close();
        if (one != null) {
            one.close();
        }
        if (two != null) {
            two.close();
        }
        if (pool != null) {
            pool.close();
        }
        counters.close();
    }

    private String ping(final String arguments) {
        return VethLab.run("ip netns exec " + one.rightSpace + " ping -q -W 5 " + arguments + " 10.9.0.2");
    }

    @Test
    void shouldAnswerEveryPing() {
        final String output = ping("-c 50 -i 0.01");
        assertTrue(output.contains(" 0% packet loss"), output);
    }

    @Test
    void shouldPassJumboPings() {
        for (final int size : new int[] {1700, 1750, 1800, 3600, 8972}) {
            final String output = ping("-c 5 -i 0.01 -M do -s " + size);
            assertTrue(output.contains(" 0% packet loss"), output);
        }
        assertEquals(0, counters.snapshot().get("port/near/tx0/drop/too-long"));
    }
}
