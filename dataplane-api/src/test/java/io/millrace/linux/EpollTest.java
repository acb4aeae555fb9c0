/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What is reported, when, and with which token. */
class EpollTest {
    @Test
    void shouldHandBackTheTokensOfWhatIsReady() {
        try (Epoll epoll = Epoll.create(); EventFd a = EventFd.create(); EventFd b = EventFd.create()) {
            epoll.add(a.fd(), Epoll.IN, 0x1122334455667788L);
            epoll.add(b.fd(), Epoll.IN, -1);
            assertEquals(0, epoll.await(0));
            b.signal();
            assertEquals(1, epoll.await(-1));
            assertEquals(-1, epoll.token(0));
            a.signal();
            assertEquals(2, epoll.await(-1));
            assertEquals(0x1122334455667788L - 1, epoll.token(0) + epoll.token(1));
            assertEquals(Epoll.IN, epoll.events(1));
            assertThrows(IndexOutOfBoundsException.class, () -> epoll.token(2));
        }
    }

    @Test
    void shouldReportAChangeOnceWhenEdgeTriggered() {
        try (Epoll epoll = Epoll.create(); EventFd eventFd = EventFd.create()) {
            epoll.add(eventFd.fd(), Epoll.IN | Epoll.ET, 1);
            eventFd.signal();
            assertEquals(1, epoll.await(0));
            assertEquals(0, epoll.await(0));
            eventFd.signal();
            assertEquals(1, epoll.await(0));
        }
    }

    @Test
    void shouldChangeAndForgetWhatItWaitsFor() {
        try (Epoll epoll = Epoll.create(); EventFd eventFd = EventFd.create()) {
            epoll.add(eventFd.fd(), Epoll.IN, 1);
            epoll.modify(eventFd.fd(), Epoll.OUT, 2);
            assertEquals(1, epoll.await(0));
            assertEquals(2, epoll.token(0));
            assertEquals(Epoll.OUT, epoll.events(0));
            epoll.remove(eventFd.fd());
            assertEquals(0, epoll.await(0));
        }
    }

    @Test
    void shouldSeeThatAPeerHasGone() {
        final UnixSocket[] pair = UnixSocket.pair();
        try (Epoll epoll = Epoll.create(); UnixSocket ours = pair[0]) {
            epoll.add(ours.fd(), Epoll.IN | Epoll.RDHUP, 1);
            pair[1].close();
            assertEquals(1, epoll.await(0));
            final int gone = Epoll.RDHUP | Epoll.HUP;
            assertEquals(gone, epoll.events(0) & gone);
        }
    }

    @Test
    void shouldReportMoreThanItHoldsInSeveralTurns() {
        final EventFd[] eventFds = new EventFd[100];
        try (Epoll epoll = Epoll.create()) {
            for (int i = 0; i < eventFds.length; i++) {
                eventFds[i] = EventFd.create();
                epoll.add(eventFds[i].fd(), Epoll.IN | Epoll.ET, i);
                eventFds[i].signal();
            }
            assertEquals(64, epoll.await(0));
            assertEquals(36, epoll.await(0));
        } finally {
            for (final EventFd eventFd : eventFds) {
                eventFd.close();
            }
        }
    }

    @Test
    void shouldSayWhyADescriptorCannotBeWatched() {
        try (Epoll epoll = Epoll.create();
            EventFd eventFd = EventFd.create();
            EventFd other = EventFd.create();
            Fd file = TestCalls.open(Path.of("/proc/self/exe"), TestCalls.O_RDONLY)) {
            epoll.add(eventFd.fd(), Epoll.IN, 1);
            assertEquals("watch " + eventFd.fd() + ": EEXIST - it is watched already",
                assertThrows(LinuxException.class, () -> epoll.add(eventFd.fd(), Epoll.IN, 1)).getMessage());
            assertTrue(assertThrows(LinuxException.class, () -> epoll.add(file, Epoll.IN, 1)).getMessage()
                .endsWith("EPERM - this kind of file is always ready and cannot be watched"));
            assertTrue(assertThrows(LinuxException.class, () -> epoll.remove(other.fd())).getMessage()
                .endsWith("ENOENT - it is not watched"));
        }
    }

    @Test
    void shouldWaitForATimeInNanoseconds() {
        try (Epoll epoll = Epoll.create(); EventFd eventFd = EventFd.create()) {
            epoll.add(eventFd.fd(), Epoll.IN, 7);
            final long start = System.nanoTime();
            assertEquals(0, epoll.awaitNs(2_000_000));
            assertTrue(System.nanoTime() - start >= 2_000_000);
            eventFd.signal();
            assertEquals(1, epoll.awaitNs(60_000_000_000L));
            assertEquals(7, epoll.token(0));
            assertEquals(1, epoll.awaitNs(0));
        }
    }

    @Test
    void shouldRoundUpToMillisecondsOnOldKernels() {
        try (Epoll epoll = Epoll.create(); EventFd eventFd = EventFd.create()) {
            Epoll.isCoarse = true;
            epoll.add(eventFd.fd(), Epoll.IN, 7);
            final long start = System.nanoTime();
            assertEquals(0, epoll.awaitNs(1));
            assertTrue(System.nanoTime() - start >= 1_000_000);
            eventFd.signal();
            assertEquals(1, epoll.awaitNs(Long.MAX_VALUE));
        } finally {
            Epoll.isCoarse = false;
        }
    }

    @Test
    void shouldRefuseUseOnceClosed() {
        final Epoll epoll = Epoll.create();
        epoll.close();
        epoll.close();
        assertThrows(IllegalStateException.class, () -> epoll.await(0));
    }

    @Test
    void shouldAllocateNothingWhileWaiting() {
        try (Epoll epoll = Epoll.create(); EventFd eventFd = EventFd.create()) {
            epoll.add(eventFd.fd(), Epoll.IN, 1);
            eventFd.signal();
            assertEquals(0, TestCalls.allocatedBytes(() -> {
                for (int i = 0; i < 10_000; i++) {
                    epoll.await(0);
                    epoll.token(0);
                    epoll.awaitNs(1);
                    epoll.events(0);
                }
            }));
        }
    }
}
