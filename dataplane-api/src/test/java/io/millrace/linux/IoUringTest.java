/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** On an eventfd as the file: each write adds to it, a read of nothing is EAGAIN. */
class IoUringTest {
    private static final int ENTRIES = 8;

    private EventFd file;
    private Scratch memory;
    private IoUring ring;

    @BeforeEach
    void open() {
        file = EventFd.create();
        memory = new Scratch(Long.BYTES * (ENTRIES + 1) + 2 * PacketIo.VECTOR_LENGTH);
        try {
            ring = IoUring.open(ENTRIES, file.fd());
        } catch (final LinuxException e) {
            Needs.that(false, "io_uring: " + e.getMessage());
        }
    }

    @AfterEach
    void close() {
        if (ring != null) {
            assertTrue(ring.unwatch());
            ring.close();
        }
        file.close();
        memory.close();
    }

    private long address(final int i) {
        return memory.address() + (long) i * Long.BYTES;
    }

    @Test
    void shouldCarryOutAllInOneCall() {
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < ENTRIES; i++) {
                memory.putLong((long) i * Long.BYTES, i + 1);
                ring.write(address(i), Long.BYTES, i);
            }
            assertEquals(ENTRIES, ring.submit());
            for (int i = 0; i < ENTRIES; i++) {
                assertTrue(ring.next());
                assertEquals(i, ring.token());
                assertEquals(Long.BYTES, ring.result());
            }
            assertFalse(ring.next());
            assertEquals(36, file.drain());
        }
    }

    @Test
    void shouldNotWaitForWhatIsNotThere() {
        file.signal();
        ring.read(address(0), Long.BYTES, 10);
        ring.read(address(1), Long.BYTES, 11);
        assertEquals(2, ring.submit());
        assertTrue(ring.next());
        assertEquals(Long.BYTES, ring.result());
        assertTrue(ring.next());
        assertEquals(11, ring.token());
        assertEquals(-Errno.EAGAIN, ring.result());
    }

    @Test
    void shouldReportTheErrorOfOneAndCarryOutTheOthers() {
        memory.putLong(0, 5);
        ring.write(address(0), 3, 0);
        ring.write(address(0), Long.BYTES, 1);
        ring.submit();
        final int[] results = new int[2];
        while (ring.next()) {
            results[ring.token()] = ring.result();
        }
        assertArrayEquals(new int[] {-Errno.EINVAL, Long.BYTES}, results);
        assertEquals(5, file.drain());
    }

    @Test
    void shouldReadIntoSeveralPieces() {
        memory.putLong(0, 0x0807060504030201L);
        file.signal();
        final long vector = address(ENTRIES + 1);
        PacketIo.part(vector, 0, address(1), 4);
        PacketIo.part(vector, 1, address(2), 4);
        ring.readv(vector, 2, 0);
        ring.submit();
        assertTrue(ring.next());
        assertEquals(Long.BYTES, ring.result());
        assertEquals(1, memory.getInt(Long.BYTES));
    }

    @Test
    void shouldBeQuietUntilSomethingComes() {
        assertFalse(ring.isQuiet());
        ring.watch();
        for (int i = 0; i < 1000; i++) {
            assertTrue(ring.isQuiet());
        }
        file.signal();
        assertFalse(ring.isQuiet());
        assertEquals(1, file.drain());
        ring.watch();
        assertTrue(ring.isQuiet());
    }

    @Test
    void shouldNotBeQuietAboutWhatWasThereBefore() {
        file.signal();
        ring.watch();
        assertFalse(ring.isQuiet());
    }

    @Test
    void shouldServeAnotherThreadAfterUnwatch() throws InterruptedException {
        ring.watch();
        assertTrue(ring.unwatch());
        final boolean[] wasQuiet = new boolean[1];
        final Thread other = new Thread(() -> {
            ring.watch();
            wasQuiet[0] = ring.isQuiet();
            ring.unwatch();
        });
        other.start();
        other.join();
        assertTrue(wasQuiet[0]);
        file.signal();
        ring.read(address(0), Long.BYTES, 1);
        ring.submit();
        assertTrue(ring.next());
        assertEquals(Long.BYTES, ring.result());
    }
}
