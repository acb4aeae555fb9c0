/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Front-ends that mean to stop the worker that signals them (A24). One worker polls the victim's port and a
 * neighbour's; whatever the front-end hands over, packets of both go on.
 */
class CallAttackTest {
    private static final int RX = 1;
    private static final int PACKETS = 2000;
    private static final int BATCH = 50;
    private static final int BUFFER = 0x8_0000;
    private static final int LENGTH = 72;
    private static final long DESC = 0x4000L * RX;

    private final PortFixture fixture = new PortFixture();
    private final EventFd full = EventFd.create();
    private RawFrontEnd good;
    private RawFrontEnd bad;

    @BeforeEach
    void start() {
        fixture.listen("neighbour");
        fixture.listen("victim");
        fixture.startWorker();
        good = RawFrontEnd.connect(fixture.path("neighbour"));
        good.startAll();
        bad = RawFrontEnd.connect(fixture.path("victim"));
    }

    @AfterEach
    void close() {
        good.close();
        bad.close();
        full.close();
        fixture.close();
    }

    /** Packets on the guest's ring, one by one as far as the worker sees them so; each wants a call. */
    private void send(final RawFrontEnd frontEnd, final String name, final int from, final int to) {
        try (Mapping memory = frontEnd.map()) {
            for (int i = from; i < to; i++) {
                final int slot = i % RawFrontEnd.RING_SIZE;
                final long at = memory.address() + DESC + 16L * slot;
                UnsafeApi.putLong(at, RawFrontEnd.GUEST + BUFFER);
                UnsafeApi.putLong(at + 8, LENGTH);
                UnsafeApi.putShort(memory.address() + RawFrontEnd.availOffset(RX) + 4 + 2L * slot, (short) slot);
                UnsafeApi.putShortRelease(null, memory.address() + RawFrontEnd.availOffset(RX) + 2, (short) (i + 1));
            }
        }
        fixture.awaitCount("port/" + name + "/rx0/packets", to);
    }

    private void shouldPassPacketsOfBoth() {
        for (int sent = 0; sent < PACKETS; sent += BATCH) {
            send(bad, "victim", sent, sent + BATCH);
            send(good, "neighbour", sent, sent + BATCH);
        }
        PortFixture.await(() -> fixture.count("port/victim/rx0/calls") >= PACKETS / BATCH, () -> "it is not called");
    }

    /** When the front-end fills its eventfd. */
    enum When {
        BEFORE, LATER
    }

    @ParameterizedTest
    @EnumSource(When.class)
    void shouldNotWaitForAnEventFdThatIsFullAndBlocks(final When when) {
        bad.startAll();
        if (when == When.BEFORE) {
            EventFile.fill(full.fd());
        }
        bad.tell(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(RX), full.fd());
        bad.tell(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(0), full.fd());
        if (when == When.LATER) {
            EventFile.fill(full.fd());
        }
        shouldPassPacketsOfBoth();
    }

    @ParameterizedTest
    @ValueSource(ints = {RX, 0})
    void shouldTakeNothingThatIsNoEventFd(final int ring) {
        int refused = 0;
        for (final Fd other : EventFile.others()) {
            bad.close();
            bad = RawFrontEnd.connect(fixture.path("victim"));
            bad.startAll();
            bad.send(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(ring), other);
            bad.awaitEnd();
            fixture.awaitCount("port/victim/session/violation/wrong-file", ++refused);
            other.close();
        }
        send(good, "neighbour", 0, BATCH);
    }
}
