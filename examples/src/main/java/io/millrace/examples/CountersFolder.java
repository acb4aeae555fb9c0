/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Where running data planes of one user leave their counters, one file per process, so that {@code millrace stats}
 * finds them: {@code $XDG_RUNTIME_DIR/millrace}, else {@code /dev/shm/millrace-UID}, else {@code /tmp/millrace-UID}.
 */
final class CountersFolder {
    private static final String SUFFIX = ".counters";
    // A file is older than the process that wrote it only if a later process has got the same number.
    private static final Duration CLOCK_SLACK = Duration.ofSeconds(2);

    private final Path path;

    CountersFolder(final Path path) {
        this.path = path;
    }

    /** The folder of the calling user, which may not exist yet. */
    static CountersFolder ofUser() {
        final String runtime = System.getenv("XDG_RUNTIME_DIR");
        if (runtime != null && Files.isWritable(Path.of(runtime))) {
            return new CountersFolder(Path.of(runtime, "millrace"));
        }
        // Not on a disk if that can be helped: its write-back would stop a worker that counts.
        final Path shared = Path.of("/dev/shm");
        return new CountersFolder((Files.isWritable(shared) ? shared : Path.of("/tmp")).resolve("millrace-" + uid()));
    }

    private static int uid() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (final IOException e) {
            throw new ConfigurationException("the user cannot be told, for /proc/self cannot be read: mount /proc");
        }
    }

    Path path() {
        return path;
    }

    /**
     * The file for the counters of this process. Makes the folder, and removes the files of processes that are gone.
     *
     * @throws ConfigurationException if the folder is not the user's own: others could change the counters.
     */
    Path fileOfThisProcess() {
        try {
            if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectory(path,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                || !Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(uid())) {
                throw new ConfigurationException("the folder for counters, " + path + ", is not a folder of yours:"
                    + " remove it, or set XDG_RUNTIME_DIR to a folder of your own");
            }
            removeStale();
            return path.resolve(ProcessHandle.current().pid() + SUFFIX);
        } catch (final IOException e) {
            throw new ConfigurationException("the folder for counters, " + path + ", cannot be made ("
                + e.getMessage() + "): set XDG_RUNTIME_DIR to a folder that you may write to");
        }
    }

    /** The counter files of processes that run, by process id. */
    SortedMap<Long, Path> running() {
        final SortedMap<Long, Path> running = new TreeMap<>();
        if (Files.isDirectory(path)) {
            try (Stream<Path> files = Files.list(path)) {
                files.filter(CountersFolder::isRunning).forEach(file -> running.put(pid(file).orElseThrow(), file));
            } catch (final IOException e) {
                throw new ConfigurationException(path + " cannot be read (" + e.getMessage()
                    + "): run as the user whose data planes you look for");
            }
        }
        return running;
    }

    private void removeStale() throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            for (final Path file : files.toList()) {
                if (pid(file).isPresent() && !isRunning(file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static boolean isRunning(final Path file) {
        final Optional<ProcessHandle> process = pid(file).flatMap(ProcessHandle::of).filter(ProcessHandle::isAlive);
        if (process.isEmpty()) {
            return false;
        }
        try {
            final Instant written = Files.getLastModifiedTime(file).toInstant().plus(CLOCK_SLACK);
            return process.get().info().startInstant().map(start -> !start.isAfter(written)).orElse(true);
        } catch (final IOException e) {
            return false; // It has just been removed.
        }
    }

    private static Optional<Long> pid(final Path file) {
        final String name = file.getFileName().toString();
        if (!name.matches("\\d{1,18}\\" + SUFFIX)) {
            return Optional.empty();
        }
        return Optional.of(Long.valueOf(name.substring(0, name.length() - SUFFIX.length())));
    }
}
