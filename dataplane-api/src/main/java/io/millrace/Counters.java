/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.agrona.concurrent.status.CountersReader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Every number the data plane counts, in agrona's counter layout, in memory or in a file that other processes map and
 * read while it grows ({@link CountersFile}).
 *
 * <p>A counter is named by a path: {@code port/vm0/rx0/packets}, {@code port/vm0/tx1/drop/ring-full}.
 *
 * <p>Thread safety: counters may be made from any thread. Asking twice for one name gives the same counter.
 */
public final class Counters implements AutoCloseable {
    /** How many there can be: some 50 for each queue pair of a port. The file is as large, but mostly a hole. */
    static final int CAPACITY = 16_384;

    private final CountersManager manager;
    private final int capacity;
    private final Path path;
    private final Map<String, Counter> byName = new HashMap<>();
    private boolean isClosed;

    private Counters(final CountersManager manager, final int capacity, final Path path) {
        this.manager = manager;
        this.capacity = capacity;
        this.path = path;
    }

    /** Counters that only this process sees, as many as a data plane needs: 10 MiB. */
    public static Counters inMemory() {
        return inMemory(CAPACITY);
    }

    /**
     * Counters that only this process sees.
     *
     * @param capacity how many there can be, 1 or more; each takes 640 bytes of direct memory.
     */
    public static Counters inMemory(final int capacity) {
        final ByteBuffer metadata = ByteBuffer.allocateDirect(capacity * CountersReader.METADATA_LENGTH);
        final ByteBuffer values = ByteBuffer.allocateDirect(capacity * CountersReader.COUNTER_LENGTH);
        return new Counters(manager(new UnsafeBuffer(metadata), new UnsafeBuffer(values)), capacity, null);
    }

    /**
     * Counters in a file, deleted again by {@link #close()}.
     *
     * @param path created, in a folder that exists. A counters file that a process left behind is replaced.
     * @throws ConfigurationException if it cannot be written, belongs to a process that runs, or is something else.
     */
    public static Counters mapped(final Path path) {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            CountersFile.checkAbandoned(path);
        }
        try {
            Files.deleteIfExists(path);
            final int length = CountersFile.length(CAPACITY);
            final UnsafeBuffer all = new UnsafeBuffer(IoUtil.mapNewFile(path.toFile(), length));
            final Counters counters = new Counters(
                manager(CountersFile.metadata(all, CAPACITY), CountersFile.values(all, CAPACITY)),
                CAPACITY, path);
            CountersFile.publish(all, CAPACITY);
            return counters;
        } catch (final IOException | RuntimeException e) {
            throw new ConfigurationException("counters file " + path + " cannot be written (" + e
                + "): choose a folder that exists and that you may write to");
        }
    }

    private static CountersManager manager(final UnsafeBuffer metadata, final UnsafeBuffer values) {
        return new CountersManager(metadata, values, StandardCharsets.US_ASCII);
    }

    /**
     * The counters of one thing.
     *
     * @param parts its path, such as {@code "port", "vm0", "rx0"}: printable ASCII without blanks and {@code /}.
     * @throws ConfigurationException if a part is anything else.
     */
    public Scope scope(final String... parts) {
        for (final String part : parts) {
            if (!part.matches("[!-.0-~]+")) {
                throw new ConfigurationException(
                    "the name \"" + part + "\" cannot be used: take letters, digits and . _ - only");
            }
        }
        return new Scope(this, String.join("/", parts));
    }

    synchronized Counter counter(final String name) {
        return byName.computeIfAbsent(name, n -> {
            if (n.length() > CountersReader.MAX_LABEL_LENGTH) {
                throw new ConfigurationException("the counter name " + n + " is too long: shorten the port's name");
            }
            if (byName.size() == capacity) {
                throw new ConfigurationException("there are " + capacity + " counters already and none is left for " + n
                    + ": open fewer ports or queues");
            }
            return new Counter(manager.newCounter(n));
        });
    }

    /** Every counter by name, in alphabetical order, with its value now. */
    public synchronized SortedMap<String, Long> snapshot() {
        final SortedMap<String, Long> values = new TreeMap<>();
        byName.forEach((name, counter) -> values.put(name, counter.get()));
        return values;
    }

    /**
     * Deletes the file, if there is one. Whoever has it open can read the last values. The memory goes when nobody
     * refers to it any more, so that a late increment harms nothing.
     */
    @Override
    public synchronized void close() {
        if (path != null && !isClosed) {
            isClosed = true;
            path.toFile().delete();
        }
    }

    /** Makes the counters of one thing, all below one path. */
    public static final class Scope {
        private final Counters counters;
        private final String path;

        Scope(final Counters counters, final String path) {
            this.counters = counters;
            this.path = path;
        }

        /**
         * A counter of this thing.
         *
         * @param name lower case words joined by {@code -}, such as {@code packets}.
         * @throws ConfigurationException if the whole name has become too long, or there are too many counters.
         */
        public Counter counter(final String name) {
            return counters.counter(path + '/' + name);
        }

        /** The counter of packets that this thing dropped for that reason. */
        public Counter drops(final DropReason reason) {
            return counters.counter(path + "/drop/" + reason.name());
        }
    }
}
