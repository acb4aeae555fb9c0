/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import com.sun.management.ThreadMXBean;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class LatencyTest {
    private final Latency latency = new Latency();

    @Test
    void shouldKeepWhatWasRecordedOverSeveralCopies() {
        for (int i = 1; i <= 1000; i++) {
            assertTrue(latency.record(i * 1000L));
            if (i % 300 == 0) {
                latency.publish();
                assertEquals(i, latency.copy().getTotalCount());
            }
        }
        latency.publish();
        final Histogram all = latency.copy();
        assertEquals(1000, all.getTotalCount());
        assertEquals(500_000, all.getValueAtPercentile(50), 500);
        assertEquals(1_000_000, all.getMaxValue(), 1000);
    }

    @Test
    void shouldLeaveOutWhatCannotBe() {
        assertFalse(latency.record(-1));
        assertFalse(latency.record(Long.MIN_VALUE));
        assertFalse(latency.record(Latency.HIGHEST_NS + 1));
        assertTrue(latency.record(0));
        assertTrue(latency.record(Latency.HIGHEST_NS));
        latency.publish();
        assertEquals(2, latency.copy().getTotalCount());
    }

    @Test
    void shouldLoseNothingWhileItIsRead() throws InterruptedException {
        final AtomicBoolean isDone = new AtomicBoolean();
        final AtomicLong written = new AtomicLong();
        final Thread worker = new Thread(() -> {
            for (long n = 1; !isDone.get(); n++) {
                for (int i = 0; i < n % 300; i++) {
                    latency.record(n % 5000);
                    written.incrementAndGet();
                }
                latency.publish();
            }
        });
        worker.start();
        long last = 0;
        for (int copies = 0; copies < 2000 || written.get() < 1_000_000; copies++) {
            final long before = written.get();
            final long now = latency.copy().getTotalCount();
            // All that was recorded before the last publish is there, and nothing twice.
            assertTrue(now >= last && now >= before - 300 && now <= written.get(), () -> now + " of " + written.get());
            last = now;
        }
        isDone.set(true);
        worker.join();
        assertEquals(written.get(), latency.copy().getTotalCount());
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
                latency.record(i);
                if (i % 32 == 0) {
                    latency.publish();
                }
            }
            least = Math.min(least, threads.getThreadAllocatedBytes(self) - before);
        }
        assertEquals(0, least, "bytes allocated");
    }
}
