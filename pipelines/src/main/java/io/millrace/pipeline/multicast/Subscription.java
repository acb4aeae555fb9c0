/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Counter;

import java.util.Arrays;

/**
 * What one subscriber reads: the copies of all workers that publish. Made by {@link Multicast#subscribe}; a worker lets
 * it in with its next burst.
 *
 * <p>Copies of one worker come in order. Of several workers the oldest copy that is there comes first; one that a
 * worker publishes a moment later may be older still.
 *
 * <p>Counts {@code multicast/NAME/to/SUBSCRIBER/packets}, and for each worker what was lost,
 * {@code multicast/NAME/to/SUBSCRIBER/WORKER/drop/too-slow}.
 *
 * <p>Thread safety: {@link #next} for one thread at a time; all else from any thread.
 */
public final class Subscription implements AutoCloseable {
    private final Multicast multicast;
    private final String name;
    private final Counter packets;
    private volatile Reader[] readers = {};

    Subscription(final Multicast multicast, final String name, final Counter packets) {
        this.multicast = multicast;
        this.name = name;
        this.packets = packets;
    }

    /** Its name, unique in its multicast while it is open. */
    public String name() {
        return name;
    }

    /**
     * The next copy, or null if there is none now. Allocates nothing.
     *
     * @return the caller's until the next call.
     */
    public PacketCopy next() {
        Reader oldest = null;
        for (final Reader reader : readers) {
            if (reader.hasNext()
                && (oldest == null || reader.peek().timeNs() - oldest.peek().timeNs() < 0)) {
                oldest = reader;
            }
        }
        if (oldest == null) {
            return null;
        }
        packets.increment();
        return oldest.next();
    }

    /** How many copies it has lost so far because it was too slow. */
    public long lost() {
        long lost = 0;
        for (final Reader reader : readers) {
            lost += reader.lost();
        }
        return lost;
    }

    /** Ends it: what it has not read is not counted as lost. Idempotent. */
    @Override
    public void close() {
        multicast.remove(this);
    }

    void add(final Reader reader) {
        final Reader[] more = Arrays.copyOf(readers, readers.length + 1);
        more[more.length - 1] = reader;
        readers = more;
    }

    void end() {
        for (final Reader reader : readers) {
            reader.close();
        }
    }
}
