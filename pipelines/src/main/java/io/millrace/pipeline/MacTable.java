/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.security.SecureRandom;

/**
 * Which MAC address was last seen on which port. Bounded, without allocation, one number an entry:
 *
 * <pre>
 *  63                                      16 15      8 7       0
 * +------------------------------------------+---------+---------+
 * |  MAC address                             |  port   |  epoch  |    0 = free
 * +------------------------------------------+---------+---------+
 * </pre>
 *
 * <p>Time is counted in epochs, a hundredth of the lifetime each. An entry is written only when something in it
 * changes, so a busy station costs one store an epoch instead of one a packet.
 *
 * <p>Open addressing with linear probing. The hash has a secret multiplier and a search ends after a fixed number of
 * steps: stations that choose their addresses cannot make the others slow.
 *
 * <p>Thread safety: none.
 */
final class MacTable {
    /** No entry. */
    static final int NONE = -1;
    /** The address was known on that port. */
    static final int KNOWN = 0;
    /** The address is new. */
    static final int LEARNED = 1;
    /** The address was known on another port. */
    static final int MOVED = 2;
    /** There is no room for the address. */
    static final int FULL = 3;

    private static final int LIFETIME_EPOCHS = 100;
    private static final int EPOCH_MASK = 0xff;
    private static final int PORT_SHIFT = 8;
    private static final int PORT_MASK = 0xff;
    private static final int MAC_SHIFT = 16;
    private static final int MAX_PROBES = 32;
    private static final int MIN_SWEEP = 1024;

    private final long[] entries;
    private final int mask;
    private final int hashShift;
    private final long multiplier;
    private final int capacity;
    private final long epochNs;
    private final int sweepLength;
    private long startNs;
    private int epoch;
    private int size;
    private int sweepAt;

    /**
     * An empty table.
     *
     * @param capacity   the most entries, 1 or more.
     * @param lifetimeNs how long an entry lasts after its station was last seen.
     * @param nowNs      {@link System#nanoTime()}.
     * @param tickNs     how often {@link #tick} will be called.
     */
    MacTable(final int capacity, final long lifetimeNs, final long nowNs, final long tickNs) {
        this.capacity = capacity;
        // At most half full, so that probes stay short.
        final int length = Math.max(64, Integer.highestOneBit(Math.max(1, capacity * 2 - 1)) << 1);
        this.entries = new long[length];
        this.mask = length - 1;
        this.hashShift = Long.SIZE - Integer.numberOfTrailingZeros(length);
        this.multiplier = new SecureRandom().nextLong() | 1;
        this.epochNs = Math.max(1, lifetimeNs / LIFETIME_EPOCHS);
        this.startNs = nowNs;
        // All is swept within a quarter of a lifetime: an entry must not live to see its epoch number again.
        this.sweepLength = (int) Math.min(length, Math.max(MIN_SWEEP, length / Math.max(1, lifetimeNs / 4 / tickNs)));
    }

    /** How many entries there are, counting those that have expired and were not swept yet. */
    int size() {
        return size;
    }

    /**
     * Takes note that a station was seen.
     *
     * @param mac  as in {@link io.millrace.packet.MacAddress}; not 0.
     * @param port 0 to 255.
     * @return {@link #KNOWN}, {@link #LEARNED}, {@link #MOVED} or {@link #FULL}.
     */
    int learn(final long mac, final int port) {
        final long fresh = mac << MAC_SHIFT | (long) port << PORT_SHIFT | epoch;
        int at = home(mac);
        for (int probe = 0; probe < MAX_PROBES; probe++) {
            final long entry = entries[at];
            if (entry == fresh) {
                return KNOWN;
            }
            if (entry >>> MAC_SHIFT == mac) {
                entries[at] = fresh;
                return port(entry) == port ? KNOWN : isExpired(entry) ? LEARNED : MOVED;
            }
            if (entry == 0) {
                if (size == capacity) {
                    return FULL;
                }
                entries[at] = fresh;
                size++;
                return LEARNED;
            }
            at = at + 1 & mask;
        }
        return FULL;
    }

    /**
     * Where a station is.
     *
     * @param mac as in {@link io.millrace.packet.MacAddress}.
     * @return its port, or {@link #NONE} if it was not seen lately.
     */
    int lookup(final long mac) {
        int at = home(mac);
        for (int probe = 0; probe < MAX_PROBES; probe++) {
            final long entry = entries[at];
            if (entry >>> MAC_SHIFT == mac) {
                return entry == 0 || isExpired(entry) ? NONE : port(entry);
            }
            if (entry == 0) {
                return NONE;
            }
            at = at + 1 & mask;
        }
        return NONE;
    }

    /**
     * Moves the clock on and takes out some of what has expired.
     *
     * @return how many entries were taken out.
     */
    int tick(final long nowNs) {
        epoch = (int) ((nowNs - startNs) / epochNs) & EPOCH_MASK;
        final int before = size;
        for (int steps = 0; steps < sweepLength; steps++) {
            // What moves up into the place of a removed entry is looked at in turn.
            while (entries[sweepAt] != 0 && isExpired(entries[sweepAt])) {
                remove(sweepAt);
            }
            sweepAt = sweepAt + 1 & mask;
        }
        return before - size;
    }

    // Moves later entries of the chain up instead of leaving a mark: searches never get longer by what was here once.
    private void remove(final int index) {
        int hole = index;
        int at = index + 1 & mask;
        while (entries[at] != 0) {
            final int distance = at - home(entries[at] >>> MAC_SHIFT) & mask;
            if (distance >= (at - hole & mask)) {
                entries[hole] = entries[at];
                hole = at;
            }
            at = at + 1 & mask;
        }
        entries[hole] = 0;
        size--;
    }

    private boolean isExpired(final long entry) {
        return ((epoch - (int) entry) & EPOCH_MASK) > LIFETIME_EPOCHS;
    }

    private int home(final long mac) {
        return (int) (mac * multiplier >>> hashShift);
    }

    private static int port(final long entry) {
        return (int) (entry >>> PORT_SHIFT) & PORT_MASK;
    }
}
