/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.linux.Fd;
import io.millrace.linux.SharedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Memory that is not what it seems, or changes while it is used (A12 to A20 of the attack list), over a socket. */
class VhostMemoryAttackTest {
    private final PortFixture fixture = new PortFixture();
    private final Port neighbour = fixture.listen("neighbour");
    private final Port victim = fixture.listen("victim");
    private final RawFrontEnd good = RawFrontEnd.connect(fixture.path("neighbour"));
    private final RawFrontEnd bad = RawFrontEnd.connect(fixture.path("victim"));

    @BeforeEach
    void start() {
        fixture.startWorker();
        good.startAll();
        bad.negotiate();
    }

    @AfterEach
    void shouldNotHaveTouchedTheNeighbour() {
        assertEquals(1, good.ask(VhostRequest.GET_QUEUE_NUM));
        assertEquals(LinkState.UP, neighbour.link());
        assertEquals(0, fixture.count("port/neighbour/session/closed-by-peer"));
        good.close();
        bad.close();
        fixture.close();
    }

    private void assertEnds(final String reason) {
        bad.awaitEnd();
        fixture.awaitCount("port/victim/session/violation/" + reason, 1);
        PortFixture.await(() -> fixture.guestMappings() == 1, () -> "mapped: " + fixture.guestMappings());
    }

    @Test
    void shouldRefuseATableWhoseCountIsWrong() {
        // A12
        bad.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table().putInt(0, -1), bad.memory);
        assertEnds("bad-size");
    }

    @Test
    void shouldRefuseATableWithADescriptorTooMany() {
        bad.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(), bad.memory, bad.memory);
        assertEnds("bad-fds");
    }

    @Test
    void shouldUnmapTheFirstRegionsWhenTheLastIsWrong() {
        bad.send(VhostRequest.SET_MEM_TABLE,
            RawFrontEnd.table(0, 4096, 0, 0, 0x10_0000, 4096, 0x10_0000, 4096, 0x20_0000, 4096, 0x10_0000, 0),
            bad.memory, bad.memory, bad.memory);
        assertEnds("bad-memory");
    }

    @Test
    void shouldKeepTheOldTableUntilTheNewOneIsGood() {
        bad.startAll();
        assertEquals(LinkState.UP, victim.link());
        assertEquals(1, bad.tell(VhostRequest.SET_MEM_TABLE,
            RawFrontEnd.table(RawFrontEnd.GUEST, 2 * RawFrontEnd.MEMORY, RawFrontEnd.USER, 0), bad.memory));
        assertEnds("memory-gone");
    }

    @Test
    void shouldRefuseFilesThatAreNotMemory() throws IOException {
        // A18
        final Path disk = Files.write(fixture.folder.resolve("disk"), new byte[RawFrontEnd.MEMORY]);
        int count = 0;
        for (final Path path : new Path[] {disk, Path.of("/dev/zero"), Path.of("/dev/null")}) {
            try (Fd file = OpenFiles.open(path, "rw");
                RawFrontEnd front = count == 0 ? null : RawFrontEnd.connect(fixture.path("victim"))) {
                final RawFrontEnd current = front == null ? bad : front;
                current.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(), file);
                current.awaitEnd();
            }
            fixture.awaitCount("port/victim/session/violation/wrong-file", ++count);
        }
        Files.delete(disk);
    }

    @Test
    void shouldRefuseMemoryThatIsReadOnly() throws IOException {
        // A18
        final Path file = Files.write(Path.of("/dev/shm/millrace-test-" + ProcessHandle.current().pid()),
            new byte[RawFrontEnd.MEMORY]);
        try (Fd readOnly = OpenFiles.open(file, "r")) {
            bad.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(), readOnly);
            assertEnds("wrong-file");
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void shouldNotStartARingWhoseFileWasCutShort() throws IOException {
        // A15, after the check
        bad.shareMemory();
        OpenFiles.truncate(bad.memory, 0);
        bad.send(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(1, RawFrontEnd.RING_SIZE));
        bad.send(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(1, 0));
        bad.send(VhostRequest.SET_VRING_ADDR, RawFrontEnd.address(1));
        bad.send(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(1), bad.event.fd());
        assertEnds("memory-gone");
    }

    @Test
    void shouldSurviveThatMemoryIsCutShortWhileItIsUsed() throws IOException {
        // A16: a SIGBUS for whoever touches it
        bad.startAll();
        fixture.awaitLink(victim, LinkState.UP);
        OpenFiles.truncate(bad.memory, 0);
        fixture.awaitLink(victim, LinkState.DOWN);
        assertEnds("memory-gone");
        try (RawFrontEnd next = RawFrontEnd.connect(fixture.path("victim"))) {
            next.startAll();
            fixture.awaitLink(victim, LinkState.UP);
        }
    }

    @Test
    void shouldNotStartARingThatIsNotInOneRegion() {
        // A20: the used ring begins in the first region and ends in the second, which is elsewhere in this process
        final long half = RawFrontEnd.MEMORY / 2;
        assertEquals(0, bad.tell(VhostRequest.SET_MEM_TABLE,
            RawFrontEnd.table(0, half, RawFrontEnd.USER, half, half, half, RawFrontEnd.USER + half, 0),
            bad.memory, bad.memory));
        bad.startRing(1);
        final long boundary = RawFrontEnd.USER + half;
        for (final long used : new long[] {
            boundary - 4, boundary - 8 * RawFrontEnd.RING_SIZE, boundary + half - 4, -8
        }) {
            assertEquals(0, bad.tell(VhostRequest.SET_VRING_NUM, RawFrontEnd.state(0, RawFrontEnd.RING_SIZE)));
            final ByteBuffer address = RawFrontEnd.address(0).putLong(16, used);
            assertEquals(0, bad.tell(VhostRequest.SET_VRING_ADDR, address));
            assertEquals(0, bad.tell(VhostRequest.SET_VRING_BASE, RawFrontEnd.state(0, 0)));
            assertEquals(0, bad.tell(VhostRequest.SET_VRING_KICK, RawFrontEnd.u64(0), bad.event.fd()));
            assertEquals(0, bad.tell(VhostRequest.SET_VRING_ENABLE, RawFrontEnd.state(0, 1)));
            assertEquals(LinkState.DOWN, victim.link(), "used ring at 0x" + Long.toHexString(used));
        }
        // The last entry that fits: 6 bytes and 8 for each entry, rounded up to the alignment.
        final long fits = boundary - 8 * RawFrontEnd.RING_SIZE - 8;
        assertEquals(0, bad.tell(VhostRequest.SET_VRING_ADDR, RawFrontEnd.address(0).putLong(16, fits)));
        assertEquals(LinkState.UP, victim.link());
    }

    @Test
    void shouldRefuseRingsThatAreNotAligned() {
        // A20
        bad.send(VhostRequest.SET_VRING_ADDR, RawFrontEnd.address(0).putLong(8, RawFrontEnd.USER + 8));
        assertEnds("bad-value");
    }

    @Test
    void shouldNotStartARingThatIsMisalignedHereOnly() {
        // A region that begins inside a page of the front-end: aligned there is not aligned here.
        assertEquals(0, bad.tell(VhostRequest.SET_MEM_TABLE,
            RawFrontEnd.table(RawFrontEnd.GUEST, RawFrontEnd.MEMORY, RawFrontEnd.USER - 8, 0), bad.memory));
        bad.startRing(0);
        bad.startRing(1);
        assertEquals(LinkState.DOWN, victim.link());
    }

    @Test
    void shouldRefuseMoreMemoryThanTheCap() {
        // A19
        try (Fd sparse = SharedMemory.create("sparse", 1L << 45, false)) {
            bad.send(VhostRequest.SET_MEM_TABLE, RawFrontEnd.table(0, 1L << 45, 0, 0), sparse);
            assertEnds("too-much-memory");
        }
    }

    @Test
    void shouldComeBackToTheStartAfterManyWholeSessions() {
        bad.close();
        for (int i = 0; i < 200; i++) {
            try (RawFrontEnd next = RawFrontEnd.connect(fixture.path("victim"))) {
                next.startAll();
            }
        }
        fixture.awaitCount("port/victim/session/closed-by-peer", 201);
        PortFixture.await(() -> fixture.guestMappings() == 1, () -> "mapped: " + fixture.guestMappings());
        assertTrue(OpenFiles.count() < 40, () -> "open: " + OpenFiles.list());
    }
}
