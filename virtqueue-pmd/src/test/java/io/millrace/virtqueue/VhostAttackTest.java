/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Front-ends that mean harm. The numbers A01 to A35 are those of the attack list this driver is built against. Whatever
 * happens to the victim, its neighbour answers, its link stays up, and nothing that was sent stays open.
 */
class VhostAttackTest {
    private static final int REPEATS = 1000;

    private final PortFixture fixture = new PortFixture();
    private final Port neighbour = fixture.listen("neighbour");
    private final Path path = fixture.path("victim");
    private final RawFrontEnd good = RawFrontEnd.connect(fixture.path("neighbour"));

    @BeforeEach
    void startNeighbour() {
        fixture.listen("victim");
        fixture.startWorker();
        good.startAll();
    }

    @AfterEach
    void shouldNotHaveTouchedTheNeighbour() {
        assertEquals(1, good.ask(VhostRequest.GET_QUEUE_NUM));
        assertEquals(LinkState.UP, neighbour.link());
        assertEquals(1, fixture.count("port/neighbour/session/accepted"));
        assertEquals(0, fixture.count("port/neighbour/session/closed-by-peer"));
        good.close();
        fixture.close();
    }

    private void attack(final String reason, final Consumer<RawFrontEnd> recipe) {
        attack("violation/" + reason, fixture.count("port/victim/session/violation/" + reason) + 1, recipe);
    }

    private void attack(final String counter, final long count, final Consumer<RawFrontEnd> recipe) {
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            recipe.accept(bad);
            bad.awaitEnd();
        }
        fixture.awaitCount("port/victim/session/" + counter, count);
    }

    @Test
    void shouldCloseDescriptorsThatNobodyAskedFor() {
        // A01: CVE-2019-14818
        for (int i = 0; i < REPEATS; i++) {
            attack("bad-fds", bad -> bad.send(VhostRequest.GET_FEATURES, RawFrontEnd.payload(0), many(bad, 8)));
        }
    }

    @Test
    void shouldRefuseEveryRequestWithEveryWrongNumberOfDescriptors() {
        // A01, and A07 for ids that do not exist
        for (int id = 0; id <= 46; id++) {
            for (int fds = 1; fds <= 9; fds += 2) {
                final VhostRequest request = VhostRequest.of(id);
                final int number = id;
                final int count = fds;
                try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
                    bad.negotiate();
                    bad.send(number, Message.VERSION, RawFrontEnd.payload(request == null ? 0 : 8), many(bad, count));
                    // Right where it is: ring 0, one descriptor.
                    if (count != 1 || !(request + "").matches("SET_VRING_(KICK|CALL|ERR)")) {
                        bad.awaitEnd();
                    }
                }
            }
        }
    }

    @Test
    void shouldCloseDescriptorsOfAnImpossibleMessage() {
        // A02: size 0xffffffff with descriptors, and as many descriptors as fit
        for (int i = 0; i < REPEATS / 10; i++) {
            attack("bad-size", bad -> bad.raw(RawFrontEnd.payload(12).putInt(1).putInt(1).putInt(-1).flip(),
                many(bad, 4)));
            attack("bad-fds", bad -> bad.send(VhostRequest.GET_FEATURES, RawFrontEnd.payload(0),
                many(bad, ReceivedFds.CAPACITY)));
        }
    }

    @Test
    void shouldPutTogetherWhatComesInPieces() {
        // A04
        try (RawFrontEnd slow = RawFrontEnd.connect(path)) {
            final ByteBuffer message =
                RawFrontEnd.message(VhostRequest.SET_PROTOCOL_FEATURES.id(), 1, RawFrontEnd.u64(8));
            for (int i = 0; i < message.capacity(); i++) {
                slow.raw(RawFrontEnd.payload(1).put(0, message.get(i)));
            }
            assertEquals(0, slow.tell(VhostRequest.SET_OWNER, RawFrontEnd.payload(0)));
        }
    }

    @Test
    void shouldRefuseDescriptorsInThePayload() {
        // A04
        attack("bad-fds", bad -> {
            final ByteBuffer message = RawFrontEnd.message(VhostRequest.SET_VRING_KICK.id(), 1, RawFrontEnd.u64(0));
            bad.raw(message.limit(14));
            bad.raw(message.limit(20), bad.event.fd());
        });
    }

    @Test
    void shouldServeOthersWhileAMessageStallsAndThenGiveUp() {
        // A05: a header, and silence
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            bad.raw(RawFrontEnd.payload(12).putInt(1).putInt(1).putInt(8).flip(), many(bad, 3));
            for (int i = 0; i < 100; i++) {
                assertEquals(1, good.ask(VhostRequest.GET_QUEUE_NUM));
            }
            bad.awaitEnd();
        }
        fixture.awaitCount("port/victim/session/violation/stalled", 1);
    }

    @Test
    void shouldGiveUpOnAFrontEndThatDoesNotRead() {
        // A06
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            bad.negotiate();
            final ByteBuffer question =
                RawFrontEnd.message(VhostRequest.GET_FEATURES.id(), 1, RawFrontEnd.payload(0));
            final ByteBuffer questions = RawFrontEnd.payload(12 * 500);
            while (questions.hasRemaining()) {
                questions.put(question.rewind());
            }
            for (int i = 0; i < 200; i++) {
                bad.raw(questions.rewind());
            }
            fixture.awaitCount("port/victim/session/violation/replies-unread", 1);
        }
    }

    @Test
    void shouldRefuseHeadersThatAreNone() {
        // A07
        for (final int flags : new int[] {0, 2, 3, 1 | 1 << 4, -1}) {
            attack("bad-header", bad -> bad.send(1, flags, RawFrontEnd.payload(0)));
        }
        attack("bad-header", bad -> bad.send(1, Message.VERSION | Message.REPLY, RawFrontEnd.payload(0)));
        for (final int id : new int[] {0, 45, -1, Integer.MIN_VALUE}) {
            attack("unknown-request", bad -> bad.send(id, 1, RawFrontEnd.payload(0)));
        }
    }

    @Test
    void shouldSayNoBeforeItHangsUp() {
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            bad.negotiate();
            assertEquals(1, bad.tell(VhostRequest.SET_VRING_ENDIAN, RawFrontEnd.state(0, 0)));
            assertNull(bad.receive());
        }
        fixture.awaitCount("port/victim/session/violation/not-offered", 1);
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            bad.negotiate();
            bad.send(45, Message.VERSION | Message.NEED_REPLY, RawFrontEnd.payload(0));
            try (Message no = bad.receive()) {
                assertEquals(45, no.request());
                assertEquals(1, no.u64(0));
            }
            assertNull(bad.receive());
        }
    }

    @Test
    void shouldServeOnlyWhatWasOffered() {
        for (final VhostRequest request : VhostRequest.values()) {
            if (RawFrontEnd.handlers().of(request) == null) {
                attack("not-offered", bad -> bad.send(request, RawFrontEnd.payload(0)));
            } else if (request.protocolFeature() != 0) {
                attack("not-negotiated", bad -> bad.send(request, RawFrontEnd.payload(0)));
            }
        }
        attack("bad-features", bad -> bad.send(VhostRequest.SET_FEATURES, RawFrontEnd.u64(-1)));
        // Addresses that are to be translated, and no channel on which to ask how.
        attack("bad-features", bad -> bad.send(VhostRequest.SET_FEATURES,
            RawFrontEnd.u64(RawFrontEnd.FEATURES | Features.VIRTIO_F_ACCESS_PLATFORM)));
        attack("bad-features", bad -> bad.send(VhostRequest.SET_PROTOCOL_FEATURES, RawFrontEnd.u64(1L << 14)));
    }

    @Test
    void shouldCompareRingNumbersBeforeCuttingThemDown() {
        // A08: CVE-2020-10723, and A09
        for (final int ring : new int[] {2, 0x1_0000, 0x1_0001, 0xffff_0000, -1, Integer.MIN_VALUE}) {
            attack("bad-index", bad -> bad.send(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(ring, 256)));
            attack("bad-index", bad -> bad.send(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(ring, 0)));
            attack("bad-index", bad -> bad.send(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(ring, 0)));
            attack("bad-index", bad -> bad.send(VhostRequest.SET_VRING_ENABLE, RawFrontEnd.state(ring, 1)));
            attack("bad-index", bad -> bad.send(VhostRequest.SET_VRING_ADDR,
                RawFrontEnd.address(0).putInt(0, ring)));
        }
        attack("bad-index", bad -> bad.send(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(0xff), bad.event.fd()));
        attack("bad-value", bad -> bad.send(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(1L << 9), bad.event.fd()));
        attack("bad-value", bad -> bad.send(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(1L << 63), bad.event.fd()));
    }

    @Test
    void shouldRefuseRingSizesThatAreNone() {
        // A10
        for (final int size : new int[] {0, 3, 255, 32_769, 65_536, 0x1_0100, Integer.MIN_VALUE, -1}) {
            attack("bad-value", bad -> bad.send(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(0, size)));
        }
        attack("bad-value", bad -> bad.send(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(0, 0x1_0000)));
        attack("bad-value", bad -> bad.send(VhostRequest.SET_VRING_ENABLE, RawFrontEnd.state(0, 2)));
    }

    @Test
    void shouldKeepNothingOfRepeatedMessages() {
        // A11
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            bad.negotiate();
            final int open = OpenFiles.count();
            for (int i = 0; i < 20_000; i++) {
                bad.send(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(0, 1 << i % 15));
                if (i % 20 == 0) {
                    bad.send(VhostRequest.SET_VRING_CALL, RawFrontEnd.u64(0), bad.event.fd());
                    bad.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(), bad.memory);
                }
            }
            assertEquals(0, bad.tell(VhostRequest.SET_OWNER, RawFrontEnd.payload(0)));
            assertEquals(open + 1, OpenFiles.count());
        }
    }

    @Test
    void shouldTakeNothingButEventfdsForSignals() {
        // A24, A25
        final UnixSocket[] pair = UnixSocket.pair();
        for (final VhostRequest request : new VhostRequest[] {
            VhostRequest.SET_VRING_KICK, VhostRequest.SET_VRING_CALL, VhostRequest.SET_VRING_ERR
        }) {
            attack("wrong-file", bad -> bad.send(request, RawFrontEnd.u64(0), bad.memory));
            attack("wrong-file", bad -> bad.send(request, RawFrontEnd.u64(0), pair[0].fd()));
        }
        attack("wrong-file", bad -> {
            bad.negotiate();
            bad.send(VhostRequest.SET_BACKEND_REQ_FD, RawFrontEnd.payload(0), bad.memory);
        });
        pair[0].close();
        pair[1].close();
    }

    @Test
    void shouldRefuseChangesUnderARunningRing() {
        // A23
        attack("bad-state", changed(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(0, 128)));
        attack("bad-state", changed(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(0, 1)));
        attack("bad-state", changed(VhostRequest.SET_VRING_ADDR, RawFrontEnd.address(2).putInt(0, 0)));
        attack("bad-state", changed(VhostRequest.SET_FEATURES,
            RawFrontEnd.u64(RawFrontEnd.FEATURES | Features.VIRTIO_NET_F_MRG_RXBUF)));
    }

    private static Consumer<RawFrontEnd> changed(final VhostRequest request, final ByteBuffer payload) {
        return bad -> {
            bad.startAll();
            assertEquals(1, bad.tell(request, payload));
        };
    }

    @Test
    void shouldLoseNothingWhenTheFrontEndGoesAfterAnyMessage() {
        // A35: gone after each message, and inside it
        for (int steps = 0; steps < 2 * 14; steps++) {
            try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
                goAfter(bad, steps);
            }
        }
        try (RawFrontEnd last = RawFrontEnd.connect(path)) {
            last.startAll();
        }
        assertEquals(0, fixture.count("port/victim/session/refused"));
    }

    private static void goAfter(final RawFrontEnd bad, final int halves) {
        final VhostRequest[] requests = {
            VhostRequest.SET_PROTOCOL_FEATURES, VhostRequest.SET_FEATURES, VhostRequest.SET_MEM_TABLE,
            VhostRequest.SET_VRING_NUM, VhostRequest.SET_VRING_BASE, VhostRequest.SET_VRING_ADDR,
            VhostRequest.SET_VRING_CALL, VhostRequest.SET_VRING_KICK, VhostRequest.SET_VRING_ENABLE,
            VhostRequest.SET_VRING_ERR, VhostRequest.SET_MEM_TABLE, VhostRequest.SET_VRING_CALL,
            VhostRequest.GET_VRING_BASE, VhostRequest.RESET_DEVICE
        };
        for (int i = 0; i <= halves / 2; i++) {
            final VhostRequest request = requests[i];
            final ByteBuffer payload = switch (request) {
                case SET_PROTOCOL_FEATURES -> RawFrontEnd.u64(RawFrontEnd.PROTOCOL_FEATURES);
                case SET_FEATURES -> RawFrontEnd.u64(RawFrontEnd.FEATURES);
                case SET_MEM_TABLE -> RawFrontEnd.table();
                case SET_VRING_NUM -> RawFrontEnd.state(1, RawFrontEnd.RING_SIZE);
                case SET_VRING_ADDR -> RawFrontEnd.address(1);
                case SET_VRING_ENABLE -> RawFrontEnd.state(1, 1);
                case RESET_DEVICE -> RawFrontEnd.payload(0);
                default -> RawFrontEnd.u64(1);
            };
            final Fd[] fds = switch (request) {
                case SET_MEM_TABLE -> new Fd[] {bad.memory};
                case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> new Fd[] {bad.event.fd()};
                default -> new Fd[0];
            };
            final ByteBuffer message = RawFrontEnd.message(request.id(), Message.VERSION, payload);
            final boolean isCut = i == halves / 2 && halves % 2 == 0;
            bad.raw(isCut ? message.limit(message.limit() - 1) : message, fds);
        }
    }

    @Test
    void shouldOutliveManyConnections() {
        // A35
        for (int i = 0; i < REPEATS; i++) {
            try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
                assertTrue(bad.event.fd().isOpen());
            }
        }
        try (RawFrontEnd last = RawFrontEnd.connect(path)) {
            assertNotEquals(0, last.ask(VhostRequest.GET_FEATURES));
        }
    }

    @Test
    void shouldNotSpinOnAFrontEndThatHangsUpWhileAWorkerIsStuck() {
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            bad.startAll();
            awaitAttached(bad);
            fixture.stick(true);
            bad.send(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0));
        }
        // The rest of the port's life goes on; the session ends by the deadline, or by the worker's return.
        for (int i = 0; i < 100; i++) {
            assertEquals(1, good.ask(VhostRequest.GET_QUEUE_NUM));
        }
        fixture.awaitCount("port/victim/session/worker-late", 1);
        fixture.stick(false);
        try (RawFrontEnd next = RawFrontEnd.connect(path)) {
            next.startAll();
        }
    }

    @Test
    void shouldTakeMemoryAwayFromAWorkerThatIsStuck() {
        try (RawFrontEnd bad = RawFrontEnd.connect(path)) {
            bad.startAll();
            awaitAttached(bad);
            fixture.stick(true);
            bad.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(), bad.memory);
            bad.awaitEnd();
            // Still mapped, for the worker may come back to it, but no longer to this front-end's file.
            PortFixture.await(() -> fixture.guestMappings() == 2, () -> "mapped: " + fixture.guestMappings());
        }
        fixture.awaitCount("port/victim/session/worker-late", 1);
        fixture.stick(false);
        PortFixture.await(() -> fixture.guestMappings() == 1, () -> "mapped: " + fixture.guestMappings());
    }

    /** The worker signals when it takes a ring. */
    private static void awaitAttached(final RawFrontEnd frontEnd) {
        final EventFd event = frontEnd.event;
        final long[] signals = new long[1];
        PortFixture.await(() -> (signals[0] += event.drain()) >= 2, () -> "the worker has not taken both rings");
    }

    private static Fd[] many(final RawFrontEnd bad, final int count) {
        final Fd[] fds = new Fd[count];
        Arrays.fill(fds, bad.event.fd());
        return fds;
    }
}
