/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** Processors, huge pages, capabilities and error names. */
class MachineTest {
    @Test
    void shouldPinTheCallingThreadOnly() throws Exception {
        final int[] available = Cpus.available();
        final int last = available[available.length - 1];
        final FutureTask<String> pinned = new FutureTask<>(() -> {
            Cpus.pin(last);
            return Files.readString(Path.of("/proc/thread-self/status"));
        });
        final Thread thread = new Thread(pinned);
        thread.start();
        assertTrue(pinned.get().contains("Cpus_allowed_list:\t" + last + "\n"), pinned.get());
        thread.join();
        assertArrayEquals(available, Cpus.available());
        Cpus.pin(available[0]);
        assertArrayEquals(available, Cpus.available());
    }

    @Test
    void shouldNameTheCpusThatCanBePinnedTo() {
        for (final int cpu : new int[] {-1, 8191, 8192, 100_000}) {
            final LinuxException e = assertThrows(LinuxException.class, () -> Cpus.pin(cpu));
            assertEquals("pin " + Thread.currentThread().getName() + " to CPU " + cpu + ": EINVAL - choose one of "
                + Arrays.toString(Cpus.available()), e.getMessage());
        }
    }

    @Test
    void shouldCountHugePages() {
        assertEquals(2 << 20, HugePages.sizeBytes());
        assertTrue(HugePages.free() >= 0 && HugePages.free() <= HugePages.total());
    }

    @Test
    void shouldKnowTheRightsOfThisProcess() throws Exception {
        final String user = Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString();
        if (!user.equals("0")) {
            assertTrue(!Capabilities.effective(Capabilities.CAP_SYS_ADMIN));
        }
        assertTrue(!Capabilities.effective(62), "there is no such capability");
    }

    @Test
    void shouldNameErrors() {
        assertEquals("EAGAIN", Errno.name(Errno.EAGAIN));
        assertEquals("EADDRINUSE", Errno.name(Errno.EADDRINUSE));
        assertEquals("EHWPOISON", Errno.name(133));
        assertEquals("errno 41", Errno.name(41));
        assertEquals("errno 523", Errno.name(523));
        assertEquals("errno 0", Errno.name(0));
    }

    @Test
    void shouldNameEveryConstantAsItIsCalled() throws Exception {
        for (final var field : Errno.class.getFields()) {
            assertEquals(field.getName(), Errno.name(field.getInt(null)));
        }
    }

    @Test
    void shouldSayItInOneSentence() {
        assertEquals("bind x: EBUSY - free it", new LinuxException("bind x", Errno.EBUSY, "free it").getMessage());
        assertEquals("bind x: EBUSY", new LinuxException("bind x", Errno.EBUSY, "").getMessage());
    }
}
