/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.linux.EventFd;
import io.millrace.linux.EventSignal;
import io.millrace.linux.Fd;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which descriptors wake a worker. */
class WakeUpsTest {
    private static final long SECONDS_10 = 10_000_000_000L;

    private final EventFd a = EventFd.create();
    private final EventFd b = EventFd.create();
    private final FakeSource first = new FakeSource();
    private final FakeSource second = new FakeSource();
    private final WakeUps wakeUps = new WakeUps(new Source[] {first, second}, new FaultLog());

    @AfterEach
    void close() {
        wakeUps.close();
        a.close();
        b.close();
    }

    private boolean arm(final EventFd ofFirst, final EventFd ofSecond) {
        first.fd = ofFirst == null ? null : ofFirst.fd();
        second.fd = ofSecond == null ? null : ofSecond.fd();
        return wakeUps.arm();
    }

    @Test
    void shouldSayWhetherEveryQueueCanWakeTheWorker() {
        final EventFd closed = EventFd.create();
        closed.close();
        assertTrue(arm(a, b));
        assertFalse(arm(a, null));
        assertFalse(arm(closed, b));
        assertFalse(arm(closed, b));
        assertTrue(arm(a, b));
    }

    @Test
    void shouldLetEachQueueWakeTheWorker() {
        arm(a, b);
        assertFalse(wakeUps.await(1));
        a.signal();
        assertTrue(wakeUps.await(SECONDS_10));
        b.signal();
        assertTrue(wakeUps.await(SECONDS_10));
    }

    @Test
    void shouldBeWokenOnceEachTimeItIsAskedTo() {
        arm(a, null);
        wakeUps.wake();
        assertTrue(wakeUps.await(SECONDS_10));
        assertFalse(wakeUps.await(1));
        wakeUps.wake();
        assertTrue(wakeUps.await(SECONDS_10));
    }

    @Test
    void shouldWakeOnceForASignalThatNobodyTakesAway() {
        arm(a, null);
        a.signal();
        assertTrue(wakeUps.await(SECONDS_10));
        assertFalse(wakeUps.await(1));
        a.signal();
        assertTrue(wakeUps.await(SECONDS_10));
    }

    @Test
    void shouldNotBeWokenByAQueueThatHasAnotherDescriptorNow() {
        arm(a, null);
        arm(b, null);
        a.signal();
        assertFalse(wakeUps.await(1));
        b.signal();
        assertTrue(wakeUps.await(SECONDS_10));
    }

    @Test
    void shouldNotBeWokenByAQueueThatHasNoneAnyMore() {
        arm(a, b);
        arm(null, b);
        a.signal();
        assertFalse(wakeUps.await(1));
    }

    @Test
    void shouldNotBeWokenByWhatAStrangerStillHoldsOpen() {
        final EventFd gone = EventFd.create();
        try (Fd stranger = gone.fd().duplicate(); EventSignal signal = EventSignal.open()) {
            arm(gone, null);
            gone.close();
            arm(null, b);
            // The file is still there, and the epoll instance that it was added to would still report it.
            signal.signal(stranger.number());
            assertFalse(wakeUps.await(1));
        }
    }

    @Test
    void shouldWatchTheOthersIfOneCannotBeWatched() {
        final EventFd closed = EventFd.create();
        closed.close();
        arm(closed, b);
        b.signal();
        assertTrue(wakeUps.await(SECONDS_10));
    }

    @Test
    void shouldLetNobodySleepOnceStopped() {
        arm(a, b);
        wakeUps.stop();
        assertTrue(wakeUps.await(SECONDS_10));
        assertTrue(wakeUps.await(SECONDS_10));
    }

    private static final class FakeSource implements Source {
        private Fd fd;

        @Override
        public Fd arm() {
            return fd;
        }

        @Override
        public void disarm() {
        }

        @Override
        public int run() {
            return 0;
        }

        @Override
        public void close() {
        }
    }
}
