/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Counters that another process reads, and files that are none. */
class CountersFileTest {
    @TempDir
    private Path folder;

    /** What the second process runs: prints the counters of the file that it is given. */
    static final class Reader {
        private Reader() {
        }

        public static void main(final String[] arguments) {
            try (CountersFile file = CountersFile.open(Path.of(arguments[0]))) {
                System.out.println(file.pid() + " " + file.snapshot());
            }
        }
    }

    /** A second process that leaves its file behind. */
    static final class Crash {
        private Crash() {
        }

        public static void main(final String[] arguments) {
            Counters.mapped(Path.of(arguments[0])).scope("node").counter("packets").add(5);
            Runtime.getRuntime().halt(0);
        }
    }

    private Path path() {
        return folder.resolve("counters");
    }

    private String refusal(final Path path) {
        return assertThrows(ConfigurationException.class, () -> CountersFile.open(path)).getMessage();
    }

    private String creationRefusal(final Path path) {
        return assertThrows(ConfigurationException.class, () -> Counters.mapped(path)).getMessage();
    }

    private void overwrite(final int offset, final long value) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path().toFile(), "rw")) {
            file.seek(offset);
            file.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
        }
    }

    @Test
    void shouldBeReadByAnotherProcessWhileItGrows() throws Exception {
        try (Counters counters = Counters.mapped(path())) {
            final Counter packets = counters.scope("port", "vm0", "rx0").counter("packets");
            packets.add(7);
            final String prefix = ProcessHandle.current().pid() + " ";
            assertEquals(prefix + "{port/vm0/rx0/packets=7}",
                ChildJvm.run(Reader.class, List.of(), path().toString()).trim());
            packets.add(1);
            assertEquals(prefix + "{port/vm0/rx0/packets=8}",
                ChildJvm.run(Reader.class, List.of(), path().toString()).trim());
        }
    }

    @Test
    void shouldSeeNewCountersAndValuesWithoutOpeningAgain() {
        try (Counters counters = Counters.mapped(path()); CountersFile file = CountersFile.open(path())) {
            assertEquals(Map.of(), file.snapshot());
            counters.scope("node").counter("a").add(1);
            counters.scope("node").counter("b").add(2);
            assertEquals(Map.of("node/a", 1L, "node/b", 2L), file.snapshot());
        }
    }

    @Test
    void shouldDeleteItsFileAtCloseAndLeaveReadersTheLastValues() {
        final Counters counters = Counters.mapped(path());
        final Counter late = counters.scope("node").counter("a");
        try (CountersFile file = CountersFile.open(path())) {
            counters.close();
            counters.close();
            assertFalse(Files.exists(path()));
            late.increment();
            assertEquals(Map.of("node/a", 1L), file.snapshot());
        }
    }

    @Test
    void shouldNotDeleteAFileThatCameAfterItsOwn() throws IOException {
        final Counters counters = Counters.mapped(path());
        counters.close();
        Files.writeString(path(), "somebody else's");
        counters.close();
        assertTrue(Files.exists(path()));
    }

    @Test
    void shouldRefuseToReadAfterClose() {
        try (Counters counters = Counters.mapped(path())) {
            counters.scope("node").counter("a").increment();
            final CountersFile file = CountersFile.open(path());
            file.close();
            file.close();
            assertThrows(IllegalStateException.class, file::snapshot);
        }
    }

    @Test
    void shouldRefuseAFileThatIsNotThere() {
        assertEquals("no counters at " + path() + ": nothing runs that writes them there, or you may not read them",
            refusal(path()));
    }

    @Test
    void shouldRefuseForeignFiles() throws IOException {
        final String sentence = path() + " is not a counters file of this version: choose another file";
        for (final byte[] content : List.of(new byte[0], new byte[7], new byte[64], new byte[100_000])) {
            Files.write(path(), content);
            assertEquals(sentence, refusal(path()));
            assertEquals(sentence, creationRefusal(path()));
            assertEquals(content.length, Files.size(path()));
        }
        assertEquals(folder + " is not a counters file of this version: choose another file", refusal(folder));
    }

    @Test
    void shouldRefuseAFileThatWasCutShortOrLies() throws IOException {
        try (Counters counters = Counters.mapped(path())) {
            counters.scope("node").counter("a").increment();
            final byte[] whole = Files.readAllBytes(path());
            final Path copy = folder.resolve("copy");
            Files.write(copy, Arrays.copyOf(whole, whole.length - 1));
            assertEquals(copy + " is not a counters file of this version: choose another file", refusal(copy));
            // The capacity for which a multiplication of 32 bits would give this file's size again.
            final long most = Counters.CAPACITY;
            for (final long capacity : new long[] {0, -1, most + 1, most + (1L << 25), Long.MAX_VALUE}) {
                overwrite(8, capacity);
                assertThrows(ConfigurationException.class, () -> CountersFile.open(path()), "capacity " + capacity);
            }
        }
    }

    @Test
    void shouldRefuseToShowTheCountersOfAProcessThatHasEnded() throws Exception {
        ChildJvm.run(Crash.class, List.of(), path().toString());
        assertTrue(Files.exists(path()));
        final String message = refusal(path());
        assertTrue(message.matches("the process \\d+ that wrote .* has ended without deleting it: delete it"), message);
    }

    @Test
    void shouldReplaceTheFileOfAProcessThatHasEnded() throws Exception {
        ChildJvm.run(Crash.class, List.of(), path().toString());
        try (Counters counters = Counters.mapped(path()); CountersFile file = CountersFile.open(path())) {
            counters.scope("node").counter("a").increment();
            assertEquals(Map.of("node/a", 1L), file.snapshot());
        }
    }

    @Test
    void shouldTellALaterProcessOfTheSamePidFromTheWriter() throws IOException {
        try (Counters counters = Counters.mapped(path())) {
            counters.scope("node").counter("a").increment();
            overwrite(24, System.currentTimeMillis() - 3_600_000);
            assertTrue(refusal(path()).contains("has ended"));
        }
    }

    @Test
    void shouldNotReplaceTheFileOfAProcessThatRuns() {
        try (Counters counters = Counters.mapped(path())) {
            counters.scope("node").counter("a").increment();
            assertEquals("the process " + ProcessHandle.current().pid() + " keeps its counters in " + path()
                + ": stop it or choose another file", creationRefusal(path()));
            try (CountersFile file = CountersFile.open(path())) {
                assertEquals(Map.of("node/a", 1L), file.snapshot());
            }
        }
    }

    @Test
    void shouldSayWhereItCannotWrite() {
        final String message = creationRefusal(folder.resolve("missing").resolve("counters"));
        assertTrue(message.contains("cannot be written"), message);
        assertTrue(message.endsWith("choose a folder that exists and that you may write to"), message);
    }
}
