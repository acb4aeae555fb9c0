/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Where counters lie, and which of them are alive. */
class CountersFolderTest {
    // Above the largest process id that Linux gives.
    private static final String DEAD = "99999999.counters";

    @TempDir
    private Path parent;

    @Test
    void shouldMakeAFolderThatOnlyTheUserMayEnter() throws Exception {
        final Path file = new CountersFolder(parent.resolve("millrace")).fileOfThisProcess();
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())));
    }

    @Test
    void shouldFindTheFileOfARunningProcess() throws Exception {
        final CountersFolder folder = new CountersFolder(parent);
        final Path file = Files.createFile(folder.fileOfThisProcess());
        assertEquals(Set.of(file), Set.copyOf(folder.running().values()));
    }

    @Test
    void shouldIgnoreAndRemoveFilesOfDeadProcesses() throws Exception {
        Files.createFile(parent.resolve(DEAD));
        final CountersFolder folder = new CountersFolder(parent);
        assertTrue(folder.running().isEmpty());
        folder.fileOfThisProcess();
        assertFalse(Files.exists(parent.resolve(DEAD)));
    }

    @Test
    void shouldNotTakeALaterProcessOfTheSameNumberForTheWriter() throws Exception {
        final CountersFolder folder = new CountersFolder(parent);
        final Path file = Files.createFile(folder.fileOfThisProcess());
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(1_000_000_000)));
        assertTrue(folder.running().isEmpty());
    }

    @Test
    void shouldLeaveOtherFilesAlone() throws Exception {
        Files.createFile(parent.resolve("notes.txt"));
        new CountersFolder(parent).fileOfThisProcess();
        assertTrue(Files.exists(parent.resolve("notes.txt")));
    }

    @Test
    void shouldRefuseAFolderThatIsALink() throws Exception {
        final Path real = Files.createDirectory(parent.resolve("real"));
        final Path link = Files.createSymbolicLink(parent.resolve("link"), real);
        final ConfigurationException problem =
            assertThrows(ConfigurationException.class, () -> new CountersFolder(link).fileOfThisProcess());
        assertTrue(problem.getMessage().contains("not a folder of yours"), problem.getMessage());
    }
}
