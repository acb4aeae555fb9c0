/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.LinkState;
import io.millrace.Port;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Arrays;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Devices that are taken away, moved and brought back. */
class TapFaultTest {
    private final byte[][] packets = new byte[20][];
    private TapFixture fixture;
    private Port left;
    private Port right;

    @BeforeEach
    void open() {
        fixture = TapFixture.create();
        Arrays.setAll(packets, i -> TapFixture.packet(i, 100));
        left = fixture.open(Tap.create("left"));
        fixture.bridge("left");
    }

    @AfterEach
    void close() {
        if (fixture != null) {
            fixture.close();
        }
    }

    /** Sends until packets pass again. */
    private void untilTheyPass() {
        fixture.received.get(1).clear();
        fixture.until(() -> {
            fixture.send(left, packets);
            fixture.send(right, packets);
            return fixture.received.get(1).size() > 20;
        }, "packets pass");
    }

    private void openRight(final Tap tap) {
        right = fixture.open(tap);
        fixture.bridge("right");
        untilTheyPass();
    }

    @ParameterizedTest
    @EnumSource(value = Io.class, names = {"URING", "PLAIN"})
    void shouldMakeItsDeviceAgainAfterItWasDeletedUnderTraffic(final Io io) {
        openRight(Tap.create("right").io(io).mtu(1600));
        fixture.ip("link del right");
        fixture.until(() -> {
            assertEquals(20, fixture.send(left, packets));
            fixture.send(right, packets);
            return right.link() == LinkState.GONE;
        }, "the port is gone");
        fixture.until(() -> right.link() == LinkState.UP, "the port is back");
        assertTrue(fixture.ip("link show right").contains("mtu 1600"));
        fixture.bridge("right");
        untilTheyPass();
        assertEquals(1, fixture.count("port/right/reopened"));
        assertEquals(LinkState.UP, left.link());
        assertTrue(fixture.count("port/right/tx0/drop/link-down") > 0);
    }

    @Test
    void shouldWaitForADeviceThatOthersMake() {
        fixture.ip("tuntap add dev right mode tap");
        openRight(Tap.attach("right"));
        fixture.ip("link del right");
        fixture.awaitLink(right, LinkState.GONE);
        // Something else takes the name for a while.
        fixture.ip("link add right type bridge");
        for (int i = 0; i < 20; i++) {
            fixture.poll();
        }
        assertEquals(LinkState.GONE, right.link());
        fixture.ip("link del right");
        fixture.ip("tuntap add dev right mode tap");
        fixture.awaitLink(right, LinkState.UP);
        fixture.bridge("right");
        untilTheyPass();
    }

    @Test
    void shouldStayGoneIfToldSo() {
        openRight(Tap.create("right").reopen(false));
        fixture.ip("link del right");
        fixture.awaitLink(right, LinkState.GONE);
        fixture.ip("tuntap add dev right mode tap");
        final long start = System.nanoTime();
        fixture.until(() -> System.nanoTime() - start > 1_500_000_000L, "longer than the pause before a reopening");
        assertEquals(LinkState.GONE, right.link());
        final long before = fixture.count("port/right/tx0/drop/link-down");
        assertEquals(0, fixture.send(right, packets));
        assertEquals(20, fixture.count("port/right/tx0/drop/link-down") - before);
    }

    @Test
    void shouldFollowADeviceToAnotherNamespace() {
        openRight(Tap.create("right"));
        final String elsewhere = fixture.namespace + "b";
        TapFixture.run("ip", "netns", "add", elsewhere);
        try {
            fixture.ip("link set right netns " + elsewhere);
            // Moving takes it down.
            fixture.awaitLink(right, LinkState.DOWN);
            TapFixture.run("ip", "-n", elsewhere, "link", "set", "right", "up");
            fixture.awaitLink(right, LinkState.UP);
            TapFixture.run("ip", "-n", elsewhere, "addr", "add", "10.9.8.7/24", "dev", "right");
            assertEquals(1, fixture.send(right, packets[0]));
            TapFixture.run("ip", "-n", elsewhere, "link", "del", "right");
            fixture.awaitLink(right, LinkState.GONE);
            fixture.awaitLink(right, LinkState.UP);
            assertTrue(fixture.ip("link show right").contains("UP"), "it is made again where it belongs");
        } finally {
            TapFixture.run("ip", "netns", "del", elsewhere);
        }
    }

    @Test
    void shouldTellOfEveryChangeOnce() {
        openRight(Tap.create("right"));
        fixture.events.clear();
        fixture.ip("link set right down");
        fixture.awaitLink(right, LinkState.DOWN);
        fixture.ip("link set right up");
        fixture.awaitLink(right, LinkState.UP);
        fixture.ip("link set right carrier off");
        fixture.awaitLink(right, LinkState.DOWN);
        fixture.ip("link set right carrier on");
        fixture.awaitLink(right, LinkState.UP);
        assertEquals(java.util.List.of("right DOWN: the interface is down", "right UP: the interface is up",
            "right DOWN: the interface has no carrier", "right UP: the interface is up"), fixture.events);
    }

    @Test
    void shouldAdaptToANewMtu() {
        openRight(Tap.create("right"));
        fixture.ip("link set left mtu 9000");
        fixture.ip("link set right mtu 9000");
        fixture.received.get(1).clear();
        fixture.until(() -> {
            fixture.send(left, TapFixture.packet(1, 8000));
            return fixture.received.get(1).stream().anyMatch(packet -> packet.length == 8000);
        }, "a large packet");
    }
}
