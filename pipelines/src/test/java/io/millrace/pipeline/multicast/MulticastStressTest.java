/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Counters;
import io.millrace.pipeline.Until;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Publishers against subscribers of every speed: nothing torn, order kept, each packet received or counted as lost. */
class MulticastStressTest {
    private static final int SNAP = 192;
    private static final int BURST = 32;

    private final Counters counters = Counters.inMemory();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicBoolean isOver = new AtomicBoolean();

    @AfterEach
    void closeAll() throws InterruptedException {
        isOver.set(true);
        for (final Thread thread : threads) {
            thread.join(60_000);
            assertFalse(thread.isAlive(), thread.getName());
        }
        counters.close();
    }

    private void run(final String name, final Runnable task) {
        final Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private long publish(final WireProbe probe, final long count) {
        try (NumberedPackets packets = new NumberedPackets(BURST)) {
            while (packets.made() < count) {
                probe.observe(packets.next());
            }
            return packets.made();
        }
    }

    /** Reads and checks as fast as it is told to. */
    private final class Subscriber implements Runnable {
        final Subscription subscription;
        final AtomicLong received = new AtomicLong();
        final AtomicLong torn = new AtomicLong();
        final AtomicLong unordered = new AtomicLong();
        private final int workPerPacket;
        private final long stopsAfter;

        Subscriber(final Subscription subscription, final int workPerPacket, final long stopsAfter) {
            this.subscription = subscription;
            this.workPerPacket = workPerPacket;
            this.stopsAfter = stopsAfter;
        }

        @Override
        public void run() {
            final long[] last = {-1, -1};
            while (received.get() < stopsAfter) {
                final PacketCopy copy = subscription.next();
                if (copy == null) {
                    if (isOver.get()) {
                        return;
                    }
                    Thread.onSpinWait();
                    continue;
                }
                final long number = NumberedPackets.numberOf(copy, SNAP);
                torn.addAndGet(number < 0 || number != copy.number() ? 1 : 0);
                unordered.addAndGet(number > last[copy.wireId()] ? 0 : 1);
                last[copy.wireId()] = number;
                received.setRelease(received.get() + 1);
                for (int i = 0; i < workPerPacket; i++) {
                    Thread.onSpinWait();
                }
            }
        }

        void check(final long published) {
            assertEquals(0, torn.get(), subscription.name() + ": torn");
            assertEquals(0, unordered.get(), subscription.name() + ": out of order");
            assertEquals(published, received.get() + subscription.lost(), subscription.name());
        }
    }

    @Test
    void shouldTearNothingAndLoseOnlyWhatIsCounted() {
        final Multicast multicast = Multicast.create("m", counters, 256, SNAP);
        final Subscriber fast = new Subscriber(multicast.subscribe("fast"), 0, Long.MAX_VALUE);
        final Subscriber slow = new Subscriber(multicast.subscribe("slow"), 200, Long.MAX_VALUE);
        final Subscriber stopped = new Subscriber(multicast.subscribe("stopped"), 0, 10_000);
        final List<Subscriber> all = List.of(fast, slow, stopped);
        all.forEach(subscriber -> run(subscriber.subscription.name(), subscriber));

        final long published = publish(multicast.probe("w", "a", "", null), 10_000_000);
        Until.isTrue(() -> fast.received.get() + fast.subscription.lost() == published
            && slow.received.get() + slow.subscription.lost() == published, () -> "left over");

        fast.check(published);
        slow.check(published);
        assertEquals(0, stopped.torn.get() + stopped.unordered.get());
        assertTrue(fast.received.get() > 0 && slow.received.get() > 0);
        assertTrue(slow.subscription.lost() > 0, "the slow one was too fast");
        // What it neither received nor lost is what still waits for it in the ring.
        final long waiting = published - stopped.received.get() - stopped.subscription.lost();
        assertTrue(waiting > 0 && waiting <= 256, () -> waiting + " wait");
        assertEquals(published, counters.snapshot().get("multicast/m/from/w/packets"));
    }

    @Test
    void shouldServeSubscribersThatComeAndGoWhileTwoWorkersPublish() {
        final Multicast multicast = Multicast.create("m", counters, 128, SNAP);
        final Subscriber all = new Subscriber(multicast.subscribe("all"), 0, Long.MAX_VALUE);
        run("all", all);
        final AtomicLong published = new AtomicLong();
        final AtomicLong publishing = new AtomicLong(2);
        for (final String worker : new String[] {"w0", "w1"}) {
            final WireProbe probe = multicast.probe(worker, worker, "", null);
            run(worker, () -> {
                published.addAndGet(publish(probe, 3_000_000));
                publishing.decrementAndGet();
            });
        }
        long visits = 0;
        long seen = 0;
        final long[] last = new long[2];
        while (publishing.get() > 0) {
            final Subscription visitor = multicast.subscribe("visitor");
            // Closed by another thread in the midst of reading, half of the times.
            if (visits++ % 2 == 0) {
                run("closer", visitor::close);
            }
            last[0] = -1;
            last[1] = -1;
            for (int i = 0; i < 2_000; i++) {
                final PacketCopy copy = visitor.next();
                if (copy != null) {
                    final long number = NumberedPackets.numberOf(copy, SNAP);
                    assertTrue(number > last[copy.wireId()] && number == copy.number(), "torn, or out of order");
                    last[copy.wireId()] = number;
                    seen++;
                }
            }
            visitor.close();
        }
        assertTrue(seen > 0, "no visitor saw anything");
        Until.isTrue(() -> all.received.get() + all.subscription.lost() == published.get(), () -> "left over");
        all.check(published.get());
    }
}
