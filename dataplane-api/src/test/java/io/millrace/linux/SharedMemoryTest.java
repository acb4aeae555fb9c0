/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

/** What a sealed file and huge pages promise. */
class SharedMemoryTest {
    @Test
    void shouldKeepItsSizeOnceSealed() {
        try (Fd memory = SharedMemory.create("sealed", 8192, false)) {
            SharedMemory.seal(memory);
            assertEquals(-1, LibC.ftruncate(memory.number(), 0));
            assertEquals(-1, LibC.ftruncate(memory.number(), 16384));
            assertEquals(8192, memory.status().size());
        }
    }

    @Test
    void shouldSayWhyAFileCannotBeSealed() {
        try (Fd eventFd = TestCalls.blockingEventFd()) {
            final LinuxException e = assertThrows(LinuxException.class, () -> SharedMemory.seal(eventFd));
            assertEquals("seal fd " + eventFd.number()
                + ": EINVAL - only a memfd that was created with sealing"
                + " allowed, and not sealed yet, can be sealed", e.getMessage());
        }
    }

    @Test
    void shouldRefuseASizeThatIsNoWholeHugePage() {
        final int before = TestCalls.openFds();
        final LinuxException e = assertThrows(LinuxException.class, () -> SharedMemory.create("huge", 4096, true));
        assertEquals(Errno.EINVAL, e.errno());
        assertTrue(e.getMessage().endsWith("choose a multiple of 2097152 bytes"), e.getMessage());
        TestCalls.assertNoneLeftOpen(before);
    }

    @Test
    void shouldSayThatThereAreNoHugePages() {
        assumeTrue(HugePages.free() == 0, "this machine has huge pages");
        try (Fd memory = SharedMemory.create("huge", HugePages.sizeBytes(), true)) {
            assertTrue(memory.status().isHuge() && memory.status().isMemory());
            assertEquals(HugePages.sizeBytes(), memory.status().blockSize());
            final LinuxException e =
                assertThrows(LinuxException.class, () -> Mapping.map(memory, 0, HugePages.sizeBytes(), "huge"));
            assertEquals("map 2097152 bytes of huge: ENOMEM - free memory or huge pages, or raise vm.max_map_count",
                e.getMessage());
        }
    }

    @Test
    void shouldMapAndOvermapHugePages() {
        assumeTrue(HugePages.free() > 0, "this machine has no free huge page of 2 MiB");
        final long free = HugePages.free();
        try (Fd memory = SharedMemory.create("huge", HugePages.sizeBytes(), true);
            Mapping mapping = Mapping.map(memory, 0, 4096, "the start of a huge page")) {
            assertTrue(mapping.populate(0, 4096) && mapping.isBacked());
            mapping.overmap();
        }
        assertEquals(free, HugePages.free());
    }
}
