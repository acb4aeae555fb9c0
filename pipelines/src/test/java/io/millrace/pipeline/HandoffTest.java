/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.Epoll;
import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A handoff between two ends, without workers; each test has to bring every frame back. */
class HandoffTest {
    private static final int BURST = 4;
    private static final int MOST = 16;
    private static final int INBOX = 3 * BURST;

    private final FramePool pool = FramePool.create(4096, 0);
    private final Counters counters = Counters.inMemory();
    private final FrameCache senders = pool.cache("sender");
    private final FrameCache receivers = pool.cache("receiver");
    private final Burst from = new Burst(senders, INBOX);
    private final Burst to = new Burst(receivers, INBOX);
    private Handoff handoff = open(BURST, MOST, false);
    private long next;
    private long expected;

    @AfterEach
    void everyFrameIsBack() {
        from.freeAll();
        to.freeAll();
        handoff.drain(receivers);
        handoff.close();
        pool.close();
    }

    private Handoff open(final int burst, final int most, final boolean wakes) {
        return new Handoff(burst, most, wakes, counters.scope("handoff", "a-b"));
    }

    private long counter(final String name) {
        return counters.snapshot().get("handoff/a-b/" + name);
    }

    /** Sends {@code n} more packets, frees what did not fit, and says how many did. */
    private int send(final int n) {
        fill(from, n);
        final int sent = handoff.tx().transmit(from);
        assertEquals(n - sent, from.freeAll());
        next -= n - sent;
        return sent;
    }

    private void fill(final Burst burst, final int n) {
        for (int i = 0; i < n; i++) {
            burst.add(senders.allocate(), 64, 1);
            UnsafeApi.putLong(burst.address(burst.size() - 1), next++);
        }
    }

    /** Receives into {@code to}, checks that nothing is missing, and frees it. */
    private int receive() {
        final int n = handoff.rx().receive(to);
        assertEquals(n, to.size());
        for (int i = 0; i < n; i++) {
            assertEquals(expected++, UnsafeApi.getLong(to.address(i)));
        }
        to.freeAll();
        return n;
    }

    @Test
    void shouldBringPacketsOverInOrder() {
        assertEquals(0, receive());
        assertEquals(3, send(3));
        assertEquals(3, receive());
        assertEquals(0, receive());
    }

    @Test
    void shouldCutLargeBurstsAndJoinSmallOnes() {
        assertEquals(10, send(10));
        assertEquals(3, counter("bursts"));
        send(1);
        send(1);
        assertEquals(12, receive());
        assertEquals(5, counter("bursts"));
        assertEquals(12, counter("packets"));
    }

    @Test
    void shouldBringNoMoreThanThereIsRoomFor() {
        send(12);
        final Burst small = new Burst(receivers, BURST + 1);
        assertEquals(BURST, handoff.rx().receive(small));
        small.freeAll();
        expected += BURST;
        assertEquals(8, receive());
    }

    @Test
    void shouldTakeExactlyAsManyPacketsAsMayBeOnTheWay() {
        assertEquals(11, send(11));
        assertEquals(5, send(11));
        assertEquals(0, send(1));
        assertEquals(11, receive());
        assertEquals(11, send(12));
        assertEquals(0, send(1));
        assertEquals(9, receive());
        assertEquals(7, receive());
        assertEquals(27, counter("packets"));
    }

    @Test
    void shouldTakeASmallestBurstOfEachPacketThatMayBeOnTheWay() {
        for (int i = 0; i < MOST; i++) {
            assertEquals(1, send(1));
        }
        assertEquals(0, send(1));
        assertEquals(INBOX, receive());
        assertEquals(MOST - INBOX, receive());
    }

    @Test
    void shouldGoOnWhenTheRunningNumbersOverflowTheirTable() {
        final Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            send(random.nextInt(INBOX) + 1);
            if (random.nextBoolean()) {
                receive();
            }
        }
        receive();
        receive();
        assertEquals(counter("packets"), expected);
    }

    @Test
    void shouldBeAsReadyAsWhereItLeads() {
        assertTrue(handoff.tx().isReady());
        final AtomicBoolean isReady = new AtomicBoolean();
        handoff.leadsTo(isReady::get);
        receive();
        assertFalse(handoff.tx().isReady());
        isReady.set(true);
        assertFalse(handoff.tx().isReady());
        receive();
        assertTrue(handoff.tx().isReady());
    }

    @Test
    void shouldCountWhatNobodyReceived() {
        send(7);
        handoff.drain(receivers);
        assertEquals(7, counter("drop/closed"));
        receivers.close();
        senders.close();
        assertEquals(pool.frames(), pool.free());
    }

    @Test
    void shouldWakeAReceiverThatWaitsOnce() {
        assertNull(handoff.rx().arm());
        handoff = open(BURST, MOST, true);
        try (Epoll epoll = Epoll.create()) {
            final Fd bell = handoff.rx().arm();
            epoll.add(bell, Epoll.IN | Epoll.ET, 0);
            handoff.rx().disarm();
            send(1);
            assertEquals(0, epoll.await(0), "woken, though it did not wait");
            assertEquals(bell, handoff.rx().arm());
            send(1);
            assertEquals(1, epoll.await(1000), "not woken");
            send(1);
            assertEquals(0, epoll.await(0), "woken twice");
            handoff.rx().disarm();
            assertEquals(3, receive());
        }
    }

    /** Two threads, each at a pace of its own, which changes; either is the faster one at times. */
    @Test
    void shouldLoseNothingBetweenTwoThreads() throws InterruptedException {
        final long total = 10_000_000;
        handoff = open(BURST, 64, false);
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        final AtomicBoolean isOver = new AtomicBoolean();
        final long[] received = new long[1];
        final Thread receiver = new Thread(() -> {
            try {
                received[0] = receiveAll(isOver);
            } catch (final Throwable e) {
                failure.set(e);
            }
        });
        receiver.start();
        final Random random = new Random(4);
        long dropped = 0;
        while (next < total) {
            fill(from, random.nextInt(INBOX) + 1);
            handoff.tx().transmit(from);
            dropped += from.freeAll();
            pause(random);
        }
        isOver.set(true);
        receiver.join();
        assertNull(failure.get(), () -> "the receiver failed: " + failure.get());
        assertEquals(next, received[0] + dropped);
        assertEquals(received[0], counter("packets"));
        assertTrue(dropped > 0, "it was never full");
        // How many depends on who has the CPUs.
        assertTrue(received[0] > 64, "only " + received[0] + " came through");
    }

    private long receiveAll(final AtomicBoolean isOver) {
        final Random random = new Random(5);
        long last = -1;
        long n = 0;
        boolean isLast = false;
        while (!isLast) {
            isLast = isOver.get();
            for (int got = handoff.rx().receive(to); got > 0; got = handoff.rx().receive(to)) {
                for (int i = 0; i < got; i++) {
                    final long number = UnsafeApi.getLong(to.address(i));
                    assertTrue(number > last, number + " after " + last);
                    last = number;
                }
                n += to.freeAll();
                pause(random);
            }
        }
        return n;
    }

    private static void pause(final Random random) {
        final int dice = random.nextInt(4096);
        if (dice == 0) {
            Thread.yield();
        }
        for (int i = dice < 64 ? random.nextInt(2000) : 0; i > 0; i--) {
            Thread.onSpinWait();
        }
    }
}
