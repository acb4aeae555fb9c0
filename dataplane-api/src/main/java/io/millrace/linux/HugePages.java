/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The huge pages of this machine: those of 2 MiB, the size that {@link SharedMemory} uses. */
public final class HugePages {
    private static final long SIZE_BYTES = 2L << 20;
    private static final Path FOLDER = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");

    private HugePages() {
    }

    /** The size of one page. */
    public static long sizeBytes() {
        return SIZE_BYTES;
    }

    /** How many pages can be mapped now: free ones that no mapping has reserved. */
    public static long free() {
        return Math.max(0, count("free_hugepages") - count("resv_hugepages"));
    }

    /** How many pages exist; 0 on a kernel without huge pages of this size. */
    public static long total() {
        return count("nr_hugepages");
    }

    private static long count(final String file) {
        try {
            return Long.parseLong(Files.readString(FOLDER.resolve(file)).trim());
        } catch (final IOException e) {
            return 0;
        }
    }
}
