/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.linux.Errno;
import io.millrace.linux.LinuxException;
import io.millrace.linux.UnixSocket;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where running data planes of one user can be found: {@code $XDG_RUNTIME_DIR/millrace}, else
 * {@code /dev/shm/millrace-UID}, else {@code /tmp/millrace-UID}. Each process has its counters there, as
 * {@code PID.counters}, and its control socket, {@code PID.sock}.
 */
final class RuntimeFolder {
    private static final String COUNTERS = ".counters";
    private static final String SOCKET = ".sock";
    private static final Pattern NAME = Pattern.compile("(\\d{1,18})(\\.counters|\\.sock)");
    // A file is older than the process that wrote it only if a later process has got the same number.
    private static final Duration CLOCK_SLACK = Duration.ofSeconds(2);

    private final Path path;

    RuntimeFolder(final Path path) {
        this.path = path;
    }

    /** The folder of the calling user, which may not exist yet. */
    static RuntimeFolder ofUser() {
        final String runtime = System.getenv("XDG_RUNTIME_DIR");
        if (runtime != null && Files.isWritable(Path.of(runtime))) {
            return new RuntimeFolder(Path.of(runtime, "millrace"));
        }
        // Not on a disk if that can be helped: its write-back would stop a worker that counts.
        final Path shared = Path.of("/dev/shm");
        return new RuntimeFolder((Files.isWritable(shared) ? shared : Path.of("/tmp")).resolve("millrace-" + uid()));
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
     * Makes the folder, and removes what processes that are gone have left there.
     *
     * @return this folder.
     * @throws ConfigurationException if it is not the user's own: others could change the counters.
     */
    RuntimeFolder make() {
        try {
            createIfMissing();
            checkOwner();
            removeStale();
            return this;
        } catch (final IOException e) {
            throw new ConfigurationException("the folder for counters, " + path + ", cannot be made ("
                + e.getMessage() + "): set XDG_RUNTIME_DIR to a folder that you may write to");
        }
    }

    private void createIfMissing() throws IOException {
        try {
            Files.createDirectory(path,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (final FileAlreadyExistsException e) {
            // Whose it is comes next.
            return;
        }
    }

    private void checkOwner() throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
            || !Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(uid())) {
            throw new ConfigurationException("the folder for counters, " + path + ", is not a folder of yours:"
                + " remove it, or set XDG_RUNTIME_DIR to a folder of your own");
        }
    }

    /** The file for the counters of this process. */
    Path countersOfThisProcess() {
        return path.resolve(ProcessHandle.current().pid() + COUNTERS);
    }

    /** The control socket of this process. */
    Path socketOfThisProcess() {
        return path.resolve(ProcessHandle.current().pid() + SOCKET);
    }

    /** The counter files of processes that run, by process id. */
    SortedMap<Long, Path> counters() {
        return running(COUNTERS);
    }

    /** The control sockets of processes that run, by process id. */
    SortedMap<Long, Path> sockets() {
        return running(SOCKET);
    }

    private SortedMap<Long, Path> running(final String suffix) {
        final SortedMap<Long, Path> running = new TreeMap<>();
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            try (Stream<Path> files = files()) {
                files.filter(file -> file.toString().endsWith(suffix) && pid(file).isPresent())
                    .filter(RuntimeFolder::isRunning).forEach(file -> running.put(pid(file).orElseThrow(), file));
            } catch (final IOException e) {
                throw new ConfigurationException(path + " cannot be read (" + e.getMessage()
                    + "): run as the user whose data planes you look for");
            }
        }
        return running;
    }

    private Stream<Path> files() throws IOException {
        checkOwner();
        return Files.list(path);
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
        return isOfRunningProcess(file) || file.toString().endsWith(SOCKET) && isServed(file);
    }

    /** Whether somebody listens there, whom this process may not see: in a container, or after the clock was set. */
    private static boolean isServed(final Path socket) {
        try {
            UnixSocket.connect(socket).close();
            return true;
        } catch (final LinuxException e) {
            return e.errno() != Errno.ECONNREFUSED && e.errno() != Errno.ENOENT;
        }
    }

    private static boolean isOfRunningProcess(final Path file) {
        final Optional<ProcessHandle> process = pid(file).flatMap(ProcessHandle::of).filter(ProcessHandle::isAlive);
        if (process.isEmpty()) {
            return false;
        }
        try {
            final Instant written =
                Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant().plus(CLOCK_SLACK);
            return process.get().info().startInstant().map(start -> !start.isAfter(written)).orElse(true);
        } catch (final IOException e) {
            return false; // It has just been removed.
        }
    }

    private static Optional<Long> pid(final Path file) {
        final Matcher name = NAME.matcher(file.getFileName().toString());
        return name.matches() ? Optional.of(Long.valueOf(name.group(1))) : Optional.empty();
    }
}
