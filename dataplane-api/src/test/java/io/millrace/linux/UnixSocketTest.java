/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bytes and descriptors, and peers that misbehave with them. */
class UnixSocketTest {
    private final UnixSocket[] pair = UnixSocket.pair();
    private final UnixSocket ours = pair[0];
    private final UnixSocket theirs = pair[1];
    private final ReceivedFds fds = new ReceivedFds();

    @TempDir
    private Path folder;

    @AfterEach
    void closeAll() {
        fds.close();
        ours.close();
        theirs.close();
    }

    @Test
    void shouldCarryBytes() {
        final ByteBuffer sent = bytes(12);
        assertEquals(12, theirs.send(sent, null));
        assertFalse(sent.hasRemaining());
        final ByteBuffer received = ByteBuffer.allocateDirect(100).position(3);
        assertEquals(12, ours.receive(received, fds));
        assertEquals(15, received.position());
        assertEquals(11, received.get(14));
        assertEquals(0, fds.count());
    }

    @Test
    void shouldNotWaitForAPeerThatSendsOrReadsNothing() {
        assertEquals(0, ours.receive(ByteBuffer.allocateDirect(1), fds));
        int sent;
        do {
            sent = ours.send(bytes(4096), null);
        } while (sent > 0);
        assertEquals(0, sent);
    }

    @Test
    void shouldTellThatThePeerIsGone() {
        theirs.send(bytes(1), null);
        theirs.close();
        assertEquals(1, ours.receive(ByteBuffer.allocateDirect(1), fds));
        assertEquals(-1, ours.receive(ByteBuffer.allocateDirect(1), fds));
        assertEquals(-1, ours.send(bytes(1), null));
    }

    @Test
    void shouldTellThatThePeerLeftWithoutReading() {
        ours.send(bytes(1), null);
        theirs.close();
        assertEquals(-1, ours.receive(ByteBuffer.allocateDirect(1), fds), "ECONNRESET");
    }

    @Test
    void shouldHandOverDescriptors() {
        try (Fd eventFd = TestCalls.blockingEventFd(); Fd memory = SharedMemory.create("ram", 4096, false)) {
            theirs.send(bytes(1), new int[] {eventFd.number(), memory.number()});
            assertEquals(1, ours.receive(ByteBuffer.allocateDirect(10), fds));
        }
        assertEquals(2, fds.count());
        assertFalse(fds.isTruncated());
        try (Fd eventFd = fds.take(0); Fd memory = fds.take(1)) {
            assertEquals("anon_inode:[eventfd]", eventFd.target());
            assertEquals("/memfd:ram (deleted)", memory.target());
            fds.close();
            assertEquals(4096, memory.status().size());
        }
    }

    @Test
    void shouldHandOverADescriptorOnlyOnce() {
        try (Fd eventFd = TestCalls.blockingEventFd()) {
            theirs.send(bytes(1), new int[] {eventFd.number()});
        }
        ours.receive(ByteBuffer.allocateDirect(10), fds);
        fds.take(0).close();
        assertThrows(IllegalStateException.class, () -> fds.take(0));
        assertThrows(IndexOutOfBoundsException.class, () -> fds.take(1));
    }

    @Test
    void shouldKeepBytesOfDifferentDescriptorsApart() {
        try (Fd eventFd = TestCalls.blockingEventFd()) {
            theirs.send(bytes(4), new int[] {eventFd.number()});
            theirs.send(bytes(8), new int[] {eventFd.number()});
        }
        assertEquals(4, ours.receive(ByteBuffer.allocateDirect(100), fds));
        assertEquals(1, fds.count());
        assertEquals(8, ours.receive(ByteBuffer.allocateDirect(100), fds));
        assertEquals(2, fds.count());
    }

    @Test
    void shouldTakeAsManyDescriptorsAsTheKernelLetsThrough() {
        final int before = TestCalls.openFds();
        try (Fd eventFd = TestCalls.blockingEventFd()) {
            theirs.send(bytes(1), copies(eventFd, 253));
        }
        ours.receive(ByteBuffer.allocateDirect(1), fds);
        assertEquals(253, fds.count());
        assertFalse(fds.isTruncated());
        assertEquals(before + 253, TestCalls.openFds());
        fds.clear();
        TestCalls.assertNoneLeftOpen(before);
    }

    @Test
    void shouldCloseWhatItHasNoRoomFor() {
        final int before = TestCalls.openFds();
        try (Fd eventFd = TestCalls.blockingEventFd()) {
            theirs.send(bytes(1), copies(eventFd, 253));
            theirs.send(bytes(1), copies(eventFd, 2));
        }
        ours.receive(ByteBuffer.allocateDirect(1), fds);
        ours.receive(ByteBuffer.allocateDirect(1), fds);
        assertEquals(253, fds.count());
        assertTrue(fds.isTruncated());
        fds.clear();
        assertFalse(fds.isTruncated());
        TestCalls.assertNoneLeftOpen(before);
    }

    @Test
    void shouldSayThatDescriptorsAreMissingWhenThisProcessHasNoneLeft() {
        final List<Fd> hoard = new ArrayList<>();
        try (Fd eventFd = TestCalls.blockingEventFd()) {
            // Once in good times, so that no class has to be loaded, which opens files, in bad ones.
            theirs.send(bytes(1), copies(eventFd, 6));
            ours.receive(ByteBuffer.allocateDirect(1), fds);
            fds.clear();
            theirs.send(bytes(1), copies(eventFd, 6));
            final ByteBuffer room = ByteBuffer.allocateDirect(1);
            assumeTrue(hoardDescriptors(eventFd, hoard), "the limit of open files is too high to reach");
            hoard.remove(hoard.size() - 1).close();
            hoard.remove(hoard.size() - 1).close();
            final int received = ours.receive(room, fds);
            hoard.forEach(Fd::close);
            assertEquals(1, received);
            assertTrue(fds.count() <= 2, fds::toString);
            assertTrue(fds.isTruncated());
        } finally {
            hoard.forEach(Fd::close);
        }
    }

    @Test
    void shouldLeaveNoDescriptorBehind() {
        final ByteBuffer room = ByteBuffer.allocateDirect(100);
        try (Fd eventFd = TestCalls.blockingEventFd()) {
            final int before = TestCalls.openFds();
            for (int i = 0; i < 1000; i++) {
                theirs.send(bytes(1), copies(eventFd, 8));
                room.clear();
                ours.receive(room, fds);
                fds.take(3).close();
                fds.clear();
                for (final UnixSocket socket : UnixSocket.pair()) {
                    socket.close();
                }
            }
            TestCalls.assertNoneLeftOpen(before);
        }
    }

    @Test
    void shouldCloseWhateverAPeerSends() {
        final Fd[] pipe = TestCalls.pipe();
        try (Fd readEnd = pipe[0]; Fd writeEnd = pipe[1];
            Fd directory = TestCalls.open(folder, TestCalls.O_DIRECTORY);
            Fd zero = TestCalls.open(Path.of("/dev/zero"), TestCalls.O_RDWR)) {
            final int[] sent = {readEnd.number(), writeEnd.number(), directory.number(), zero.number()};
            final int before = TestCalls.openFds();
            for (int i = 0; i < 1000; i++) {
                theirs.send(bytes(1), sent);
                ours.receive(ByteBuffer.allocateDirect(1), fds);
                fds.take(i % 4).close();
                fds.clear();
            }
            TestCalls.assertNoneLeftOpen(before);
        }
    }

    @Test
    void shouldSayWhyItCannotConnect() {
        final Path path = folder.resolve("a.sock");
        assertEquals("connect to " + path + ": ENOENT - there is no such socket; start the process that serves it",
            assertThrows(LinuxException.class, () -> UnixSocket.connect(path)).getMessage());
        UnixListener.bind(path).fd().close();
        assertEquals("connect to " + path
            + ": ECONNREFUSED - nobody serves this socket any more; restart the process that did",
            assertThrows(LinuxException.class, () -> UnixSocket.connect(path)).getMessage());
    }

    @Test
    void shouldRefuseBuffersTheKernelCannotUse() {
        assertThrows(IllegalArgumentException.class, () -> ours.receive(ByteBuffer.allocate(1), fds));
        assertThrows(IllegalArgumentException.class, () -> ours.receive(ByteBuffer.allocateDirect(0), fds));
        assertThrows(IllegalArgumentException.class, () -> ours.send(ByteBuffer.allocate(1), null));
        assertThrows(IllegalArgumentException.class, () -> ours.send(ByteBuffer.allocateDirect(0), null));
        assertThrows(IllegalArgumentException.class, () -> ours.send(bytes(1), new int[254]));
    }

    @Test
    void shouldRefuseUseOnceClosed() {
        ours.close();
        ours.close();
        assertThrows(IllegalStateException.class, () -> ours.receive(ByteBuffer.allocateDirect(1), fds));
        assertThrows(IllegalStateException.class, () -> ours.send(bytes(1), null));
    }

    private static boolean hoardDescriptors(final Fd fd, final List<Fd> hoard) {
        for (int i = 0; i < 100_000; i++) {
            try {
                hoard.add(fd.duplicate());
            } catch (final LinuxException e) {
                return e.errno() == Errno.EMFILE;
            }
        }
        return false;
    }

    private static int[] copies(final Fd fd, final int count) {
        final int[] numbers = new int[count];
        Arrays.fill(numbers, fd.number());
        return numbers;
    }

    private static ByteBuffer bytes(final int count) {
        final ByteBuffer bytes = ByteBuffer.allocateDirect(count);
        for (int i = 0; i < count; i++) {
            bytes.put(i, (byte) i);
        }
        return bytes;
    }
}
