/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventSignal;
import io.millrace.linux.Fd;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What this process holds that tests must give back. Files that the JVM opens by itself do not count. */
final class OpenFiles {
    static {
        // Opened once and kept: a socket of the JVM, with the first file channel, and the source of all signals.
        EventSignal.open().close();
        try {
            FileChannel.open(Path.of("/proc/self/maps")).close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private OpenFiles() {
    }

    /** How many sockets, pipes, eventfds and memory files are open now. */
    static int count() {
        return list().size();
    }

    /** Which ones are open now. */
    static List<String> list() {
        final List<String> open = new ArrayList<>();
        for (final File fd : new File("/proc/self/fd").listFiles()) {
            try {
                final String target = Files.readSymbolicLink(fd.toPath()).toString();
                if (target.startsWith("socket:") || target.startsWith("pipe:") || target.startsWith("/memfd:")
                    || target.startsWith("anon_inode:[eventfd]")) {
                    open.add(fd.getName() + " " + target);
                }
            } catch (final IOException e) {
                // Closed since it was listed.
            }
        }
        return open;
    }

    /** How many stretches of memory files are mapped now. */
    static long mappings() {
        try (var lines = Files.lines(new File("/proc/self/maps").toPath())) {
            return lines.filter(line -> line.contains("/memfd:")).count();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A descriptor of a file of any kind, for tests that send the wrong one. */
    static Fd open(final Path path, final String mode) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), mode)) {
            for (final File fd : new File("/proc/self/fd").listFiles()) {
                if (file.getFD().valid() && isSame(fd, path)) {
                    // Not closed: the number stays the file's.
                    return Fd.own(Integer.parseInt(fd.getName())).duplicate();
                }
            }
        }
        throw new IOException(path + " is not open");
    }

    private static boolean isSame(final File fd, final Path path) {
        try {
            return Files.readSymbolicLink(fd.toPath()).equals(path);
        } catch (final IOException e) {
            return false;
        }
    }

    /** Changes the length of a memory file that others have mapped. */
    static void truncate(final Fd memory, final long size) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile("/proc/self/fd/" + memory.number(), "rw")) {
            file.setLength(size);
        }
    }
}
