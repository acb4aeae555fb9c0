/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import com.sun.management.ThreadMXBean;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.RxQueue;
import io.millrace.TxQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Packets from one tap port through a bridge of the kernel's to another. */
class TapTrafficTest {
    private TapFixture fixture;
    private Port left;
    private Port right;

    private void open(final Tap leftTap, final Tap rightTap) {
        open(TapFixture.create(), leftTap, rightTap);
    }

    private void open(final TapFixture newFixture, final Tap leftTap, final Tap rightTap) {
        fixture = newFixture;
        left = fixture.open(leftTap);
        right = fixture.open(rightTap);
        fixture.bridge("left");
        fixture.bridge("right");
    }

    @AfterEach
    void close() {
        if (fixture != null) {
            fixture.close();
        }
    }

    @ParameterizedTest
    @EnumSource(Io.class)
    void shouldCarryPacketsOfAllSizesUnchanged(final Io io) {
        open(Tap.create("left").io(io), Tap.create("right").io(io));
        final int[] sizes = {14, 15, 60, 64, 128, 1000, 1513, 1514};
        for (int burst = 1; burst <= 32; burst++) {
            final byte[][] packets = new byte[burst][];
            for (int i = 0; i < burst; i++) {
                packets[i] = TapFixture.packet(i, sizes[(burst + i) % sizes.length]);
            }
            assertEquals(burst, fixture.send(left, packets));
            fixture.until(() -> fixture.received.get(1).size() == packets.length, packets.length + " packets");
            for (int i = 0; i < burst; i++) {
                assertArrayEquals(packets[i], fixture.received.get(1).get(i), "packet " + i + " of " + burst);
            }
            fixture.received.get(1).clear();
        }
        assertEquals(fixture.count("port/left/tx0/packets"), fixture.count("port/right/rx0/packets"));
        assertEquals(fixture.count("port/left/tx0/bytes"), fixture.count("port/right/rx0/bytes"));
    }

    @ParameterizedTest
    @EnumSource(value = Io.class, names = {"URING", "PLAIN"})
    void shouldCarryPacketsOfEveryMtu(final Io io) {
        open(Tap.create("left").io(io).mtu(65_521), Tap.create("right").io(io).mtu(65_521));
        final int[] sizes = {60, 1514, 1727, 1728, 1729, 1740, 2048, 9014, 40_000, 65_535};
        for (int burst = 1; burst <= 12; burst++) {
            final byte[][] packets = new byte[burst][];
            for (int i = 0; i < burst; i++) {
                packets[i] = TapFixture.packet(i, sizes[(burst + i) % sizes.length]);
            }
            assertEquals(burst, fixture.send(left, packets));
            fixture.until(() -> fixture.received.get(1).size() == packets.length, packets.length + " packets");
            for (int i = 0; i < burst; i++) {
                assertArrayEquals(packets[i], fixture.received.get(1).get(i), "packet " + i + " of " + burst);
            }
            fixture.received.get(1).clear();
        }
    }

    @ParameterizedTest
    @EnumSource(value = Io.class, names = {"URING", "PLAIN"})
    void shouldDropOnlyWhatIsNoPacket(final Io io) {
        open(Tap.create("left").io(io), Tap.create("right").io(io));
        final byte[][] packets = new byte[12][];
        for (int i = 0; i < packets.length; i++) {
            packets[i] = TapFixture.packet(i, i % 3 == 1 ? 13 : 60);
        }
        assertEquals(8, fixture.send(left, packets));
        fixture.until(() -> fixture.received.get(1).size() == 8, "8 packets");
        assertEquals(4, fixture.count("port/left/tx0/drop/runt"));
        assertEquals(8, fixture.count("port/left/tx0/packets"));
    }

    @Test
    void shouldDropLargePacketsWithoutJumboFrames() {
        open(TapFixture.create(512, 1), Tap.create("left").mtu(9000), Tap.create("right").mtu(9000));
        // The only jumbo frame is in the burst, so none is left to receive into.
        fixture.add(TapFixture.packet(1, 5000));
        final int held = fixture.burst.offset(0);
        final int length = fixture.burst.length(0);
        fixture.burst.takeFront(1);
        fixture.burst.add(held, length, 0);
        left.tx(0).transmit(fixture.burst);
        final int jumbo = fixture.frames.allocateJumbo();
        fixture.send(left, TapFixture.packet(2, 60));
        fixture.until(() -> fixture.received.get(1).size() == 1, "the small packet");
        fixture.frames.free(jumbo);
        assertEquals(1, fixture.count("port/right/rx0/drop/no-frame"));
        fixture.send(left, TapFixture.packet(3, 5000));
        fixture.until(() -> fixture.received.get(1).size() == 2, "the large packet");
    }

    @Test
    void shouldDropPacketsThatNoFrameWasReadyFor() throws InterruptedException {
        open(Tap.create("left").mtu(9000), Tap.create("right"));
        final CountDownLatch isOver = new CountDownLatch(1);
        final CountDownLatch isStuck = new CountDownLatch(1);
        fixture.control.execute(() -> {
            isStuck.countDown();
            try {
                isOver.await();
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        isStuck.await();
        // Nobody hears that the MTU has grown.
        fixture.ip("link set right mtu 9000");
        fixture.send(left, TapFixture.packet(1, 5000), TapFixture.packet(2, 60));
        fixture.until(() -> fixture.received.get(1).size() == 1, "the small packet");
        isOver.countDown();
        assertEquals(1, fixture.count("port/right/rx0/drop/too-long"));
        assertEquals(60, fixture.received.get(1).get(0).length);
        fixture.until(() -> {
            fixture.send(left, TapFixture.packet(3, 5000));
            return fixture.received.get(1).size() > 1;
        }, "a large packet after the MTU was heard of");
    }

    @ParameterizedTest
    @EnumSource(value = Io.class, names = {"URING", "PLAIN"})
    void shouldAccountForEveryPacketUnderOverload(final Io io) {
        open(Tap.create("left").io(io), Tap.create("right").io(io));
        final long count = 30_000;
        final byte[] packet = TapFixture.packet(1, 200);
        for (int sent = 0; sent < count; sent += 50) {
            for (int i = 0; i < 50; i++) {
                fixture.add(packet);
            }
            left.tx(0).transmit(fixture.burst);
            assertEquals(0, fixture.burst.size());
            // Half as often as needed: the kernel's queue overflows.
            if (sent % 400 == 0) {
                fixture.poll();
            }
        }
        assertEquals(count, fixture.count("port/left/tx0/packets"));
        fixture.until(() -> received() + dropped() == count, "every packet at the other end or dropped by the kernel");
        assertTrue(dropped() > 0, "nothing was dropped: no overload");
    }

    private long received() {
        return fixture.count("port/right/rx0/packets");
    }

    /** What the kernel could not put into the queue of the device. */
    private long dropped() {
        return Long.parseLong(TapFixture.run("ip", "netns", "exec", fixture.namespace, "sh", "-c",
            "awk '/right:/ { print $13 }' /proc/net/dev").trim());
    }

    @Test
    void shouldCostNoCallWhileNothingComes() {
        open(Tap.create("left").io(Io.URING), Tap.create("right").io(Io.URING));
        fixture.send(left, TapFixture.packet(1, 60));
        fixture.until(() -> fixture.received.get(1).size() == 1, "a packet");
        for (int i = 0; i < 1000; i++) {
            fixture.poll();
        }
        final long calls = fixture.count("port/right/rx0/calls");
        for (int i = 0; i < 10_000; i++) {
            fixture.poll();
        }
        assertEquals(calls, fixture.count("port/right/rx0/calls"));
        fixture.send(left, TapFixture.packet(2, 60), TapFixture.packet(3, 60));
        fixture.until(() -> fixture.received.get(1).size() == 3, "packets after the silence");
    }

    @Test
    void shouldTakeManyPacketsInOneCall() {
        open(Tap.create("left").io(Io.URING), Tap.create("right").io(Io.URING));
        final byte[][] packets = new byte[32][];
        for (int i = 0; i < packets.length; i++) {
            packets[i] = TapFixture.packet(i, 60);
        }
        final long calls = fixture.count("port/left/tx0/calls");
        fixture.send(left, packets);
        assertEquals(1, fixture.count("port/left/tx0/calls") - calls);
        for (int round = 0; round < 100; round++) {
            fixture.send(left, packets);
            fixture.poll();
        }
        fixture.until(() -> received() == 101 * 32, "all packets");
        assertTrue(fixture.count("port/right/rx0/calls") < received() / 4,
            fixture.count("port/right/rx0/calls") + " calls for " + received() + " packets");
    }

    @ParameterizedTest
    @EnumSource(value = Io.class, names = {"URING", "PLAIN"})
    void shouldAllocateNothingPerPacket(final Io io) {
        open(Tap.create("left").io(io), Tap.create("right").io(io));
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long id = Thread.currentThread().getId();
        shuttle(60_000);
        // The compiler at work allocates a little on this thread, once in a while; a packet that costs something does
        // so in every round.
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            final long before = threads.getThreadAllocatedBytes(id);
            shuttle(20_000);
            least = Math.min(least, threads.getThreadAllocatedBytes(id) - before - measuring(threads, id));
        }
        assertEquals(0, least, "bytes for 20000 packets");
        assertTrue(received() >= 159_000, received() + " of 160000 packets at the other end");
    }

    private static long measuring(final ThreadMXBean threads, final long id) {
        final long before = threads.getThreadAllocatedBytes(id);
        return threads.getThreadAllocatedBytes(id) - before;
    }

    /** Sends bursts of 1 to 32 packets and takes them at the other end. */
    private void shuttle(final int packets) {
        final TxQueue tx = left.tx(0);
        final RxQueue rx = right.rx(0);
        for (int sent = 0, n = 1; sent < packets; sent += n, n = n % 32 + 1) {
            for (int i = 0; i < n; i++) {
                final int offset = fixture.frames.allocate();
                final long address = fixture.pool.baseAddress() + offset;
                org.agrona.UnsafeApi.putLong(address, 0x0200_ffff_ffff_ffffL);
                org.agrona.UnsafeApi.putLong(address + 8, 0xb588_0000_0000L);
                fixture.burst.add(offset, 60, 0);
            }
            tx.transmit(fixture.burst);
            for (int i = 0; i < 3; i++) {
                rx.receive(fixture.burst);
                fixture.burst.freeAll();
            }
        }
    }

    @Test
    void shouldKeepOtherPortsWorkingWhileOneIsDown() {
        open(Tap.create("left"), Tap.create("right"));
        fixture.ip("link set left down");
        fixture.awaitLink(left, LinkState.DOWN);
        assertEquals(0, fixture.send(left, TapFixture.packet(1, 60), TapFixture.packet(2, 60)));
        assertEquals(2, fixture.count("port/left/tx0/drop/link-down"));
        final byte[][] many = new byte[20][];
        java.util.Arrays.setAll(many, i -> TapFixture.packet(i, 60));
        assertEquals(0, fixture.send(left, many));
        assertEquals(22, fixture.count("port/left/tx0/drop/link-down"));
        assertEquals(LinkState.UP, right.link());
        fixture.ip("link set left up");
        fixture.awaitLink(left, LinkState.UP);
        fixture.until(() -> {
            fixture.send(left, TapFixture.packet(3, 60));
            return !fixture.received.get(1).isEmpty();
        }, "packets after the link came up");
    }
}
