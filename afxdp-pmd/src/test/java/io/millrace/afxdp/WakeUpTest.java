/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.millrace.LinkState;
import io.millrace.RxQueue;
import io.millrace.linux.Epoll;
import org.junit.jupiter.api.Test;

/** A worker that sleeps is woken by a packet. */
class WakeUpTest {
    private static final int AT_MOST_MS = 10_000;

    @Test
    void shouldWakeWhoWaitsForAPacket() {
        try (PairFixture pair = new PairFixture(); Epoll epoll = Epoll.create()) {
            final RxQueue rx = pair.right.rx(0);
            epoll.add(rx.arm(), Epoll.IN | Epoll.ET, 1);
            for (int number = 0; number < 20; number++) {
                rx.arm();
                assertEquals(0, rx.receive(pair.in));
                assertEquals(0, epoll.await(0));
                pair.add(pair.out, number, 100);
                pair.left.tx(0).transmit(pair.out);
                assertEquals(1, epoll.await(AT_MOST_MS), "packet " + number);
                rx.disarm();
                assertEquals(1, rx.receive(pair.in));
                pair.check(pair.in, 0, number, 100, pair.right);
                pair.in.freeAll();
            }
        }
    }

    @Test
    void shouldHaveNothingToWakeByWhileTheDeviceIsGone() {
        try (PairFixture pair = new PairFixture()) {
            pair.lab.delete();
            pair.await(pair.right, LinkState.GONE);
            Await.until(() -> "the rings to be given up", () -> {
                pair.idle();
                return pair.right.rx(0).arm() == null;
            });
            assertNull(pair.right.rx(0).arm());
        }
    }
}
