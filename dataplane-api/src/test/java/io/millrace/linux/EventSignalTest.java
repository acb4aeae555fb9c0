/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Eventfds whose owner does what it can to stop the one who signals. */
class EventSignalTest {
    private static final long MAXIMUM = 0xfffffffffffffffeL;

    @Test
    void shouldCountEverySignal() {
        try (EventSignal signal = EventSignal.open(); Fd eventFd = TestCalls.blockingEventFd()) {
            for (int i = 0; i < 10_000; i++) {
                assertTrue(signal.signal(eventFd.number()));
            }
            assertEquals(10_000, TestCalls.read(eventFd));
        }
    }

    @Test
    void shouldNotWaitForAFullBlockingEventFd() {
        try (EventSignal signal = EventSignal.open(); Fd eventFd = TestCalls.blockingEventFd()) {
            TestCalls.write(eventFd, MAXIMUM);
            assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
                for (int i = 0; i < 100; i++) {
                    assertTrue(signal.signal(eventFd.number()));
                }
            });
        }
    }

    @Test
    void shouldWakeWhoeverWaits() {
        try (EventSignal signal = EventSignal.open();
            EventFd eventFd = EventFd.create();
            Epoll epoll = Epoll.create()) {
            epoll.add(eventFd.fd(), Epoll.IN, 9);
            assertEquals(0, epoll.await(0));
            assertTrue(signal.signal(eventFd.fd().number()));
            assertEquals(1, epoll.await(0));
            assertEquals(9, epoll.token(0));
        }
    }

    @Test
    void shouldRefuseWhatTakesNoSignal() {
        final Fd[] pipe = TestCalls.pipe();
        final int number = pipe[1].number();
        try (EventSignal signal = EventSignal.open()) {
            assertFalse(signal.signal(number));
            pipe[0].close();
            pipe[1].close();
            assertFalse(signal.signal(number));
        }
    }

    @Test
    void shouldAllocateNothing() {
        try (EventSignal signal = EventSignal.open(); EventFd eventFd = EventFd.create()) {
            final int number = eventFd.fd().number();
            assertEquals(0, TestCalls.allocatedBytes(() -> {
                for (int i = 0; i < 10_000; i++) {
                    signal.signal(number);
                }
            }));
        }
    }

    @Test
    void shouldGiveItsContextBack() {
        EventSignal.open().close();
        final int before = TestCalls.openFds();
        // A few only: io_destroy waits until every processor has noticed, tens of milliseconds.
        for (int i = 0; i < 20; i++) {
            final EventSignal signal = EventSignal.open();
            signal.close();
            signal.close();
            assertThrows(IllegalStateException.class, () -> signal.signal(0));
        }
        TestCalls.assertNoneLeftOpen(before);
    }

    @Test
    void shouldLookFirstWhereTheKernelHasNoAsynchronousReads() {
        final Fd eventFd = TestCalls.blockingEventFd();
        final int number = eventFd.number();
        try (EventSignal signal = EventSignal.openPolling()) {
            assertTrue(signal.signal(number));
            assertEquals(1, TestCalls.read(eventFd));
            TestCalls.write(eventFd, MAXIMUM);
            assertTimeoutPreemptively(Duration.ofSeconds(30), () -> assertTrue(signal.signal(number)));
            eventFd.close();
            assertFalse(signal.signal(number));
        }
    }
}
