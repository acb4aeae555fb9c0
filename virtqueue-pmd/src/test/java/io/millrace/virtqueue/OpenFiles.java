/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;

/** What this process holds that tests must give back. Files that the JVM opens by itself do not count. */
final class OpenFiles {
    private OpenFiles() {
    }

    /** The sockets, pipes, eventfds and memory files that are open now. */
    static int count() {
        int count = 0;
        for (final File fd : new File("/proc/self/fd").listFiles()) {
            try {
                final String target = Files.readSymbolicLink(fd.toPath()).toString();
                if (target.startsWith("socket:") || target.startsWith("pipe:") || target.startsWith("/memfd:")
                    || target.startsWith("anon_inode:[eventfd]")) {
                    count++;
                }
            } catch (final IOException e) {
                // Closed since it was listed.
            }
        }
        return count;
    }

    /** How many stretches of memory files are mapped now. */
    static long mappings() {
        try (var lines = Files.lines(new File("/proc/self/maps").toPath())) {
            return lines.filter(line -> line.contains("/memfd:")).count();
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
