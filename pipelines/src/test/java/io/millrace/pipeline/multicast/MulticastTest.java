/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import com.sun.management.ThreadMXBean;
import io.millrace.ConfigurationException;
import io.millrace.Counters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MulticastTest {
    private static final int SLOTS = 64;
    private static final int SNAP = 128;

    private final Counters counters = Counters.inMemory();
    private final Multicast multicast = Multicast.create("m", counters, SLOTS, SNAP);
    private final NumberedPackets packets = new NumberedPackets(10);
    private final WireProbe probe = multicast.probe("w", "a-b", "port a -> port b", null);

    @AfterEach
    void closeAll() {
        packets.close();
        counters.close();
    }

    private void publish(final int bursts) {
        for (int i = 0; i < bursts; i++) {
            probe.observe(packets.next());
        }
    }

    private long counter(final String name) {
        final Map<String, Long> values = counters.snapshot();
        assertTrue(values.containsKey(name), () -> name + " is not in " + values);
        return values.get(name);
    }

    @Test
    void shouldHandOverWhatIsKnownAboutAPacket() {
        try (Subscription subscription = multicast.subscribe("s")) {
            final long before = System.nanoTime();
            publish(1);
            for (int i = 0; i < 10; i++) {
                final PacketCopy copy = subscription.next();
                assertEquals(i, NumberedPackets.numberOf(copy, SNAP));
                assertEquals("a-b", copy.wire());
                assertEquals("port a -> port b", copy.description());
                assertEquals(i, copy.number());
                assertTrue(copy.timeNs() >= before && copy.timeNs() <= System.nanoTime());
                assertTrue(Math.abs(copy.epochNs() / 1_000_000 - System.currentTimeMillis()) < 60_000);
                assertEquals(copy.length() > SNAP, copy.isTruncated());
                assertEquals(copy.toBytes()[9] & 0xFF, copy.byteAt(9));
            }
            assertNull(subscription.next());
        }
    }

    @Test
    void shouldGiveEachSubscriberEveryPacketFromItsBeginningOn() {
        try (Subscription first = multicast.subscribe("first")) {
            publish(2);
            try (Subscription second = multicast.subscribe("second")) {
                publish(1);
                for (int i = 0; i < 30; i++) {
                    assertEquals(i, NumberedPackets.numberOf(first.next(), SNAP));
                }
                for (int i = 20; i < 30; i++) {
                    assertEquals(i, NumberedPackets.numberOf(second.next(), SNAP));
                }
                assertNull(first.next());
                assertNull(second.next());
            }
        }
        assertEquals(30, counter("multicast/m/from/w/packets"));
        assertEquals(30, counter("multicast/m/to/first/packets"));
        assertEquals(10, counter("multicast/m/to/second/packets"));
        assertEquals(0, counter("multicast/m/to/first/w/drop/too-slow"));
    }

    @Test
    void shouldTakeOldCopiesFromTheSlowSubscriberOnly() {
        try (Subscription fast = multicast.subscribe("fast"); Subscription slow = multicast.subscribe("slow")) {
            for (int burst = 0; burst < 20; burst++) {
                publish(1);
                for (int i = 0; i < 10; i++) {
                    assertEquals(burst * 10 + i, NumberedPackets.numberOf(fast.next(), SNAP));
                }
            }
            long number = -1;
            int received = 0;
            for (PacketCopy copy = slow.next(); copy != null; copy = slow.next()) {
                assertTrue(NumberedPackets.numberOf(copy, SNAP) > number);
                number = NumberedPackets.numberOf(copy, SNAP);
                received++;
            }
            assertEquals(199, number);
            // All but the quarter that is given away in advance is still there.
            assertTrue(received >= SLOTS / 2 && received <= SLOTS, () -> "left in the ring");
            assertEquals(200, received + slow.lost());
            assertEquals(slow.lost(), counter("multicast/m/to/slow/w/drop/too-slow"));
            assertEquals(0, fast.lost());
        }
    }

    @Test
    void shouldPublishNothingWhereNobodyListens() {
        publish(3);
        assertEquals(0, counter("multicast/m/from/w/packets"));
        multicast.subscribe("s").close();
        publish(3);
        assertEquals(0, counter("multicast/m/from/w/packets"));
    }

    @Test
    void shouldCopyOnlyWhatIsSelected() {
        final WireProbe longOnes = multicast.probe("w", "long", "", (burst, i) -> burst.length(i) > 200);
        try (Subscription subscription = multicast.subscribe("s")) {
            longOnes.observe(packets.next());
            longOnes.observe(packets.next());
            int n = 0;
            for (PacketCopy copy = subscription.next(); copy != null; copy = subscription.next(), n++) {
                assertTrue(copy.length() > 200);
                assertEquals(n, copy.number());
            }
            assertTrue(n > 0 && n < 20);
            assertEquals(n, counter("multicast/m/from/w/packets"));
        }
    }

    @Test
    void shouldMergeWorkersInTimeOrder() {
        try (Subscription subscription = multicast.subscribe("s")) {
            final WireProbe other = multicast.probe("v", "c-d", "", null);
            probe.observe(packets.next());
            other.observe(packets.next());
            probe.observe(packets.next());
            for (int i = 0; i < 30; i++) {
                final PacketCopy copy = subscription.next();
                assertEquals(i, NumberedPackets.numberOf(copy, SNAP));
                assertEquals(i / 10 == 1 ? "c-d" : "a-b", copy.wire());
            }
        }
    }

    @Test
    void shouldPublishBurstsThatAreLargerThanTheRing() {
        try (NumberedPackets many = new NumberedPackets(200); Subscription subscription = multicast.subscribe("s")) {
            probe.observe(many.next());
            int n = 0;
            for (PacketCopy copy = subscription.next(); copy != null; copy = subscription.next(), n++) {
                assertTrue(NumberedPackets.numberOf(copy, SNAP) >= 0);
            }
            assertEquals(200, n + subscription.lost());
        }
    }

    @Test
    void shouldAllocateNothingWhilePublishing() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long self = Thread.currentThread().getId();
        try (Subscription slow = multicast.subscribe("slow"); Subscription read = multicast.subscribe("read")) {
            long least = Long.MAX_VALUE;
            // The compiler may allocate once in a thread that it interrupts.
            for (int round = 0; round < 10 && least > 0; round++) {
                final long before = threads.getThreadAllocatedBytes(self);
                for (int burst = 0; burst < 50_000; burst++) {
                    probe.observe(packets.next());
                    for (int i = 0; i < 9; i++) {
                        read.next();
                    }
                }
                least = Math.min(least, threads.getThreadAllocatedBytes(self) - before);
            }
            assertEquals(0, least, "bytes allocated in the best round");
            assertTrue(slow.lost() > 0 && read.lost() > 0, "both were too slow");
        }
    }

    @Test
    void shouldSayWhatCannotBe() {
        assertEquals("a multicast with 100 slots cannot be: take a power of two, 64 or more",
            assertThrows(ConfigurationException.class, () -> Multicast.create("x", counters, 100, 64)).getMessage());
        assertThrows(ConfigurationException.class, () -> Multicast.create("x", counters, 64, 0));
        assertThrows(ConfigurationException.class, () -> Multicast.create("x", counters, 1 << 20, 60_000));
        assertThrows(ConfigurationException.class, () -> Multicast.create("a b", counters));
        assertThrows(ConfigurationException.class, () -> multicast.probe("w", "a b", "", null));
        final Subscription first = multicast.subscribe("s");
        assertEquals("multicast m has a subscriber s already: close that one, or take another name",
            assertThrows(ConfigurationException.class, () -> multicast.subscribe("s")).getMessage());
        first.close();
        first.close();
        assertNotNull(multicast.subscribe("s"));
    }

    @Test
    void shouldKeepACopyUntilTheNextCall() {
        try (Subscription subscription = multicast.subscribe("s")) {
            publish(1);
            final PacketCopy copy = subscription.next();
            final byte[] bytes = copy.toBytes();
            publish(30);
            assertArrayEquals(bytes, copy.toBytes());
            assertEquals(0, NumberedPackets.numberOf(copy, SNAP));
        }
    }
}
