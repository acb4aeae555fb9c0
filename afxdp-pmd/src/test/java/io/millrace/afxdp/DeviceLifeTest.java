/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.LinkState;
import io.millrace.Port;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What happens to a port when something happens to its device. Every frame is back at the end of each test. */
class DeviceLifeTest {
    private PairFixture pair;

    @BeforeEach
    void open() {
        pair = new PairFixture();
    }

    @AfterEach
    void close() {
        if (pair != null) {
            pair.close();
        }
    }

    private void carryBothWays() {
        pair.carry(pair.left.tx(0), pair.right.rx(0), pair.right, 200, 100);
        pair.carry(pair.right.tx(0), pair.left.rx(0), pair.left, 200, 100);
    }

    /** Sends on and on, whether the link is there or not. */
    private void flood() {
        while (pair.out.remaining() > 0) {
            pair.add(pair.out, 1, 100);
        }
        pair.left.tx(0).transmit(pair.out);
        pair.out.freeAll();
    }

    private void floodUntil(final Port port, final LinkState state) {
        Await.until(() -> port + " to be " + state + ": " + pair.events, () -> {
            flood();
            pair.idle();
            return port.link() == state;
        });
    }

    @Test
    void shouldGoDownAndUpWithItsDevice() {
        pair.lab.left("set left down");
        floodUntil(pair.left, LinkState.DOWN);
        assertFalse(pair.left.tx(0).isReady());
        final long before = pair.count("left/tx0/drop/link-down");
        flood();
        assertEquals(before + 32, pair.count("left/tx0/drop/link-down"));
        pair.lab.left("set left up");
        pair.awaitUp();
        carryAfterNoise();
        assertEquals(3, pair.count("left/link-changes"));
    }

    /** What was in the ring while the device was down comes first. */
    private void carryAfterNoise() {
        for (int i = 0; i < 100; i++) {
            pair.idle();
        }
        carryBothWays();
    }

    @Test
    void shouldGoDownWithItsCarrier() {
        pair.lab.right("set right down");
        pair.await(pair.left, LinkState.DOWN);
        assertTrue(pair.events.stream().anyMatch(e -> e.startsWith("left DOWN: the device has no carrier")),
            pair.events.toString());
        assertTrue(pair.events.stream().anyMatch(e -> e.startsWith("right DOWN: the device is switched off")),
            pair.events.toString());
        pair.lab.right("set right up");
        pair.awaitUp();
        carryBothWays();
    }

    @Test
    void shouldComeBackAfterItsDeviceWasDeletedUnderTraffic() {
        for (int i = 0; i < 100; i++) {
            flood();
            pair.idle();
        }
        pair.lab.delete();
        floodUntil(pair.left, LinkState.GONE);
        pair.await(pair.right, LinkState.GONE);
        assertFalse(pair.left.tx(0).isReady());
        pair.lab.addPair();
        pair.awaitUp();
        carryAfterNoise();
        assertEquals(1, pair.count("left/reopened"));
        assertEquals(1, pair.count("right/reopened"));
    }

    @Test
    void shouldGiveEveryFrameBackWhileItsDeviceIsGone() {
        final int jumboAndNormal = pair.pool.frames() + pair.pool.jumboFrames();
        pair.lab.delete();
        floodUntil(pair.left, LinkState.GONE);
        pair.await(pair.right, LinkState.GONE);
        Await.until(() -> pair.pool.free() + " of " + jumboAndNormal + " frames free", () -> {
            pair.idle();
            return pair.pool.free() == jumboAndNormal;
        });
    }

    @Test
    void shouldComeBackWhenNobodyPolls() {
        pair.lab.delete();
        Await.until(() -> "gone: " + pair.events, () -> pair.left.link() == LinkState.GONE);
        // Its queues were polled before: they have to, once, to let go of their rings.
        pair.idle();
        pair.lab.addPair();
        pair.awaitUp();
        carryBothWays();
    }

    @Test
    void shouldFollowAChangeOfTheMtu() {
        final long drops = pair.count("left/tx0/drop/too-long");
        pair.add(pair.out, 1, 3000);
        pair.left.tx(0).transmit(pair.out);
        assertEquals(drops + 1, pair.count("left/tx0/drop/too-long"));
        pair.lab.mtu(9000);
        Await.until(() -> "the longer packet to pass", () -> {
            pair.add(pair.out, 1, 3000);
            return pair.left.tx(0).transmit(pair.out) == 1;
        });
    }

    @Test
    void shouldAttachAgainWhatSomebodyDetached() {
        Detached.detach(pair.lab.leftSpace, VethLab.LEFT);
        pair.await("left/reattached", 1);
        pair.await(pair.left, LinkState.UP);
        carryBothWays();
        assertTrue(pair.events.stream().anyMatch(e -> e.startsWith("left DOWN: somebody took the XDP program off")),
            pair.events.toString());
    }

    @Test
    void shouldStayUpWhenSomebodyTriesToTakeItsProgramOff() {
        try {
            pair.lab.left("set dev left xdp off");
        } catch (final AssertionError refused) {
            assertTrue(refused.getMessage().contains("busy") || refused.getMessage().contains("link"),
                refused.getMessage());
        }
        carryBothWays();
    }

    @Test
    void shouldServeItsQueuesWhenTheDeviceGetsMore() {
        pair.close();
        pair = null;
        try (PairFixture wide = new PairFixture(2, 1500, config -> config.queues(1))) {
            VethLab.run("ip netns exec " + wide.lab.leftSpace + " ethtool -L left rx 2");
            wide.carry(wide.left.tx(0), wide.right.rx(0), wide.right, 200, 100);
            assertEquals(LinkState.UP, wide.left.link());
        }
    }
}
