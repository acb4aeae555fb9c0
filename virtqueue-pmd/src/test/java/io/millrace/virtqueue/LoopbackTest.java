/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import com.sun.management.ThreadMXBean;
import io.millrace.Burst;
import io.millrace.LinkState;
import io.millrace.RxQueue;
import io.millrace.TxQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Driver side against device side: what goes in on one side comes out on the other, once, in order, unchanged. */
class LoopbackTest {
    private static final int[] LENGTHS = {14, 60, 64, 65, 1514, 1728, 1729, 9000, 65_549};

    @ParameterizedTest(name = "ring {0}, mergeable {1}, in order {2}, event index {3}, indirect {4}")
    @CsvSource({
        "1, true, true, true, true", "2, false, false, true, false", "4, true, false, false, true",
        "8, true, true, false, false", "16, true, true, true, true", "16, false, false, false, false",
        "64, true, false, true, false", "256, true, true, false, true", "256, false, true, true, false",
        "1024, true, false, false, true", "1024, true, true, true, true", "4096, false, false, true, true"})
    void shouldCarryEveryLengthBothWays(final int size, final boolean mergeable, final boolean inOrder,
                                        final boolean eventIndex, final boolean indirect) {
        try (LoopbackFixture loop = new LoopbackFixture(1, driver -> driver.ringSize(size).mergeable(mergeable)
            .inOrder(inOrder).eventIndex(eventIndex).indirect(indirect))) {
            for (final int length : LENGTHS) {
                carry(loop, loop.toDevice, loop.driver.tx(0), loop.device().rx(0), loop.atDevice, length);
                // A single receive buffer holds 1728 bytes; of merged ones, a ring of 16 holds 27 KiB, and so on.
                if (length <= 1728 || mergeable && length < size * 1700) {
                    carry(loop, loop.toDriver, loop.device().tx(0), loop.driver.rx(0), loop.atDriver, length);
                }
            }
        }
    }

    @ParameterizedTest(name = "ring {0}, mergeable {1}, in order {2}, event index {3}, indirect {4}")
    @CsvSource({
        "1, true, true, true, true", "1, false, false, false, false", "2, true, false, true, false",
        "3, true, true, false, true", "4, false, false, true, true", "7, true, false, false, false",
        "15, true, true, true, false", "16, true, true, true, true", "17, false, false, false, false",
        "64, true, false, true, false", "255, true, true, false, true", "300, false, true, true, false",
        "1000, true, false, false, true", "1024, true, true, true, true", "4095, false, false, true, true"})
    void shouldCarryEveryLengthByPackedRings(final int size, final boolean mergeable, final boolean inOrder,
                                             final boolean eventIndex, final boolean indirect) {
        try (LoopbackFixture loop = new LoopbackFixture(1, driver -> driver.packed(true).ringSize(size)
            .mergeable(mergeable).inOrder(inOrder).eventIndex(eventIndex).indirect(indirect))) {
            for (final int length : LENGTHS) {
                carry(loop, loop.toDevice, loop.driver.tx(0), loop.device().rx(0), loop.atDevice, length);
                if (length <= 1728 || mergeable && length < size * 1700) {
                    carry(loop, loop.toDriver, loop.device().tx(0), loop.driver.rx(0), loop.atDriver, length);
                }
            }
        }
    }

    @Test
    void shouldDeliverWhatWasSentBeforeThePortWasClosed() throws InterruptedException {
        try (LoopbackFixture loop = new LoopbackFixture()) {
            for (int i = 0; i < 20; i++) {
                loop.add(loop.toDevice, i, 64);
            }
            assertEquals(20, loop.driver.tx(0).transmit(loop.toDevice));
            loop.driver.rx(0).release();
            loop.driver.tx(0).release();
            final Thread closer = new Thread(loop.driver::close);
            closer.start();
            Await.until("the port closed", () -> {
                loop.device().rx(0).receive(loop.atDevice);
                loop.device().tx(0).transmit(loop.toDriver);
                return !closer.isAlive();
            });
            closer.join();
            assertEquals(20, loop.atDevice.size());
            assertEquals(0, loop.count("driver/tx0/unreturned"));
        }
    }

    /** Passes 500 packets of that length through one ring. */
    private static void carry(final LoopbackFixture loop, final Burst out, final TxQueue tx, final RxQueue rx,
                              final Burst in, final int length) {
        final int count = length > 2000 ? 50 : 500;
        int sent = 0;
        int received = 0;
        final long deadline = System.nanoTime() + 20_000_000_000L;
        while (received < count) {
            while (sent < count && out.size() < 8) {
                loop.add(out, sent++, length);
            }
            tx.transmit(out);
            rx.receive(in);
            for (int i = 0; i < in.size(); i++) {
                LoopbackFixture.check(in, i, received++, length,
                    rx == loop.driver.rx(0) ? loop.driver : loop.device());
            }
            in.freeAll();
            loop.idle();
            for (int i = 0; i < in.size(); i++) {
                LoopbackFixture.check(in, i, received++, length,
                    rx == loop.driver.rx(0) ? loop.driver : loop.device());
            }
            in.freeAll();
            assertTrue(System.nanoTime() < deadline, () -> "stuck: " + loop.counters.snapshot() + loop.events);
        }
    }

    @Test
    void shouldUseEveryQueuePair() {
        try (LoopbackFixture loop = new LoopbackFixture(4, driver -> driver)) {
            for (int q = 0; q < 4; q++) {
                loop.add(loop.toDevice, q, 64);
                assertEquals(1, loop.driver.tx(q).transmit(loop.toDevice));
                assertEquals(1, loop.device().rx(q).receive(loop.atDevice));
                LoopbackFixture.check(loop.atDevice, 0, q, 64, loop.device());
                loop.atDevice.freeAll();
                loop.add(loop.toDriver, q + 10, 64);
                assertEquals(1, loop.device().tx(q).transmit(loop.toDriver));
                assertEquals(1, loop.driver.rx(q).receive(loop.atDriver));
                LoopbackFixture.check(loop.atDriver, 0, q + 10, 64, loop.driver);
                loop.atDriver.freeAll();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAccountForEveryPacketUnderRandomLoad(final boolean isPacked) {
        try (LoopbackFixture loop = new LoopbackFixture(1, driver -> driver.ringSize(64).packed(isPacked))) {
            final Random random = new Random(1);
            long offered = 0;
            long dropped = 0;
            long received = 0;
            long last = -1;
            for (int round = 0; round < 20_000; round++) {
                for (int i = random.nextInt(24); i > 0; i--) {
                    loop.add(loop.toDriver, offered++, 60 + random.nextInt(random.nextInt(50) == 0 ? 6000 : 1400));
                }
                loop.device().tx(0).transmit(loop.toDriver);
                dropped += loop.toDriver.freeAll();
                if (random.nextInt(4) > 0) {
                    loop.driver.rx(0).receive(loop.atDriver);
                }
                for (int i = 0; i < loop.atDriver.size(); i++) {
                    final long number = LoopbackFixture.number(loop.atDriver, i);
                    assertTrue(number > last, "order");
                    last = number;
                    received++;
                }
                loop.atDriver.freeAll();
            }
            for (int i = 0; i < 10; i++) {
                received += loop.driver.rx(0).receive(loop.atDriver);
                loop.atDriver.freeAll();
            }
            assertEquals(offered, received + dropped + drops(loop), () -> loop.counters.snapshot().toString());
            assertEquals(received, loop.count("driver/rx0/packets"));
            assertTrue(dropped > 0, "the load was no load");
        }
    }

    private static long drops(final LoopbackFixture loop) {
        return loop.counters.snapshot().entrySet().stream().filter(e -> e.getKey().contains("/drop/"))
            .mapToLong(java.util.Map.Entry::getValue).sum();
    }

    @Test
    void shouldAllocateNothingPerPacket() {
        try (LoopbackFixture loop = new LoopbackFixture()) {
            for (int i = 0; i < 32; i++) {
                loop.add(loop.toDevice, i, 64);
                loop.add(loop.toDriver, i, 64);
            }
            exchange(loop, 20_000);
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            final long id = Thread.currentThread().getId();
            threads.getThreadAllocatedBytes(id);
            final long before = threads.getThreadAllocatedBytes(id);
            final long packets = exchange(loop, 20_000);
            assertEquals(0, threads.getThreadAllocatedBytes(id) - before, "bytes allocated");
            assertTrue(packets > 1_000_000, "only " + packets + " packets");
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

    @Test
    void shouldComeBackWhenTheDeviceIsOpenedAgain() {
        try (LoopbackFixture loop = new LoopbackFixture()) {
            for (int round = 0; round < 3; round++) {
                loop.closeDevice();
                Await.until(() -> "driver down: " + loop.events, () -> {
                    loop.driver.rx(0).receive(loop.atDriver);
                    loop.driver.tx(0).transmit(loop.toDevice);
                    return loop.driver.link() == LinkState.DOWN;
                });
                loop.openDevice();
                loop.awaitUp();
                loop.add(loop.toDevice, round, 64);
                assertEquals(1, loop.driver.tx(0).transmit(loop.toDevice));
                assertEquals(1, loop.device().rx(0).receive(loop.atDevice));
                LoopbackFixture.check(loop.atDevice, 0, round, 64, loop.device());
                loop.atDevice.freeAll();
            }
        }
    }
}
