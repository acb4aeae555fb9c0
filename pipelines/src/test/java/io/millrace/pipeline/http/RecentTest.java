/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.millrace.pipeline.Until;
import org.junit.jupiter.api.Test;

import java.time.Duration;

import java.util.concurrent.atomic.AtomicInteger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Many ask, few times it is made. */
class RecentTest {
    @Test
    void shouldBeMadeFourTimesASecondAtMost() {
        final AtomicInteger made = new AtomicInteger();
        final Recent<Integer> recent = new Recent<>(Duration.ofMillis(250), made::incrementAndGet);
        final long startNs = System.nanoTime();
        Until.isTrue(() -> recent.get() == 3, () -> "it stays " + made);
        assertTrue(System.nanoTime() - startNs > 500_000_000, "made too often");
    }

    @Test
    void shouldNotKeepAFailure() {
        final AtomicInteger made = new AtomicInteger();
        final Recent<Integer> recent = new Recent<>(Duration.ofMillis(250), () -> {
            if (made.incrementAndGet() == 1) {
                throw new IllegalStateException("closed");
            }
            return made.get();
        });
        assertThrows(IllegalStateException.class, recent::get);
        assertEquals(2, recent.get());
    }
}
