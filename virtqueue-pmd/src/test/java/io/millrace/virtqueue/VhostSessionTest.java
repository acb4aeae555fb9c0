/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import io.millrace.linux.UnixSocket;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a well-meaning front-end may say, in which order, and what it is answered. */
class VhostSessionTest {
    private final PortFixture fixture = new PortFixture();
    private final Port port = fixture.listen("vm");
    private final RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"));

    @AfterEach
    void shouldLeaveNothingBehind() {
        frontEnd.close();
        fixture.close();
    }

    /** What a ring needs, each told on its own. */
    private enum Fact { FEATURES, MEMORY, NUM, BASE, ADDR, KICK, CALL, ENABLE }

    private void tell(final RawFrontEnd to, final Fact fact) {
        final long answer = switch (fact) {
            case FEATURES -> to.tell(VhostRequest.SET_FEATURES, RawFrontEnd.u64(RawFrontEnd.FEATURES));
            case MEMORY -> to.tell(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(), to.memory);
            case NUM -> to.tell(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(1, RawFrontEnd.RING_SIZE));
            case BASE -> to.tell(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(1, 0));
            case ADDR -> to.tell(VhostRequest.SET_VRING_ADDR, RawFrontEnd.address(1));
            case KICK -> to.tell(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(1), to.event.fd());
            case CALL -> to.tell(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(1), to.event.fd());
            case ENABLE -> to.tell(VhostRequest.SET_VRING_ENABLE, RawFrontEnd.state(1, 1));
        };
        assertEquals(0, answer, fact.name());
    }

    @Test
    void shouldStartARingInWhateverOrderItsFactsCome() {
        frontEnd.negotiate();
        frontEnd.shareMemory();
        frontEnd.startRing(0);
        // Every pair of facts last, in both orders, behind a rotation of the others: each fact completes, none matters.
        int orders = 0;
        for (final Fact last : Fact.values()) {
            for (final Fact beforeLast : Fact.values()) {
                if (last != beforeLast) {
                    final List<Fact> order = new ArrayList<>(List.of(Fact.values()));
                    java.util.Collections.rotate(order, orders++);
                    order.removeAll(List.of(last, beforeLast));
                    order.addAll(List.of(beforeLast, last));
                    assertStarts(order);
                }
            }
        }
    }

    private void assertStarts(final List<Fact> order) {
        assertEquals(0, frontEnd.tell(VhostRequest.RESET_DEVICE, RawFrontEnd.payload(0)));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_FEATURES, RawFrontEnd.u64(RawFrontEnd.FEATURES)));
        assertEquals(LinkState.DOWN, port.link());
        frontEnd.startRing(0);
        final Fact last = order.get(order.size() - 1);
        for (final Fact fact : order.subList(0, order.size() - 1)) {
            tell(frontEnd, fact);
        }
        // Memory, features and the call are there from before the reset.
        final boolean isNeeded = last != Fact.CALL && last != Fact.MEMORY && last != Fact.FEATURES;
        assertEquals(isNeeded ? LinkState.DOWN : LinkState.UP, port.link(), "all but the last of " + order);
        tell(frontEnd, last);
        assertEquals(LinkState.UP, port.link(), "all of " + order);
    }

    @Test
    void shouldNotStartBeforeMemoryAndFeaturesAreThere() {
        for (final Fact last : new Fact[] {Fact.MEMORY, Fact.FEATURES}) {
            final Port other = fixture.listen("other" + last);
            try (RawFrontEnd fresh = RawFrontEnd.connect(fixture.path("other" + last))) {
                fresh.send(VhostRequest.SET_PROTOCOL_FEATURES, RawFrontEnd.u64(RawFrontEnd.PROTOCOL_FEATURES));
                fresh.startRing(0);
                for (final Fact fact : Fact.values()) {
                    if (fact != last) {
                        tell(fresh, fact);
                    }
                }
                assertEquals(LinkState.DOWN, other.link());
                tell(fresh, last);
                assertEquals(LinkState.UP, other.link());
            }
        }
    }

    @Test
    void shouldTakeEveryFactTwice() {
        frontEnd.startAll();
        for (final Fact fact : Fact.values()) {
            tell(frontEnd, fact);
            assertEquals(LinkState.UP, port.link(), fact.name());
        }
    }

    @Test
    void shouldStartWithoutACall() {
        frontEnd.negotiate();
        frontEnd.startRing(0);
        for (final Fact fact : Fact.values()) {
            if (fact != Fact.CALL) {
                tell(frontEnd, fact);
            }
        }
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldStartInPollingMode() {
        frontEnd.startAll();
        frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(0, 0));
        assertEquals(LinkState.DOWN, port.link());
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(0x100)));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(0x100)));
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldEnableAllRingsWithoutProtocolFeatures() {
        // As a front-end of before 2016 does: no SET_VRING_ENABLE, and no acknowledgements to wait for.
        frontEnd.send(VhostRequest.SET_FEATURES, RawFrontEnd.u64(0));
        frontEnd.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(), frontEnd.memory);
        for (int ring = 0; ring < 2; ring++) {
            frontEnd.send(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(ring, RawFrontEnd.RING_SIZE));
            frontEnd.send(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(ring, 0));
            frontEnd.send(VhostRequest.SET_VRING_ADDR, RawFrontEnd.address(ring));
            frontEnd.send(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(ring), frontEnd.event.fd());
        }
        fixture.awaitLink(port, LinkState.UP);
    }

    @Test
    void shouldDisableAndEnable() {
        frontEnd.startAll();
        assertEquals(LinkState.UP, port.link());
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_ENABLE, RawFrontEnd.state(0, 0)));
        assertEquals(LinkState.DOWN, port.link());
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_ENABLE, RawFrontEnd.state(0, 1)));
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldStopARingAndSayWhereItStopped() {
        fixture.startWorker();
        frontEnd.startAll();
        assertEquals(1, frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0)));
        assertEquals(LinkState.DOWN, port.link());
        // Once more, for a ring that is stopped, and for one that never ran: rust-vmm asks for all of them.
        assertEquals(1, frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0)));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(1, 77)));
        assertEquals(1 | 77L << 32, frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0)));
    }

    @Test
    void shouldAnswerGetVringBaseFirstThing() {
        assertEquals(1, frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0)));
    }

    @Test
    void shouldTellTheGuestOnceWhenARingStarts() {
        fixture.startWorker();
        frontEnd.startAll();
        PortFixture.await(() -> frontEnd.event.drain() > 0, () -> "no call");
    }

    @Test
    void shouldCloseTheOldCallWhenThereIsANewOne() {
        fixture.startWorker();
        frontEnd.startAll();
        final int open = OpenFiles.count();
        for (int i = 0; i < 100; i++) {
            tell(frontEnd, Fact.CALL);
            tell(frontEnd, Fact.KICK);
            assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_ERR, RawFrontEnd.u64(1), frontEnd.event.fd()));
        }
        assertEquals(open + 1, OpenFiles.count());
        PortFixture.await(() -> frontEnd.event.drain() > 0, () -> "no call");
    }

    @Test
    void shouldAddAndRemoveMemory() {
        frontEnd.negotiate();
        assertEquals(DeviceOffer.MAX_MEMORY_SLOTS, frontEnd.ask(VhostRequest.GET_MAX_MEM_SLOTS));
        final int half = RawFrontEnd.MEMORY / 2;
        final var low = RawFrontEnd.region(RawFrontEnd.GUEST, half, RawFrontEnd.USER, 0);
        final var high = RawFrontEnd.region(RawFrontEnd.GUEST + half, half, RawFrontEnd.USER + half, half);
        assertEquals(0, frontEnd.tell(VhostRequest.ADD_MEM_REG, low, frontEnd.memory));
        frontEnd.startRing(0);
        frontEnd.startRing(1);
        fixture.startWorker();
        assertEquals(LinkState.UP, port.link());
        assertEquals(0, frontEnd.tell(VhostRequest.ADD_MEM_REG, high, frontEnd.memory));
        assertEquals(LinkState.UP, port.link());
        // With a descriptor, as some front-ends do; it is of no use and closed.
        assertEquals(0, frontEnd.tell(VhostRequest.REM_MEM_REG, high, frontEnd.memory));
        assertEquals(LinkState.UP, port.link());
        assertEquals(0, frontEnd.tell(VhostRequest.REM_MEM_REG, low));
        assertEquals(LinkState.DOWN, port.link());
        assertEquals(0, fixture.guestMappings());
        assertEquals(0, frontEnd.tell(VhostRequest.ADD_MEM_REG, low, frontEnd.memory));
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldKeepARegionUntilItIsRemovedAsOftenAsItWasAdded() {
        frontEnd.negotiate();
        final var all = RawFrontEnd.region(RawFrontEnd.GUEST, RawFrontEnd.MEMORY, RawFrontEnd.USER, 0);
        final int open = OpenFiles.count();
        for (int queuePair = 0; queuePair < 3; queuePair++) {
            assertEquals(0, frontEnd.tell(VhostRequest.ADD_MEM_REG, all, frontEnd.memory));
            assertEquals(1, fixture.guestMappings());
        }
        assertEquals(open, OpenFiles.count());
        assertEquals(0, frontEnd.tell(VhostRequest.REM_MEM_REG, all));
        assertEquals(0, frontEnd.tell(VhostRequest.REM_MEM_REG, all));
        assertEquals(1, fixture.guestMappings());
        assertEquals(0, frontEnd.tell(VhostRequest.REM_MEM_REG, all));
        assertEquals(0, fixture.guestMappings());
    }

    @Test
    void shouldSwapTheMemoryUnderARunningRing() {
        fixture.startWorker();
        frontEnd.startAll();
        for (int i = 0; i < 300; i++) {
            frontEnd.shareMemory();
        }
        assertEquals(LinkState.UP, port.link());
        assertEquals(1, fixture.guestMappings());
    }

    @Test
    void shouldStopARingWhoseMemoryIsTakenAway() {
        fixture.startWorker();
        frontEnd.startAll();
        assertEquals(0, frontEnd.tell(VhostRequest.SET_MEM_TABLE,
            RawFrontEnd.table(RawFrontEnd.GUEST, 4096, RawFrontEnd.USER, 0), frontEnd.memory));
        assertEquals(LinkState.DOWN, port.link());
        frontEnd.shareMemory();
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldResetByStatus() {
        fixture.startWorker();
        frontEnd.startAll();
        assertEquals(0, frontEnd.tell(VhostRequest.SET_STATUS, RawFrontEnd.u64(0xf)));
        assertEquals(0xf, frontEnd.ask(VhostRequest.GET_STATUS));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_STATUS, RawFrontEnd.u64(0)));
        assertEquals(0, frontEnd.ask(VhostRequest.GET_STATUS));
        assertEquals(LinkState.DOWN, port.link());
        frontEnd.startRing(0);
        frontEnd.startRing(1);
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldStopAllRingsOnResetOwner() {
        fixture.startWorker();
        frontEnd.startAll();
        assertEquals(0, frontEnd.tell(VhostRequest.RESET_OWNER, RawFrontEnd.payload(0)));
        assertEquals(LinkState.DOWN, port.link());
        frontEnd.startRing(0);
        frontEnd.startRing(1);
        assertEquals(LinkState.UP, port.link());
    }

    @Test
    void shouldAcceptAnMtuInRangeAndRefuseOthersWithoutAScene() {
        frontEnd.negotiate();
        for (final long wrong : new long[] {0, 67, 65_536, -1, Long.MIN_VALUE}) {
            assertEquals(1, frontEnd.tell(VhostRequest.NET_SET_MTU, RawFrontEnd.u64(wrong)));
        }
        for (final long right : new long[] {68, 1500, 65_535}) {
            assertEquals(0, frontEnd.tell(VhostRequest.NET_SET_MTU, RawFrontEnd.u64(right)));
        }
    }

    @Test
    void shouldKeepOneBackendChannel() {
        frontEnd.negotiate();
        final int open = OpenFiles.count();
        final UnixSocket[] pair = UnixSocket.pair();
        for (int i = 0; i < 50; i++) {
            assertEquals(0, frontEnd.tell(VhostRequest.SET_BACKEND_REQ_FD, RawFrontEnd.payload(0), pair[1].fd()));
        }
        assertEquals(open + 3, OpenFiles.count());
        pair[0].close();
        pair[1].close();
    }

    @Test
    void shouldAnswerOnlyWhereAnAnswerIsWanted() {
        // REPLY_ACK is not negotiated, so need-reply is ignored.
        frontEnd.send(VhostRequest.SET_OWNER.id(), Message.VERSION | Message.NEED_REPLY, RawFrontEnd.payload(0));
        frontEnd.send(VhostRequest.SET_PROTOCOL_FEATURES, RawFrontEnd.u64(RawFrontEnd.PROTOCOL_FEATURES));
        frontEnd.send(VhostRequest.SET_OWNER, RawFrontEnd.payload(0));
        assertEquals(0, frontEnd.tell(VhostRequest.SET_OWNER, RawFrontEnd.payload(0)));
        // A request with an answer of its own gets that one and no other.
        assertNotEquals(0, frontEnd.tell(VhostRequest.GET_FEATURES, RawFrontEnd.payload(0)));
        assertEquals(1, frontEnd.ask(VhostRequest.GET_QUEUE_NUM));
    }

    @Test
    void shouldCloseAKickThatWasReplacedWhenTheWorkerHasLetGoOfIt() {
        frontEnd.startAll();
        try (FrameCache frames = fixture.pool.cache("test"); EventFd other = EventFd.create()) {
            final Burst burst = new Burst(frames, 1);
            port.rx(0).receive(burst);
            final Fd before = port.rx(0).arm();
            frontEnd.send(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(1), other.fd());
            PortFixture.await(() -> port.rx(0).arm() == null, () -> "the ring was not asked for");
            assertTrue(before.isOpen());
            port.rx(0).disarm();
            port.rx(0).receive(burst);
            PortFixture.await(() -> {
                port.rx(0).receive(burst);
                return port.rx(0).arm() != null;
            }, () -> "the ring did not start again");
            assertFalse(before.isOpen());
            assertNotEquals(before, port.rx(0).arm());
            assertEquals(LinkState.UP, port.link());
            port.rx(0).release();
        }
    }

    @Test
    void shouldKeepTheSessionWhenTheGuestBreaksARing() {
        fixture.startWorker();
        frontEnd.startAll();
        fixture.awaitLink(port, LinkState.UP);
        try (EventFd err = EventFd.create(); Mapping memory = frontEnd.map()) {
            assertEquals(0, frontEnd.tell(VhostRequest.SET_VRING_ERR, RawFrontEnd.u64(1), err.fd()));
            final long availIndex = memory.address() + RawFrontEnd.availOffset(1) + 2;
            UnsafeApi.putShort(availIndex, (short) (RawFrontEnd.RING_SIZE + 1));
            fixture.awaitCount("port/vm/session/broken/avail-ahead", 1);
            fixture.awaitCount("port/vm/rx0/broken/avail-ahead", 1);
            fixture.awaitLink(port, LinkState.DOWN);
            PortFixture.await(() -> err.drain() > 0, () -> "no error signal");
            assertEquals("vm DOWN: the guest broke ring 1: avail-ahead", fixture.events.get(1));
            // It stays dead, whatever else is said, until the driver has restarted it.
            frontEnd.shareMemory();
            tell(frontEnd, Fact.KICK);
            assertEquals(LinkState.DOWN, port.link());
            UnsafeApi.putShort(availIndex, (short) 0);
            frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0));
            frontEnd.startRing(1);
            assertEquals(LinkState.UP, port.link());
        }
    }

    @Test
    void shouldCloseWhatIsSentWithoutBeingAsked() {
        frontEnd.negotiate();
        final int open = OpenFiles.count();
        frontEnd.send(VhostRequest.SET_OWNER, RawFrontEnd.payload(0), frontEnd.memory, frontEnd.event.fd());
        frontEnd.awaitEnd();
        fixture.awaitCount("port/vm/session/violation/bad-fds", 1);
        // The connection has gone, too.
        PortFixture.await(() -> OpenFiles.count() == open - 1, () -> "open: " + OpenFiles.list());
        assertNull(frontEnd.receive());
        try (Fd twin = frontEnd.memory.duplicate()) {
            assertTrue(twin.isOpen());
        }
    }
}
