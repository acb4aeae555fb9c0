/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** Our own wake-ups. */
class EventFdTest {
    @Test
    void shouldCountSignalsUntilDrained() {
        try (EventFd eventFd = EventFd.create()) {
            assertEquals(0, eventFd.drain());
            eventFd.signal();
            eventFd.signal();
            assertEquals(2, eventFd.drain());
            assertEquals(0, eventFd.drain());
        }
    }

    @Test
    void shouldStaySignalledAtItsMaximum() {
        try (EventFd eventFd = EventFd.create()) {
            TestCalls.write(eventFd.fd(), 0xfffffffffffffffeL);
            eventFd.signal();
            assertEquals(0xfffffffffffffffeL, eventFd.drain());
        }
    }

    @Test
    void shouldAllocateNothing() {
        try (EventFd eventFd = EventFd.create()) {
            assertEquals(0, TestCalls.allocatedBytes(() -> {
                for (int i = 0; i < 10_000; i++) {
                    eventFd.signal();
                    eventFd.drain();
                }
            }));
        }
    }

    @Test
    void shouldRefuseUseOnceClosed() {
        final EventFd eventFd = EventFd.create();
        eventFd.close();
        eventFd.close();
        assertThrows(IllegalStateException.class, eventFd::signal);
        assertThrows(IllegalStateException.class, eventFd::drain);
    }
}
