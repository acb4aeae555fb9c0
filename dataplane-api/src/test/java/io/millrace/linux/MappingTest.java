/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import net.openhft.chronicle.core.Jvm;
import net.openhft.chronicle.core.io.AbstractReferenceCounted;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

/** Memory whose file a stranger can cut short, and who keeps it mapped. */
class MappingTest {
    private static final long PAGE = UnsafeApi.pageSize();

    @Test
    void shouldShareBytesWithEveryMappingOfTheFile() {
        try (Fd memory = SharedMemory.create("ram", 2 * PAGE, false);
            Mapping ours = Mapping.map(memory, 0, 2 * PAGE, "ours");
            Mapping theirs = Mapping.map(memory, PAGE, PAGE, "theirs")) {
            UnsafeApi.putLong(ours.address() + PAGE, 0x1122334455667788L);
            assertEquals(0x1122334455667788L, UnsafeApi.getLong(theirs.address()));
        }
    }

    @Test
    void shouldOutliveItsDescriptor() {
        final Fd memory = SharedMemory.create("ram", PAGE, false);
        try (Mapping mapping = Mapping.map(memory, 0, PAGE, "ram")) {
            memory.close();
            UnsafeApi.putLong(mapping.address(), 1);
            assertTrue(mapping.isBacked());
        }
    }

    @Test
    void shouldStartAnonymousMemoryWithZeros() {
        try (Mapping mapping = Mapping.anonymous(10, "ten bytes")) {
            assertEquals(10, mapping.length());
            assertEquals(0, UnsafeApi.getLong(mapping.address()));
        }
    }

    @Test
    void shouldReportAShortFileWithoutTouchingIt() {
        try (Fd memory = SharedMemory.create("ram", PAGE, false);
            Mapping mapping = Mapping.map(memory, 0, 1024 * PAGE, "a region larger than its file")) {
            assertTrue(mapping.populate(0, PAGE));
            assertFalse(mapping.populate(0, PAGE + 1));
            assertFalse(mapping.populate(1023 * PAGE, 1));
            assertFalse(mapping.isBacked());
        }
    }

    @Test
    void shouldPopulatePartsOfPages() {
        try (Fd memory = SharedMemory.create("ram", 2 * PAGE, false);
            Mapping mapping = Mapping.map(memory, 0, 2 * PAGE, "ram")) {
            assertTrue(mapping.populate(PAGE - 1, 2));
            assertThrows(IllegalArgumentException.class, () -> mapping.populate(PAGE, PAGE + 1));
            assertThrows(IllegalArgumentException.class, () -> mapping.populate(-1, 1));
            assertThrows(IllegalArgumentException.class, () -> mapping.populate(1, Long.MAX_VALUE));
        }
    }

    @Test
    void shouldNoticeThatTheFileShrank() {
        try (Fd memory = SharedMemory.create("ram", 4 * PAGE, false);
            Mapping mapping = Mapping.map(memory, 0, 4 * PAGE, "ram")) {
            assertTrue(mapping.isBacked());
            LibC.ftruncate(memory.number(), 3 * PAGE);
            assertFalse(mapping.isBacked());
            mapping.overmap();
            assertTrue(mapping.isBacked());
        }
    }

    @Test
    void shouldProbeASparseFileWithoutFillingIt() throws IOException {
        try (Fd memory = SharedMemory.create("sparse", 1L << 40, false);
            Mapping mapping = Mapping.map(memory, 0, 1L << 40, "sparse")) {
            assertTrue(mapping.isBacked());
            assertTrue(residentBytes("memfd:sparse") <= PAGE);
        }
    }

    @Test
    void shouldShowZerosToAReaderWhenOvermapped() throws Exception {
        try (Fd memory = SharedMemory.create("ram", 16 * PAGE, false);
            Mapping mapping = Mapping.map(memory, 0, 16 * PAGE, "ram")) {
            for (long at = 0; at < mapping.length(); at += 8) {
                UnsafeApi.putLong(mapping.address() + at, -1);
            }
            final CountDownLatch reading = new CountDownLatch(1);
            final AtomicReference<Throwable> failure = new AtomicReference<>();
            final Thread reader = new Thread(() -> readUntilZero(mapping, reading));
            reader.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
            reader.start();
            reading.await();
            mapping.overmap();
            LibC.ftruncate(memory.number(), 0);
            reader.join();
            assertNull(failure.get());
            assertEquals(0, UnsafeApi.getLong(mapping.address() + 15 * PAGE));
        }
    }

    @Test
    void shouldStayMappedUntilTheLastReservationIsReleased() throws IOException {
        final Object worker = "worker 0";
        try (Fd memory = SharedMemory.create("reserved", PAGE, false)) {
            final Mapping mapping = Mapping.map(memory, 0, PAGE, "reserved");
            mapping.reserve(worker);
            mapping.close();
            mapping.close();
            assertTrue(isMapped("memfd:reserved"));
            UnsafeApi.putLong(mapping.address(), 1);
            mapping.release(worker);
            assertFalse(isMapped("memfd:reserved"));
            assertThrows(IllegalStateException.class, () -> mapping.reserve(worker));
        }
    }

    @Test
    void shouldRefuseUnbalancedReservations() {
        try (Mapping mapping = Mapping.anonymous(PAGE, "ram")) {
            mapping.reserve(this);
            assertThrows(IllegalStateException.class, () -> mapping.reserve(this));
            mapping.release(this);
            assertThrows(IllegalStateException.class, () -> mapping.release(this));
        }
    }

    @Test
    void shouldReportWhoHoldsALeakedMapping() {
        assertTrue(Jvm.isResourceTracing(), "the tests run with -Djvm.resource.tracing=true");
        AbstractReferenceCounted.enableReferenceTracing();
        final Mapping mapping = Mapping.anonymous(PAGE, "guest memory");
        mapping.reserve("session 7");
        mapping.close();
        final AssertionError leak =
            assertThrows(AssertionError.class, AbstractReferenceCounted::assertReferencesReleased);
        final StringWriter report = new StringWriter();
        leak.printStackTrace(new PrintWriter(report, true));
        assertTrue(report.toString().contains("session 7"), report::toString);
        assertTrue(report.toString().contains("shouldReportWhoHoldsALeakedMapping"), report::toString);
        mapping.release("session 7");
        AbstractReferenceCounted.assertReferencesReleased();
    }

    @Test
    void shouldSayWhyAFileCannotBeMapped() {
        try (Fd memory = SharedMemory.create("ram", PAGE, false);
            Fd readOnly = TestCalls.reopen(memory, TestCalls.O_RDONLY)) {
            assertEquals("map " + PAGE + " bytes of ram: EACCES - the file must be open for reading and writing",
                assertThrows(LinuxException.class, () -> Mapping.map(readOnly, 0, PAGE, "ram")).getMessage());
            assertEquals(Errno.EINVAL,
                assertThrows(LinuxException.class, () -> Mapping.map(memory, 1, PAGE, "ram")).errno());
            assertEquals(Errno.EINVAL,
                assertThrows(LinuxException.class, () -> Mapping.map(memory, 0, 0, "ram")).errno());
        }
    }

    @Test
    void shouldLeaveNoMappingBehind() throws IOException {
        for (int i = 0; i < 1000; i++) {
            try (Fd memory = SharedMemory.create("repeated", PAGE, false);
                Mapping mapping = Mapping.map(memory, 0, PAGE, "repeated")) {
                mapping.reserve(this);
                mapping.overmap();
                mapping.release(this);
            }
        }
        assertFalse(isMapped("memfd:repeated"));
    }

    private static void readUntilZero(final Mapping mapping, final CountDownLatch reading) {
        long last = mapping.address() + mapping.length() - 8;
        while (UnsafeApi.getLongVolatile(null, last) != 0) {
            reading.countDown();
            last = last == mapping.address() ? mapping.address() + mapping.length() - 8 : last - 8;
        }
    }

    private static long residentBytes(final String name) throws IOException {
        boolean here = false;
        for (final String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            here = line.contains("-") && line.contains("/") ? line.contains(name) : here;
            if (here && line.startsWith("Rss:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        throw new AssertionError(name + " is not mapped");
    }

    private static boolean isMapped(final String name) throws IOException {
        return Files.readString(Path.of("/proc/self/maps")).contains(name);
    }
}
