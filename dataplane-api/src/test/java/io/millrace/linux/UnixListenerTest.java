/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything that can be in the way of a socket's path. */
class UnixListenerTest {
    private static final String KNOCK = """
        public class Knock {
            public static void main(final String... args) throws Exception {
                java.nio.channels.SocketChannel.open(java.net.UnixDomainSocketAddress.of(args[0])).read(
                    java.nio.ByteBuffer.allocate(1));
            }
        }
        """;

    @TempDir
    private Path folder;
    private Path path;

    @BeforeEach
    void choosePath() {
        path = folder.resolve("a.sock");
    }

    @Test
    void shouldAcceptWhoConnects() {
        try (UnixListener listener = UnixListener.bind(path)) {
            assertNull(listener.accept());
            try (UnixSocket theirs = UnixSocket.connect(path);
                UnixSocket ours = listener.accept();
                ReceivedFds fds = new ReceivedFds()) {
                theirs.send(ByteBuffer.allocateDirect(5), null);
                assertEquals(5, ours.receive(ByteBuffer.allocateDirect(10), fds));
                assertNull(listener.accept());
            }
        }
    }

    @Test
    void shouldMakeOthersWaitTheirTurn() {
        try (UnixListener listener = UnixListener.bind(path)) {
            int waiting = 0;
            LinuxException refused = null;
            while (refused == null && waiting < 10) {
                try {
                    // Closed at once: a connection waits to be accepted even when its maker is gone.
                    UnixSocket.connect(path).close();
                    waiting++;
                } catch (final LinuxException e) {
                    refused = e;
                }
            }
            assertNotNull(refused);
            assertEquals(Errno.EAGAIN, refused.errno());
            assertEquals(2, waiting, "Linux lets one more wait than the backlog says");
            listener.accept().close();
            listener.accept().close();
            assertNull(listener.accept());
        }
    }

    @Test
    void shouldLetMoreWaitIfAskedTo() {
        try (UnixListener listener = UnixListener.bindForOwner(path, 8)) {
            for (int i = 0; i < 8; i++) {
                UnixSocket.connect(path).close();
                assertTrue(listener.fd().isOpen());
            }
        }
    }

    @Test
    void shouldMakeASocketForItsOwnerOnly() throws Exception {
        try (UnixListener listener = UnixListener.bindForOwner(path, 1)) {
            assertTrue(listener.fd().isOpen());
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        }
    }

    @Test
    void shouldTellWhetherAPeerIsOfTheSameUser() throws Exception {
        try (UnixListener listener = UnixListener.bind(path)) {
            try (UnixSocket theirs = UnixSocket.connect(path); UnixSocket ours = listener.accept()) {
                assertTrue(theirs.isOfSameUser() && ours.isOfSameUser());
            }
            final Path setpriv = Path.of("/usr/bin/setpriv");
            if (LibC.geteuid() != 0 || !Files.isExecutable(setpriv)) {
                System.out.println("skipped: connecting as another user needs root and " + setpriv);
                return;
            }
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
            final Path program = Files.writeString(folder.resolve("Knock.java"), KNOCK);
            final Process stranger = new ProcessBuilder(setpriv.toString(), "--reuid=65534", "--clear-groups",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), program.toString(), path.toString())
                .redirectOutput(ProcessBuilder.Redirect.INHERIT).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            try {
                UnixSocket ours = null;
                while (ours == null && stranger.isAlive()) {
                    ours = listener.accept();
                    Thread.onSpinWait();
                }
                assertNotNull(ours, "nobody of another user connected");
                assertFalse(ours.isOfSameUser());
                ours.close();
            } finally {
                stranger.destroyForcibly().waitFor();
            }
        }
    }

    @Test
    void shouldRemoveItsSocketWhenClosed() {
        final UnixListener listener = UnixListener.bind(path);
        assertTrue(Files.exists(path));
        listener.close();
        listener.close();
        assertFalse(Files.exists(path));
    }

    @Test
    void shouldNotRemoveTheSocketOfItsSuccessor() throws Exception {
        final UnixListener old = UnixListener.bind(path);
        Files.delete(path);
        try (UnixListener successor = UnixListener.bind(path)) {
            old.close();
            assertTrue(Files.exists(path));
            UnixSocket.connect(path).close();
            successor.accept().close();
        }
    }

    @Test
    void shouldReplaceAStaleSocket() {
        UnixListener.bind(path).fd().close();
        assertTrue(Files.exists(path));
        try (UnixListener listener = UnixListener.bind(path); UnixSocket theirs = UnixSocket.connect(path)) {
            assertTrue(theirs.fd().isOpen());
            listener.accept().close();
        }
    }

    @Test
    void shouldNotTouchALiveSocket() {
        try (UnixListener listener = UnixListener.bind(path)) {
            // Twice, as the first attempt takes the place in the queue and the second finds it taken.
            for (int i = 0; i < 4; i++) {
                assertRefused(path, "EADDRINUSE - another process serves this socket; stop it or choose another path");
            }
            assertNotNull(listener.accept());
        }
    }

    @Test
    void shouldNotTouchAFileThatIsNoSocket() throws Exception {
        Files.writeString(path, "precious");
        assertRefused(path,
            "ENOTSOCK - there is a file there that is not a socket; remove it or choose another path");
        assertEquals("precious", Files.readString(path));
    }

    @Test
    void shouldNotFollowALinkToAStaleSocket() throws Exception {
        UnixListener.bind(path).fd().close();
        final Path link = Files.createSymbolicLink(folder.resolve("link"), path);
        assertRefused(link,
            "ENOTSOCK - there is a file there that is not a socket; remove it or choose another path");
        assertTrue(Files.exists(path));
    }

    @Test
    void shouldNameTheFolderThatIsMissing() {
        assertRefused(folder.resolve("none/a.sock"),
            "ENOENT - the folder " + folder + "/none does not exist; create it");
    }

    @Test
    void shouldNameTheFolderThatIsNone() throws Exception {
        Files.writeString(folder.resolve("file"), "");
        assertRefused(folder.resolve("file/a.sock"),
            "ENOTDIR - " + folder + "/file is not a folder; choose another path");
    }

    @Test
    void shouldSayHowLongAPathMayBe() {
        final String name = "x".repeat(108 - folder.toString().length() - 1);
        assertRefused(folder.resolve(name),
            "ENAMETOOLONG - the path has 108 bytes and a socket's may have 107; choose a shorter one");
        UnixListener.bind(folder.resolve(name.substring(1))).close();
    }

    @Test
    void shouldNameTheFolderThatHoldsNoSockets() {
        assertRefused(Path.of("/proc/a.sock"),
            "ENOENT - /proc is of a kind that holds no sockets; choose another path");
    }

    @Test
    void shouldLeaveNoDescriptorBehind() throws Exception {
        Files.writeString(folder.resolve("file"), "");
        UnixListener.bind(path).close();
        final int before = TestCalls.openFds();
        for (int i = 0; i < 1000; i++) {
            try (UnixListener listener = UnixListener.bind(path)) {
                UnixSocket.connect(path).close();
                listener.accept().close();
                assertThrows(LinuxException.class, () -> UnixListener.bind(path));
                assertThrows(LinuxException.class, () -> UnixListener.bind(folder.resolve("file")));
                assertThrows(LinuxException.class, () -> UnixSocket.connect(folder.resolve("none")));
            }
        }
        TestCalls.assertNoneLeftOpen(before);
    }

    private static void assertRefused(final Path path, final String why) {
        final LinuxException e = assertThrows(LinuxException.class, () -> UnixListener.bind(path));
        assertTrue(e.getMessage().startsWith("listen on " + path + ": " + why), e.getMessage());
    }
}
