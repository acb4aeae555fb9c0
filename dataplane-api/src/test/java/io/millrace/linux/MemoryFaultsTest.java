/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Faults in memory that has gone, interpreted and compiled: each surfaces where it is asked for. */
class MemoryFaultsTest {
    private static final int PAGE = 4096;
    private static final int ROUNDS = 20_000;

    private long sum;

    @Test
    void shouldDeliverEachFaultWhereItIsAskedFor() throws IOException {
        try (Fd fd = SharedMemory.create("faults", PAGE, false); Mapping mapping = Mapping.map(fd, 0, PAGE, "faults");
             FileChannel file = FileChannel.open(Path.of("/proc/self/fd/" + fd.number()), StandardOpenOption.WRITE)) {
            file.truncate(0);
            int caught = 0;
            for (int i = 0; i < ROUNDS; i++) {
                caught += isFault(mapping.address()) ? 1 : 0;
            }
            assertEquals(ROUNDS, caught);
        }
    }

    private boolean isFault(final long address) {
        try {
            sum += UnsafeApi.getLong(address);
            sum += UnsafeApi.getLong(address + Long.BYTES);
            MemoryFaults.deliver();
            return false;
        } catch (final InternalError fault) {
            MemoryFaults.drain();
            return true;
        }
    }

    @Test
    void shouldDeliverNothingWithoutAFault() {
        for (int i = 0; i < ROUNDS; i++) {
            MemoryFaults.deliver();
        }
        MemoryFaults.drain();
    }
}
