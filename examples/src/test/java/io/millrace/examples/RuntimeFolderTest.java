/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.linux.UnixListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Where running processes are found, and which of them are alive. */
class RuntimeFolderTest {
    // Above the largest process id that Linux gives.
    private static final String DEAD = "99999999";

    @TempDir
    private Path parent;

    @Test
    void shouldMakeAFolderThatOnlyTheUserMayEnter() throws Exception {
        final Path file = new RuntimeFolder(parent.resolve("millrace")).make().countersOfThisProcess();
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())));
    }

    @Test
    void shouldFindTheFilesOfARunningProcess() throws Exception {
        final RuntimeFolder folder = new RuntimeFolder(parent);
        final Path counters = Files.createFile(folder.make().countersOfThisProcess());
        final Path socket = Files.createFile(folder.socketOfThisProcess());
        assertEquals(Set.of(counters), Set.copyOf(folder.counters().values()));
        assertEquals(Set.of(socket), Set.copyOf(folder.sockets().values()));
    }

    @Test
    void shouldIgnoreAndRemoveFilesOfDeadProcesses() throws Exception {
        final Path counters = Files.createFile(parent.resolve(DEAD + ".counters"));
        final Path socket = Files.createFile(parent.resolve(DEAD + ".sock"));
        final RuntimeFolder folder = new RuntimeFolder(parent);
        assertTrue(folder.counters().isEmpty() && folder.sockets().isEmpty());
        folder.make();
        assertFalse(Files.exists(counters) || Files.exists(socket));
    }

    @Test
    void shouldNotTakeALaterProcessOfTheSameNumberForTheWriter() throws Exception {
        final RuntimeFolder folder = new RuntimeFolder(parent);
        final Path file = Files.createFile(folder.make().countersOfThisProcess());
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(1_000_000_000)));
        assertTrue(folder.counters().isEmpty());
    }

    @Test
    void shouldLeaveOtherFilesAlone() throws Exception {
        Files.createFile(parent.resolve("notes.txt"));
        new RuntimeFolder(parent).make();
        assertTrue(Files.exists(parent.resolve("notes.txt")));
    }

    @Test
    void shouldRefuseAFolderThatIsALink() throws Exception {
        final Path real = Files.createDirectory(parent.resolve("real"));
        final Path link = Files.createSymbolicLink(parent.resolve("link"), real);
        final ConfigurationException problem =
            assertThrows(ConfigurationException.class, () -> new RuntimeFolder(link).make());
        assertTrue(problem.getMessage().contains("not a folder of yours"), problem.getMessage());
        assertEquals(problem.getMessage(),
            assertThrows(ConfigurationException.class, () -> new RuntimeFolder(link).sockets()).getMessage());
    }

    @Test
    void shouldKeepASocketThatSomebodyServes() throws Exception {
        final Path socket = parent.resolve(DEAD + ".sock");
        final RuntimeFolder folder = new RuntimeFolder(parent);
        try (UnixListener listener = UnixListener.bindForOwner(socket, 1)) {
            folder.make();
            assertEquals(Set.of(socket), Set.copyOf(folder.sockets().values()), listener::toString);
        }
    }

    @Test
    void shouldBeMadeByTwoAtOnce() throws Exception {
        for (int i = 0; i < 50; i++) {
            final RuntimeFolder folder = new RuntimeFolder(parent.resolve("millrace" + i));
            final CompletableFuture<RuntimeFolder> other = CompletableFuture.supplyAsync(folder::make);
            assertEquals(folder.make().path(), other.get(60, TimeUnit.SECONDS).path());
        }
    }
}
