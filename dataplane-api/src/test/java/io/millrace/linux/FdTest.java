/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

/** One owner, one close. */
class FdTest {
    @Test
    void shouldRefuseItsNumberOnceClosed() {
        final Fd fd = TestCalls.blockingEventFd();
        assertTrue(fd.isOpen());
        fd.close();
        assertFalse(fd.isOpen());
        assertThrows(IllegalStateException.class, fd::number);
    }

    @Test
    void shouldNotCloseAStrangerWhenClosedTwice() {
        final Fd first = TestCalls.blockingEventFd();
        final int number = first.number();
        first.close();
        try (Fd second = TestCalls.blockingEventFd()) {
            assertEquals(number, second.number(), "the kernel hands out the lowest free number");
            first.close();
            assertEquals("anon_inode:[eventfd]", second.target());
        }
    }

    @Test
    void shouldCloseOnceWhenManyThreadsClose() throws Exception {
        final Fd fd = TestCalls.blockingEventFd();
        try (Fd other = fd.duplicate()) {
            final CyclicBarrier start = new CyclicBarrier(4);
            final List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                threads.add(new Thread(() -> {
                    await(start);
                    fd.close();
                }));
            }
            threads.forEach(Thread::start);
            for (final Thread thread : threads) {
                thread.join();
            }
            assertEquals("anon_inode:[eventfd]", other.target());
        }
    }

    @Test
    void shouldDuplicateTheSameOpenFile() {
        try (Fd fd = TestCalls.blockingEventFd(); Fd twin = fd.duplicate()) {
            assertNotEquals(fd.number(), twin.number());
            TestCalls.write(fd, 5);
            assertEquals(5, TestCalls.read(twin));
        }
    }

    @Test
    void shouldNameWhatItRefersTo() {
        try (Fd memory = SharedMemory.create("guest-ram", 4096, false)) {
            assertEquals("/memfd:guest-ram (deleted)", memory.target());
        }
    }

    @Test
    void shouldBecomeNonBlocking() {
        try (Fd fd = TestCalls.blockingEventFd()) {
            fd.nonBlocking();
            assertEquals(Errno.EAGAIN, assertThrows(LinuxException.class, () -> TestCalls.read(fd)).errno());
        }
    }

    @Test
    void shouldRefuseANegativeNumber() {
        assertThrows(IllegalArgumentException.class, () -> Fd.own(-1));
    }

    private static void await(final CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (final Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
