/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of file that a hostile front-end may hand over in place of its memory. */
class FileStatusTest {
    private static final int S_IFIFO = 0x1000;
    private static final int S_IFCHR = 0x2000;
    private static final int S_IFDIR = 0x4000;
    private static final int S_IFSOCK = 0xc000;

    @TempDir
    private Path folder;

    @Test
    void shouldSeeSealsOfMemory() {
        try (Fd memory = SharedMemory.create("ram", 8192, false)) {
            final FileStatus open = memory.status();
            assertTrue(open.isRegular() && open.isMemory() && open.isWritable());
            assertFalse(open.isHuge());
            assertEquals(8192, open.size());
            assertFalse(open.isSealedAgainstShrinking());
            SharedMemory.seal(memory);
            assertTrue(memory.status().isSealedAgainstShrinking());
        }
    }

    @Test
    void shouldSeeThatMemoryIsReadOnly() {
        try (Fd memory = SharedMemory.create("ram", 4096, false);
            Fd readOnly = TestCalls.reopen(memory, TestCalls.O_RDONLY);
            Fd pathOnly = TestCalls.reopen(memory, TestCalls.O_PATH)) {
            assertFalse(readOnly.status().isWritable());
            assertTrue(readOnly.status().isMemory());
            assertFalse(pathOnly.status().isWritable());
            assertFalse(pathOnly.status().isMemory());
        }
    }

    @Test
    void shouldSeeThatAFileOnTmpfsIsUnsealedMemory() throws Exception {
        final Path file = Files.createTempFile(Path.of("/dev/shm"), "millrace", "test");
        try (Fd fd = TestCalls.open(file, TestCalls.O_RDWR)) {
            final FileStatus status = fd.status();
            assertTrue(status.isMemory());
            assertFalse(status.isSealedAgainstShrinking());
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void shouldTellAFileOnDiskFromMemory() throws Exception {
        final Path file = Path.of(System.getProperty("millrace.home", "."), "pom.xml").toAbsolutePath();
        try (Fd fd = TestCalls.open(file, TestCalls.O_RDWR)) {
            final FileStatus status = fd.status();
            assertTrue(status.isRegular());
            assertEquals(Files.size(file), status.size());
            assertEquals(0, status.seals());
            assertFalse(status.isMemory());
        }
    }

    @Test
    void shouldTellWhatIsNoFileAtAll() {
        final Fd[] pipe = TestCalls.pipe();
        final UnixSocket[] pair = UnixSocket.pair();
        try (Fd eventFd = TestCalls.blockingEventFd();
            Fd zero = TestCalls.open(Path.of("/dev/zero"), TestCalls.O_RDWR);
            Fd directory = TestCalls.open(folder, TestCalls.O_DIRECTORY)) {
            assertIsNoMemory(pipe[0], S_IFIFO);
            assertIsNoMemory(pair[0].fd(), S_IFSOCK);
            assertIsNoMemory(zero, S_IFCHR);
            assertIsNoMemory(directory, S_IFDIR);
            assertFalse(eventFd.status().isRegular());
            assertFalse(eventFd.status().isMemory());
        } finally {
            pipe[0].close();
            pipe[1].close();
            pair[0].close();
            pair[1].close();
        }
    }

    private static void assertIsNoMemory(final Fd fd, final int type) {
        final FileStatus status = fd.status();
        assertEquals(type, status.type());
        assertFalse(status.isRegular());
        assertFalse(status.isMemory());
    }
}
