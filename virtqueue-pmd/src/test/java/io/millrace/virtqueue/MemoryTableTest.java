/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.SharedMemory;
import io.millrace.linux.UnixSocket;
import io.millrace.virtqueue.ProtocolViolation.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Memory as a front-end may and may not describe it (A12 to A20 of the attack list). */
class MemoryTableTest {
    private static final long PAGE = 4096;
    private static final long SIZE = 16 * PAGE;

    private final int openBefore = OpenFiles.count();
    private final long mappedBefore = OpenFiles.mappings();
    private final MemoryTable table = new MemoryTable();
    private final Fd file = SharedMemory.create("table", SIZE, false);

    @AfterEach
    void shouldLeaveNothingBehind() {
        table.close();
        file.close();
        assertEquals(openBefore, OpenFiles.count());
        assertEquals(mappedBefore, OpenFiles.mappings());
    }

    private Message message(final ByteBuffer payload, final Fd... fds) {
        return new Message(0, Message.VERSION, payload, Arrays.stream(fds).map(Fd::duplicate).toArray(Fd[]::new));
    }

    private void set(final long... regions) throws ProtocolViolation {
        final Fd[] fds = new Fd[regions.length / 4];
        Arrays.fill(fds, file);
        try (Message message = message(RawFrontEnd.table(regions), fds)) {
            table.adopt(table.replacement(message));
        }
    }

    private void add(final Fd fd, final long guest, final long size, final long user, final long offset)
        throws ProtocolViolation {
        try (Message message = message(RawFrontEnd.region(guest, size, user, offset), fd)) {
            table.adopt(table.addition(message));
        }
    }

    private void remove(final long guest, final long size, final long user) throws ProtocolViolation {
        try (Message message = message(RawFrontEnd.region(guest, size, user, 0))) {
            table.adopt(table.removal(message));
        }
    }

    private void assertRefused(final Reason reason, final long... regions) {
        final GuestMemory before = table.memory();
        final long mapped = OpenFiles.mappings();
        assertEquals(reason, assertThrows(ProtocolViolation.class, () -> set(regions)).reason());
        assertSame(before, table.memory());
        assertEquals(mapped, OpenFiles.mappings());
    }

    @Test
    void shouldTranslateWhatLiesInOneRegion() throws ProtocolViolation {
        set(0, 4 * PAGE, 0x7000_0000, 0, 0x10_0000, 4 * PAGE, 0x8000_0000L, 4 * PAGE);
        final GuestMemory memory = table.memory();
        final long start = memory.byGuest().translate(0, 4 * PAGE);
        assertNotEquals(AddressMap.NONE, start);
        assertEquals(start + 100, memory.byUser().translate(0x7000_0000 + 100, 1));
        assertEquals(AddressMap.NONE, memory.byGuest().translate(1, 4 * PAGE));
        assertEquals(AddressMap.NONE, memory.byUser().translate(0x7000_0000 - 1, 2));
        assertEquals(AddressMap.NONE, memory.byGuest().translate(-8, 16));
    }

    @Test
    void shouldRefuseRegionsThatWrapAround() {
        assertRefused(Reason.BAD_MEMORY, -PAGE, 2 * PAGE, 0, 0);
        assertRefused(Reason.BAD_MEMORY, 0, 2 * PAGE, -PAGE, 0);
        assertRefused(Reason.BAD_MEMORY, 0, 0, 0, 0);
        assertRefused(Reason.TOO_MUCH_MEMORY, 0, 0xffff_ffff_ffff_f000L, 0, 0x2000);
        assertRefused(Reason.TOO_MUCH_MEMORY, 0, Long.MAX_VALUE, 0, 0);
        assertRefused(Reason.TOO_MUCH_MEMORY, 0, Long.MIN_VALUE, 0, 0);
    }

    @Test
    void shouldRefuseOffsetsThatAreNone() {
        assertRefused(Reason.BAD_MEMORY, 0, PAGE, 0, 1);
        assertRefused(Reason.BAD_MEMORY, 0, PAGE, 0, 2048);
        assertRefused(Reason.BAD_MEMORY, 0, PAGE, 0, -PAGE);
        assertRefused(Reason.BAD_MEMORY, 0, PAGE, 0, Long.MIN_VALUE);
    }

    @Test
    void shouldRefuseRegionsThatTheirFileDoesNotHold() {
        assertRefused(Reason.MEMORY_GONE, 0, SIZE + 1, 0, 0);
        assertRefused(Reason.MEMORY_GONE, 0, SIZE, 0, PAGE);
        assertRefused(Reason.MEMORY_GONE, 0, PAGE, 0, SIZE);
        assertRefused(Reason.MEMORY_GONE, 0, PAGE, 0, Long.MAX_VALUE - PAGE + 1);
    }

    @Test
    void shouldRefuseOverlapInEitherView() {
        assertRefused(Reason.BAD_MEMORY, 0, 2 * PAGE, 0, 0, PAGE, 2 * PAGE, 0x10_0000, 0);
        assertRefused(Reason.BAD_MEMORY, 0, 2 * PAGE, 0, 0, 0x10_0000, 2 * PAGE, PAGE, 0);
        assertRefused(Reason.BAD_MEMORY, 0, 4 * PAGE, 0, 0, PAGE, PAGE, 0x10_0000, 0);
        assertRefused(Reason.BAD_MEMORY, PAGE, PAGE, 0x10_0000, 0, 0, 4 * PAGE, 0, 0);
        assertRefused(Reason.BAD_MEMORY, -2 * PAGE, PAGE, 0, 0, -2 * PAGE, PAGE, PAGE, 0);
    }

    @Test
    void shouldTakeRegionsThatTouch() throws ProtocolViolation {
        set(0, PAGE, PAGE, 0, PAGE, PAGE, 0, PAGE, -2 * PAGE, PAGE, -2 * PAGE, 2 * PAGE);
        assertEquals(3, table.memory().regions().size());
        // They touch in one view and not in ours, so nothing spans two of them.
        assertEquals(AddressMap.NONE, table.memory().byGuest().translate(PAGE - 8, 16));
    }

    @Test
    void shouldAddAndRemoveSingleRegions() throws ProtocolViolation {
        add(file, 0, PAGE, 0, 0);
        assertEquals(Reason.BAD_MEMORY,
            assertThrows(ProtocolViolation.class, () -> add(file, 0, 2 * PAGE, 0, 0)).reason());
        add(file, PAGE, PAGE, PAGE, PAGE);
        assertEquals(Reason.BAD_MEMORY,
            assertThrows(ProtocolViolation.class, () -> remove(0, 2 * PAGE, 0)).reason());
        assertEquals(Reason.BAD_MEMORY,
            assertThrows(ProtocolViolation.class, () -> remove(0, PAGE, PAGE)).reason());
        remove(0, PAGE, 0);
        assertEquals(Reason.BAD_MEMORY, assertThrows(ProtocolViolation.class, () -> remove(0, PAGE, 0)).reason());
        assertEquals(1, table.memory().regions().size());
    }

    @Test
    void shouldKeepARegionUntilItIsRemovedAsOftenAsItWasAdded() throws ProtocolViolation {
        add(file, 0, PAGE, 0, 0);
        final long mapped = OpenFiles.mappings();
        add(file, 0, PAGE, 0, 0);
        assertEquals(mapped, OpenFiles.mappings());
        remove(0, PAGE, 0);
        assertEquals(1, table.memory().regions().size());
        remove(0, PAGE, 0);
        assertEquals(0, table.memory().regions().size());
    }

    @Test
    void shouldHaveACapOnTheNumberOfRegions() throws ProtocolViolation {
        for (int i = 0; i < DeviceOffer.MAX_MEMORY_SLOTS; i++) {
            add(file, i * PAGE, PAGE, i * PAGE, 0);
        }
        final long next = DeviceOffer.MAX_MEMORY_SLOTS * PAGE;
        assertEquals(Reason.TOO_MUCH_MEMORY,
            assertThrows(ProtocolViolation.class, () -> add(file, next, PAGE, next, 0)).reason());
    }

    @Test
    void shouldHaveACapOnTheBytesOfAllRegions() throws ProtocolViolation {
        final long half = MemoryTable.MAX_BYTES / 2;
        try (Fd sparse = SharedMemory.create("sparse", 2 * MemoryTable.MAX_BYTES, false)) {
            add(sparse, 0, half, 0, 0);
            assertEquals(Reason.TOO_MUCH_MEMORY,
                assertThrows(ProtocolViolation.class, () -> add(sparse, half, half + PAGE, half, half)).reason());
            add(sparse, half, half, half, half);
        }
    }

    @Test
    void shouldTakeMemoryOnly() {
        final UnixSocket[] pair = UnixSocket.pair();
        try (EventFd event = EventFd.create()) {
            assertWrongFile(event.fd());
            assertWrongFile(pair[0].fd());
        }
        pair[0].close();
        pair[1].close();
    }

    private void assertWrongFile(final Fd fd) {
        assertEquals(Reason.WRONG_FILE,
            assertThrows(ProtocolViolation.class, () -> add(fd, 0, PAGE, 0, 0)).reason());
    }

    @Test
    void shouldRememberWhetherMemoryCanShrink() throws ProtocolViolation {
        set(0, PAGE, 0, 0);
        assertFalse(table.memory().isSealed());
        SharedMemory.seal(file);
        set(0, PAGE, 0, 0);
        assertTrue(table.memory().isSealed());
    }

    @Test
    void shouldForgetATableThatIsNotAdopted() throws ProtocolViolation {
        set(0, PAGE, 0, 0);
        final GuestMemory before = table.memory();
        final long mapped = OpenFiles.mappings();
        try (Message message = message(RawFrontEnd.region(PAGE, PAGE, PAGE, PAGE), file)) {
            table.discard(table.addition(message));
        }
        assertSame(before, table.memory());
        assertEquals(mapped, OpenFiles.mappings());
        assertTrue(table.populate(before.byGuest().translate(0, PAGE), PAGE));
    }
}
