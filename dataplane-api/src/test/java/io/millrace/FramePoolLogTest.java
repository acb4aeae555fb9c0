/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a user reads about huge pages, seen from outside. */
class FramePoolLogTest {
    private static final int FRAMES = 1024;

    /** Makes a pool and says what became of it. */
    static final class Main {
        private Main() {
        }

        public static void main(final String[] arguments) {
            try (FramePool pool = FramePool.create(FRAMES, 0)) {
                System.out.println("huge " + pool.isHuge());
            }
        }
    }

    @Test
    void shouldSayInOneLineWhenThereAreNoHugePagesAndHowToHaveThem() throws Exception {
        final List<String> lines =
            ChildJvm.run(Main.class, List.of("-Dorg.slf4j.simpleLogger.log.io.millrace=info")).lines().toList();
        if (lines.contains("huge true")) {
            assertEquals(1, lines.size(), lines::toString);
        } else {
            assertEquals(2, lines.size(), lines::toString);
            assertTrue(lines.get(0).endsWith(
                "frame pool: 2 MiB on ordinary pages; for a few percent more speed set vm.nr_hugepages to 1"),
                lines::toString);
            assertEquals("huge false", lines.get(1));
        }
    }
}
