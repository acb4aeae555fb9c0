/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import com.sun.management.ThreadMXBean;
import io.millrace.Counters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;

class BurstSizesTest {
    private final Counters counters = Counters.inMemory();
    private final BurstSizes sizes = new BurstSizes(counters.scope("port", "a", "rx0"), 32);

    @Test
    void shouldCountEachSizeInItsPowerOfTwo() {
        for (int packets = 0; packets <= 32; packets++) {
            sizes.count(packets);
        }
        sizes.publish();
        assertEquals(Map.of("port/a/rx0/bursts-1", 1L, "port/a/rx0/bursts-2-3", 2L, "port/a/rx0/bursts-4-7", 4L,
            "port/a/rx0/bursts-8-15", 8L, "port/a/rx0/bursts-16-31", 16L, "port/a/rx0/bursts-32-63", 1L),
            counters.snapshot());
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 2", "255, 8", "256, 9", "1024, 11"})
    void shouldHaveABucketForTheMostAndNoneBeyond(final int most, final int buckets) {
        final Counters own = Counters.inMemory();
        final BurstSizes some = new BurstSizes(own.scope("port", "b", "rx0"), most);
        some.count(most);
        some.publish();
        assertEquals(buckets, own.snapshot().size());
        assertEquals(1, own.snapshot().values().stream().mapToLong(Long::longValue).sum());
    }

    @Test
    void shouldPublishEveryBurstOnce() {
        sizes.count(5);
        assertEquals(0L, counters.snapshot().get("port/a/rx0/bursts-4-7"));
        sizes.publish();
        sizes.publish();
        sizes.count(6);
        sizes.publish();
        assertEquals(2L, counters.snapshot().get("port/a/rx0/bursts-4-7"));
    }

    @Test
    void shouldAllocateNothing() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long self = Thread.currentThread().getId();
        long least = Long.MAX_VALUE;
        // The compiler interrupts a round or two: what it interrupts may allocate once.
        for (int round = 0; round < 20 && least > 0; round++) {
            final long before = threads.getThreadAllocatedBytes(self);
            for (int i = 0; i < 100_000; i++) {
                sizes.count(i & 31);
                sizes.publish();
            }
            least = Math.min(least, threads.getThreadAllocatedBytes(self) - before);
        }
        assertEquals(0, least, "bytes allocated");
    }
}
