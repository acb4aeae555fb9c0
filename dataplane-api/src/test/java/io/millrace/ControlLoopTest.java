/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.Epoll;
import io.millrace.linux.EventFd;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Tasks, timers and descriptors on the one control thread. */
@Timeout(60)
class ControlLoopTest {
    private final ControlLoop loop = ControlLoop.start("test-control");

    @AfterEach
    void close() {
        loop.close();
    }

    private static void await(final CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(30, TimeUnit.SECONDS));
    }

    private void inLoop(final Runnable task) {
        loop.call(() -> {
            task.run();
            return null;
        });
    }

    @Test
    void shouldRunTasksOfManyThreadsEachInItsOrder() throws InterruptedException {
        final int threads = 4;
        final int tasks = 5_000;
        final int[] next = new int[threads];
        final AtomicInteger outOfOrder = new AtomicInteger();
        final List<Thread> senders = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            final int who = t;
            senders.add(new Thread(() -> {
                for (int i = 0; i < tasks; i++) {
                    final int number = i;
                    loop.execute(() -> {
                        if (next[who]++ != number) {
                            outOfOrder.incrementAndGet();
                        }
                    });
                }
            }));
        }
        senders.forEach(Thread::start);
        for (final Thread sender : senders) {
            sender.join();
        }
        for (int t = 0; t < threads; t++) {
            final int who = t;
            assertEquals(tasks, loop.call(() -> next[who]));
        }
        assertEquals(0, outOfOrder.get());
    }

    @Test
    void shouldReturnWhatTheTaskReturns() {
        assertEquals("test-control", loop.call(() -> Thread.currentThread().getName()));
        assertFalse(loop.isInLoop());
        assertTrue(loop.call(loop::isInLoop));
    }

    @Test
    void shouldCallAtOnceOnTheLoopItself() {
        assertEquals(7, loop.call(() -> loop.call(() -> 7)));
    }

    @Test
    void shouldThrowWhatTheTaskThrows() {
        final ConfigurationException refusal = new ConfigurationException("no");
        assertSame(refusal, assertThrows(ConfigurationException.class, () -> loop.call(() -> {
            throw refusal;
        })));
        final AssertionError failure = new AssertionError("broken");
        assertSame(failure, assertThrows(AssertionError.class, () -> loop.call(() -> {
            throw failure;
        })));
    }

    @Test
    void shouldWrapACheckedException() {
        final IOException cause = new IOException("disk");
        assertSame(cause, assertThrows(DataplaneException.class, () -> loop.call(() -> {
            throw cause;
        })).getCause());
    }

    @Test
    void shouldWaitForACallThoughInterrupted() {
        Thread.currentThread().interrupt();
        try {
            assertEquals(7, loop.call(() -> 7));
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void shouldGoOnAfterATaskThatThrows() {
        loop.execute(() -> {
            throw new IllegalStateException("thrown on purpose by a test");
        });
        assertEquals(7, loop.call(() -> 7));
    }

    @Test
    void shouldRunTimersInOrderOfTheirTimesAndThenOfTheirMaking() throws InterruptedException {
        final List<Integer> order = new ArrayList<>();
        final CountDownLatch done = new CountDownLatch(1);
        inLoop(() -> {
            loop.after(Duration.ofMillis(30), () -> order.add(4));
            loop.after(Duration.ofMillis(20), () -> order.add(3));
            loop.after(Duration.ZERO, () -> order.add(1));
            loop.after(Duration.ZERO, () -> order.add(2));
            loop.after(Duration.ofMillis(31), done::countDown);
        });
        await(done);
        assertEquals(List.of(1, 2, 3, 4), loop.call(() -> order));
    }

    @Test
    void shouldNotRunATimerBeforeItsTime() {
        final CompletableFuture<Long> firedNs = new CompletableFuture<>();
        final long start = System.nanoTime();
        inLoop(() -> loop.after(Duration.ofMillis(25), () -> firedNs.complete(System.nanoTime())));
        assertTrue(firedNs.join() - start >= 25_000_000);
    }

    @Test
    void shouldNotRunACancelledTimer() throws InterruptedException {
        final AtomicInteger runs = new AtomicInteger();
        final CountDownLatch done = new CountDownLatch(1);
        inLoop(() -> {
            final ControlLoop.Timer cancelled = loop.after(Duration.ofMillis(2), runs::incrementAndGet);
            loop.after(Duration.ofMillis(1), cancelled::cancel);
            loop.after(Duration.ofMillis(3), done::countDown);
        });
        await(done);
        assertEquals(0, runs.get());
    }

    @Test
    void shouldGoOnAfterATimerThatThrows() throws InterruptedException {
        final CountDownLatch done = new CountDownLatch(1);
        inLoop(() -> {
            loop.after(Duration.ZERO, () -> {
                throw new IllegalStateException("thrown on purpose by a test");
            });
            loop.after(Duration.ofMillis(1), done::countDown);
        });
        await(done);
    }

    @Test
    void shouldCallTheHandlerOfADescriptorThatIsReady() throws InterruptedException {
        try (EventFd event = EventFd.create()) {
            final CountDownLatch ready = new CountDownLatch(2);
            final ControlLoop.Watch watch = loop.call(() -> loop.watch(event.fd(), Epoll.IN, events -> {
                assertEquals(Epoll.IN, events);
                event.drain();
                ready.countDown();
            }));
            event.signal();
            while (ready.getCount() == 2) {
                Thread.onSpinWait();
            }
            event.signal();
            await(ready);
            inLoop(watch::close);
        }
    }

    @Test
    void shouldChangeWhatIsWatched() throws InterruptedException {
        try (EventFd event = EventFd.create()) {
            final CountDownLatch writable = new CountDownLatch(1);
            final ControlLoop.Watch[] watch = new ControlLoop.Watch[1];
            inLoop(() -> watch[0] = loop.watch(event.fd(), 0, events -> {
                watch[0].close();
                writable.countDown();
            }));
            inLoop(() -> watch[0].events(Epoll.OUT));
            await(writable);
        }
    }

    @Test
    void shouldNotCallTheHandlerOfAWatchThatAnotherHandlerClosed() {
        try (EventFd one = EventFd.create(); EventFd two = EventFd.create()) {
            final AtomicInteger calls = new AtomicInteger();
            final ControlLoop.Watch[] watches = new ControlLoop.Watch[2];
            final ControlLoop.Handler closeBoth = events -> {
                calls.incrementAndGet();
                watches[0].close();
                watches[1].close();
            };
            // Both are ready before the loop looks: one round has both.
            one.signal();
            two.signal();
            inLoop(() -> {
                watches[0] = loop.watch(one.fd(), Epoll.IN, closeBoth);
                watches[1] = loop.watch(two.fd(), Epoll.IN, closeBoth);
            });
            while (calls.get() == 0) {
                Thread.onSpinWait();
            }
            // One more whole round.
            inLoop(() -> { });
            inLoop(() -> { });
            assertEquals(1, calls.get());
        }
    }

    @Test
    void shouldServeDescriptorsAndTimersWhileATaskPutsItselfBack() throws InterruptedException {
        final CountDownLatch timer = new CountDownLatch(1);
        final Runnable[] again = new Runnable[1];
        again[0] = () -> {
            if (timer.getCount() > 0) {
                loop.execute(again[0]);
            }
        };
        inLoop(() -> loop.after(Duration.ofMillis(1), timer::countDown));
        loop.execute(again[0]);
        await(timer);
    }

    @Test
    void shouldRefuseUseFromOtherThreadsWithAssertionsOn() {
        assertThrows(AssertionError.class, () -> loop.after(Duration.ZERO, () -> { }));
        try (EventFd event = EventFd.create()) {
            assertThrows(AssertionError.class, () -> loop.watch(event.fd(), Epoll.IN, events -> { }));
        }
    }

    @Test
    void shouldRunTheTasksItHasBeforeItEnds() {
        final AtomicInteger runs = new AtomicInteger();
        for (int i = 0; i < 100; i++) {
            loop.execute(runs::incrementAndGet);
        }
        loop.close();
        assertEquals(100, runs.get());
    }

    @Test
    void shouldRefuseTasksOnceItHasEnded() {
        loop.close();
        assertEquals("test-control has ended",
            assertThrows(IllegalStateException.class, () -> loop.execute(() -> { })).getMessage());
        assertThrows(IllegalStateException.class, () -> loop.call(() -> 7));
    }

    @Test
    void shouldCloseTwiceAndOnTheLoopItself() {
        inLoop(loop::close);
        loop.close();
        loop.close();
    }

    @Test
    void shouldAnswerOrRefuseEveryCallWhileItCloses() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            final ControlLoop closing = ControlLoop.start("closing-control");
            final Thread caller = new Thread(() -> {
                try {
                    while (closing.call(() -> true)) {
                        Thread.onSpinWait();
                    }
                } catch (final IllegalStateException e) {
                    // Refused: the loop has ended. What must not happen is a call that waits for ever.
                }
            });
            caller.start();
            closing.close();
            caller.join(20_000);
            assertFalse(caller.isAlive(), "round " + round);
        }
    }

    @Test
    void shouldLetGoOfAWatchAfterTheLoopHasEnded() {
        try (EventFd event = EventFd.create()) {
            final ControlLoop.Watch watch = loop.call(() -> loop.watch(event.fd(), Epoll.IN, events -> { }));
            loop.close();
            watch.close();
        }
    }

    @Test
    void shouldLeaveNoDescriptorOpen() throws IOException {
        ControlLoop.start("warm-up").close();
        final long before = openDescriptors();
        for (int i = 0; i < 50; i++) {
            ControlLoop.start("short-lived").close();
        }
        assertEquals(before, openDescriptors());
    }

    /** Eventfds and epolls of this process; files that class loading opens do not count. */
    private static long openDescriptors() throws IOException {
        long open = 0;
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (final Path descriptor : descriptors.toList()) {
                // The descriptor of the listing itself is gone by now or names a folder.
                open += Files.exists(descriptor, LinkOption.NOFOLLOW_LINKS)
                    && Files.readSymbolicLink(descriptor).toString().startsWith("anon_inode:") ? 1 : 0;
            }
        }
        return open;
    }
}
