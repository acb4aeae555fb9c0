/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;

import java.nio.MappedByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the counters of another process from their file, while that process runs.
 *
 * <pre>
 *   0         8          16         24        64
 *  +---------+----------+----------+---------+--------------------+------------------+
 *  | magic   | capacity | pid      | unused  | counter metadata   | counter values   |
 *  +---------+----------+----------+---------+--------------------+------------------+
 * </pre>
 */
public final class CountersFile implements AutoCloseable {
    static final int HEADER_LENGTH = 64;

    private static final long MAGIC = 0x3165636172_6c6c6dL;
    private static final int CAPACITY_OFFSET = 8;
    private static final int PID_OFFSET = 16;

    private final MappedByteBuffer file;
    private final CountersReader reader;
    private final long pid;

    private CountersFile(final MappedByteBuffer file, final CountersReader reader, final long pid) {
        this.file = file;
        this.reader = reader;
        this.pid = pid;
    }

    /**
     * Opens the file of a running data plane.
     *
     * @throws ConfigurationException if there is none, or it is something else.
     */
    public static CountersFile open(final Path path) {
        if (!Files.isReadable(path)) {
            throw new ConfigurationException("no counters at " + path + ": nothing runs that writes them there, "
                + "or you may not read them");
        }
        final MappedByteBuffer file = IoUtil.mapExistingFile(path.toFile(), "counters");
        final UnsafeBuffer all = new UnsafeBuffer(file);
        if (file.capacity() <= HEADER_LENGTH || all.getLongVolatile(0) != MAGIC || !isWhole(all)) {
            IoUtil.unmap(file);
            throw new ConfigurationException(path + " is not a counters file of this version");
        }
        final int capacity = (int) all.getLong(CAPACITY_OFFSET);
        return new CountersFile(file, new CountersReader(metadata(all, capacity), values(all, capacity),
            StandardCharsets.US_ASCII), all.getLong(PID_OFFSET));
    }

    private static boolean isWhole(final UnsafeBuffer all) {
        final long capacity = all.getLong(CAPACITY_OFFSET);
        return capacity > 0 && all.capacity() == HEADER_LENGTH
            + capacity * (CountersReader.METADATA_LENGTH + CountersReader.COUNTER_LENGTH);
    }

    static UnsafeBuffer metadata(final UnsafeBuffer all, final int capacity) {
        return new UnsafeBuffer(all, HEADER_LENGTH, capacity * CountersReader.METADATA_LENGTH);
    }

    static UnsafeBuffer values(final UnsafeBuffer all, final int capacity) {
        return new UnsafeBuffer(all, HEADER_LENGTH + capacity * CountersReader.METADATA_LENGTH,
            capacity * CountersReader.COUNTER_LENGTH);
    }

    static void publish(final UnsafeBuffer all, final int capacity, final long pid) {
        all.putLong(CAPACITY_OFFSET, capacity);
        all.putLong(PID_OFFSET, pid);
        all.putLongVolatile(0, MAGIC);
    }

    /** The process that writes them. */
    public long pid() {
        return pid;
    }

    /** Every counter by name, in alphabetical order, with its value now. */
    public Map<String, Long> snapshot() {
        final Map<String, Long> values = new TreeMap<>();
        reader.forEach((value, id, label) -> values.put(label, value));
        return values;
    }

    @Override
    public void close() {
        IoUtil.unmap(file);
    }
}
