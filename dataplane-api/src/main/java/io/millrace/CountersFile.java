/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;

import java.nio.MappedByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the counters of another process from their file, while that process runs.
 *
 * <pre>
 *   0         8          16         24           32        64
 *  +---------+----------+----------+------------+---------+--------------------+------------------+
 *  | magic   | capacity | pid      | started at | unused  | counter metadata   | counter values   |
 *  +---------+----------+----------+------------+---------+--------------------+------------------+
 * </pre>
 *
 * The magic number is written last. The start of the process, in milliseconds since 1970, tells it from a later one
 * that was given the same pid.
 *
 * <p>Thread safety: none. One thread opens, reads and closes.
 */
public final class CountersFile implements AutoCloseable {
    static final int HEADER_LENGTH = 64;

    private static final long MAGIC = 0x3165636172_6c6c6dL;
    private static final int CAPACITY_OFFSET = 8;
    private static final int PID_OFFSET = 16;
    private static final int STARTED_OFFSET = 24;
    // Two processes read the boot time each for itself, in whole seconds.
    private static final long STARTED_TOLERANCE_MS = 2_000;

    private final MappedByteBuffer file;
    private final CountersReader reader;
    private final long pid;
    private final long startedMs;
    private boolean isClosed;

    private CountersFile(final MappedByteBuffer file, final UnsafeBuffer all) {
        final int capacity = (int) all.getLong(CAPACITY_OFFSET);
        this.file = file;
        this.reader = new CountersReader(metadata(all, capacity), values(all, capacity), StandardCharsets.US_ASCII);
        this.pid = all.getLong(PID_OFFSET);
        this.startedMs = all.getLong(STARTED_OFFSET);
    }

    /**
     * Opens the file of a running data plane.
     *
     * @throws ConfigurationException if there is none, it is something else, or the process that wrote it has ended.
     */
    public static CountersFile open(final Path path) {
        final CountersFile counters = map(path);
        if (!counters.isAlive()) {
            counters.close();
            throw new ConfigurationException("the process " + counters.pid + " that wrote " + path
                + " has ended without deleting it: delete it");
        }
        return counters;
    }

    /** Makes sure that what is at {@code path} may be deleted. */
    static void checkAbandoned(final Path path) {
        try (CountersFile counters = map(path)) {
            if (counters.isAlive()) {
                throw new ConfigurationException("the process " + counters.pid + " keeps its counters in " + path
                    + ": stop it or choose another file");
            }
        }
    }

    private static CountersFile map(final Path path) {
        if (!Files.isReadable(path)) {
            throw new ConfigurationException("no counters at " + path + ": nothing runs that writes them there, "
                + "or you may not read them");
        }
        if (!Files.isRegularFile(path)) {
            throw notCounters(path);
        }
        final MappedByteBuffer file = IoUtil.mapExistingFile(path.toFile(), "counters");
        final UnsafeBuffer all = new UnsafeBuffer(file);
        if (file.capacity() <= HEADER_LENGTH || all.getLongVolatile(0) != MAGIC || !isWhole(all)) {
            IoUtil.unmap(file);
            throw notCounters(path);
        }
        return new CountersFile(file, all);
    }

    private static ConfigurationException notCounters(final Path path) {
        return new ConfigurationException(path + " is not a counters file of this version: choose another file");
    }

    private boolean isAlive() {
        return ProcessHandle.of(pid).map(process -> Math.abs(startedMs(process) - startedMs) <= STARTED_TOLERANCE_MS)
            .orElse(false);
    }

    private static long startedMs(final ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private static boolean isWhole(final UnsafeBuffer all) {
        final long capacity = all.getLong(CAPACITY_OFFSET);
        // The file's size bounds the capacity before it is multiplied.
        return capacity > 0 && capacity < all.capacity() / CountersReader.COUNTER_LENGTH
            && all.capacity() == length((int) capacity);
    }

    static UnsafeBuffer metadata(final UnsafeBuffer all, final int capacity) {
        return new UnsafeBuffer(all, HEADER_LENGTH, capacity * CountersReader.METADATA_LENGTH);
    }

    static UnsafeBuffer values(final UnsafeBuffer all, final int capacity) {
        return new UnsafeBuffer(all, HEADER_LENGTH + capacity * CountersReader.METADATA_LENGTH,
            capacity * CountersReader.COUNTER_LENGTH);
    }

    static int length(final int capacity) {
        return HEADER_LENGTH + capacity * (CountersReader.METADATA_LENGTH + CountersReader.COUNTER_LENGTH);
    }

    /** Declares the file complete, as one of this process. */
    static void publish(final UnsafeBuffer all, final int capacity) {
        final ProcessHandle self = ProcessHandle.current();
        all.putLong(CAPACITY_OFFSET, capacity);
        all.putLong(PID_OFFSET, self.pid());
        all.putLong(STARTED_OFFSET, startedMs(self));
        all.putLongVolatile(0, MAGIC);
    }

    /** The process that writes them. */
    public long pid() {
        return pid;
    }

    /**
     * Every counter by name, in alphabetical order, with its value now. Works on when the writer has ended.
     *
     * @throws IllegalStateException if this is closed.
     */
    public Map<String, Long> snapshot() {
        if (isClosed) {
            throw new IllegalStateException("this counters file is closed");
        }
        final Map<String, Long> values = new TreeMap<>();
        reader.forEach((value, id, label) -> values.put(label, value));
        return values;
    }

    /** Lets go of the file. Idempotent. */
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            IoUtil.unmap(file);
        }
    }
}
