/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The limits of this process, as the kernel lists them. */
final class Limits {
    // The columns of /proc/PID/limits are as wide as this, whatever is in them.
    private static final int NAME_WIDTH = 26;

    private Limits() {
    }

    /**
     * A limit that is in force.
     *
     * @param root the root of the file system.
     * @param name as the kernel writes it, such as {@code Max open files}.
     * @return a number or {@code unlimited}; empty if it cannot be read.
     */
    static String soft(final Path root, final String name) {
        try {
            for (final String line : Files.readAllLines(root.resolve("proc/self/limits"),
                StandardCharsets.ISO_8859_1)) {
                if (line.startsWith(name) && line.length() > NAME_WIDTH) {
                    return line.substring(NAME_WIDTH).trim().split("\\s+")[0];
                }
            }
        } catch (final IOException e) {
            // Nothing is known.
        }
        return "";
    }
}
