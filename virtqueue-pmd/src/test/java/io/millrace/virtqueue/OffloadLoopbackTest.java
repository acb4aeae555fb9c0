/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import com.sun.management.ThreadMXBean;
import io.millrace.Burst;
import io.millrace.Offload;
import io.millrace.Port;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;
import java.util.function.UnaryOperator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Large packets and missing checksums between driver side and device side: whole, once, with what is left to do. */
class OffloadLoopbackTest {
    // What Linux sends at most: 64 KiB with the IP header, and an Ethernet header.
    private static final int LARGEST = 65_536 + 14;
    private static final int PLACE = OffloadPackets.TCP_PLACE;

    private static LoopbackFixture open(final UnaryOperator<VhostUser> device, final UnaryOperator<VirtioUser> driver) {
        return new LoopbackFixture(1, device, driver);
    }

    /** Adds a TCP packet with a request. */
    private static void add(final LoopbackFixture loop, final Burst burst, final int number, final int length,
                            final int gsoType) {
        final byte[] packet = (gsoType & ~Offload.GSO_ECN) == Offload.GSO_TCPV6
            ? OffloadPackets.ipv6(OffloadPackets.TCP, length, number)
            : OffloadPackets.ipv4(OffloadPackets.TCP, length, number);
        final int offset = loop.frames.allocateFor(length);
        OffloadPackets.write(packet, loop.pool.baseAddress() + offset);
        burst.add(offset, length, 0);
        final int start = start(gsoType);
        assertTrue(burst.offload(burst.size() - 1, start, PLACE, gsoType, gsoType == 0 ? 0 : 1400,
            gsoType == 0 ? 0 : start + 20));
    }

    private static int start(final int gsoType) {
        return (gsoType & ~Offload.GSO_ECN) == Offload.GSO_TCPV6 ? 54 : 34;
    }

    private static void check(final Burst burst, final int number, final int length, final int gsoType) {
        assertEquals(1, burst.size());
        assertEquals(length, burst.length(0));
        final int start = start(gsoType);
        for (int at = start + 20; at < length; at++) {
            if (UnsafeApi.getByte(burst.address(0) + at) != (byte) (number * 31 + at)) {
                throw new AssertionError("packet " + number + " of " + length + " bytes differs at " + at);
            }
        }
        assertTrue(burst.hasOffload(0));
        assertEquals(start, burst.checksumStart(0));
        assertEquals(PLACE, burst.checksumOffset(0));
        assertEquals(gsoType, burst.gsoType(0));
        assertEquals(gsoType == 0 ? 0 : 1400, burst.gsoSize(0));
        assertEquals(gsoType == 0 ? 0 : start + 20, burst.headerLength(0));
        burst.freeAll();
    }

    @ParameterizedTest
    @CsvSource({
        "100, 0", "1514, 0", "1514, 1", "1729, 0x81", "9000, 0", "9000, 1", "65550, 1", "65550, 0x81", "65550, 4",
        "65550, 0x84", "40000, 4"})
    void shouldCarryWhatIsLeftToBeDone(final int length, final String type) {
        final int gsoType = Integer.decode(type);
        try (LoopbackFixture loop = open(device -> device, driver -> driver)) {
            for (int number = 0; number < 100; number++) {
                add(loop, loop.toDevice, number, length, gsoType);
                assertEquals(1, loop.driver.tx(0).transmit(loop.toDevice));
                assertEquals(1, loop.device().rx(0).receive(loop.atDevice));
                check(loop.atDevice, number, length, gsoType);
                add(loop, loop.toDriver, number, length, gsoType);
                assertEquals(1, loop.device().tx(0).transmit(loop.toDriver));
                assertEquals(1, loop.driver.rx(0).receive(loop.atDriver));
                check(loop.atDriver, number, length, gsoType);
                loop.idle();
            }
            assertEquals(100L * length, loop.count("driver/tx0/bytes"));
            assertEquals(100L * length, loop.count("driver/rx0/bytes"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        // offered, wanted, mergeable at the driver -> what the driver leaves to the device, and the reverse
        "31, 31, true, 31, 31", "0, 31, true, 0, 0", "31, 0, true, 0, 0", "3, 31, true, 3, 3", "31, 5, true, 5, 5",
        "1, 3, true, 1, 1", "9, 31, true, 1, 1", "31, 31, false, 31, 1"})
    void shouldTakeWhatBothKnow(final int offered, final int wanted, final boolean mergeable, final int toDevice,
                                final int toDriver) {
        try (LoopbackFixture loop = open(device -> device.offloads(offered),
            driver -> driver.offloads(wanted).mergeable(mergeable))) {
            assertEquals(toDevice, loop.driver.txOffloads());
            assertEquals(toDriver, loop.device().txOffloads());
            assertEquals(offered == 9 ? 1 : offered, loop.device().rxOffloads());
            assertEquals(mergeable ? wanted : wanted & 1, loop.driver.rxOffloads());
        }
    }

    @Test
    void shouldDropWhatThePeerDoesNotTake() {
        try (LoopbackFixture loop = open(device -> device.offloads(Offload.CSUM | Offload.TSO6), driver -> driver)) {
            for (final Port port : new Port[] {loop.driver, loop.device()}) {
                final Burst burst = port == loop.driver ? loop.toDevice : loop.toDriver;
                add(loop, burst, 1, 9000, Offload.GSO_TCPV4);
                add(loop, burst, 2, 9000, Offload.GSO_TCPV6);
                assertEquals(1, port.tx(0).transmit(burst));
                assertTrue(burst.isEmpty());
                assertEquals(1, loop.count(port.name() + "/tx0/drop/offload"));
            }
            loop.idle();
            check(loop.atDevice, 2, 9000, Offload.GSO_TCPV6);
            check(loop.atDriver, 2, 9000, Offload.GSO_TCPV6);
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void shouldSendWhatIsLeftToBeDoneWithoutHeadroom(final boolean indirect) {
        try (LoopbackFixture loop = open(device -> device, driver -> driver.indirect(indirect))) {
            add(loop, loop.toDevice, 1, LARGEST, Offload.GSO_TCPV4);
            final int room = loop.toDevice.headroom(0);
            loop.toDevice.pushFront(0, room);
            // The same packet as before, if the bytes in front of it are taken for its beginning.
            OffloadPackets.write(OffloadPackets.ipv4(OffloadPackets.TCP, LARGEST, 1), loop.toDevice.address(0));
            assertTrue(loop.toDevice.offload(0, 34, PLACE, Offload.GSO_TCPV4, 1400, 54));
            loop.toDevice.resize(0, LARGEST);
            assertEquals(1, loop.driver.tx(0).transmit(loop.toDevice));
            assertEquals(1, loop.device().rx(0).receive(loop.atDevice));
            check(loop.atDevice, 1, LARGEST, Offload.GSO_TCPV4);
        }
    }

    @Test
    void shouldAllocateNothingPerPacket() {
        try (LoopbackFixture loop = open(device -> device, driver -> driver)) {
            for (int i = 0; i < 4; i++) {
                add(loop, loop.toDevice, i, LARGEST, Offload.GSO_TCPV4);
                add(loop, loop.toDevice, i, 66, 0);
                add(loop, loop.toDriver, i, LARGEST, Offload.GSO_TCPV6);
                add(loop, loop.toDriver, i, 66, 0);
            }
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            final long id = Thread.currentThread().getId();
            // The JVM itself allocates once in a while until all is compiled.
            long allocated = 1;
            for (int turn = 0; turn < 10 && allocated > 0; turn++) {
                final long before = threads.getThreadAllocatedBytes(id);
                final long packets = exchange(loop, 2_000);
                allocated = threads.getThreadAllocatedBytes(id) - before;
                assertTrue(packets > 5_000, "only " + packets + " packets");
            }
            assertEquals(0, allocated, "bytes allocated");
        }
    }

    /** Sends the same packets to and fro. */
    private static long exchange(final LoopbackFixture loop, final int rounds) {
        long packets = 0;
        for (int round = 0; round < rounds; round++) {
            loop.driver.tx(0).transmit(loop.toDevice);
            loop.device().tx(0).transmit(loop.toDriver);
            packets += loop.device().rx(0).receive(loop.atDevice);
            packets += loop.driver.rx(0).receive(loop.atDriver);
            loop.atDevice.moveAll(loop.toDriver);
            loop.atDriver.moveAll(loop.toDevice);
        }
        return packets;
    }
}
