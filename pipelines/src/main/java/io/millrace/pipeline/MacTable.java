/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

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
 * <p>An address is in one of the 32 places from where its hash points to. The hash has a secret multiplier and a search
 * ends after these places: stations that choose their addresses cannot make the others slow. A search that finds its
 * address ends there, mostly at the first or second place; one that does not looks at all of them, for the places in
 * front may have become free since. So an entry never moves, and taking it out is a single write.
 *
 * <p>Thread safety: any number of workers use it at the same time. An entry is one number and changes by compare and
 * set, so whoever reads it gets an address, and the port and the time of one sighting. Nobody waits for another worker:
 * who loses a race has seen that somebody else got on, and looks again. Two workers that see a new station at the same
 * moment may each enter it; both look again after writing, at least one finds the other's entry, and the one farther
 * back goes.
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

    private static final VarHandle ENTRIES = MethodHandles.arrayElementVarHandle(long[].class);
    /** Another worker was quicker. */
    private static final int AGAIN = -1;
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
    private final long startNs;
    private final AtomicLong epochs = new AtomicLong();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicInteger sweepAt = new AtomicInteger();

    /**
     * An empty table.
     *
     * @param capacity   the most entries, 1 or more; workers that enter one at the same moment may go beyond it.
     * @param lifetimeNs how long an entry lasts after its station was last seen.
     * @param nowNs      {@link System#nanoTime()}.
     * @param tickNs     how often {@link #tick} will be called.
     */
    MacTable(final int capacity, final long lifetimeNs, final long nowNs, final long tickNs) {
        this.capacity = capacity;
        // At most half full, so that few places are taken by others.
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
        return size.get();
    }

    /**
     * Takes note that a station was seen.
     *
     * @param mac  as in {@link io.millrace.packet.MacAddress}; not 0.
     * @param port 0 to 255.
     * @return {@link #KNOWN}, {@link #LEARNED}, {@link #MOVED} or {@link #FULL}.
     */
    int learn(final long mac, final int port) {
        int outcome;
        do {
            outcome = tryLearn(mac, mac << MAC_SHIFT | (long) port << PORT_SHIFT | epoch());
        } while (outcome == AGAIN);
        return outcome;
    }

    private int tryLearn(final long mac, final long fresh) {
        final int home = home(mac);
        int free = NONE;
        for (int probe = 0; probe < MAX_PROBES; probe++) {
            final int at = home + probe & mask;
            final long entry = entry(at);
            if (entry == fresh) {
                return KNOWN;
            }
            if (entry >>> MAC_SHIFT == mac) {
                return renew(at, entry, fresh);
            }
            if (entry == 0 && free == NONE) {
                free = at;
            }
        }
        return free == NONE ? FULL : enter(home, free, fresh);
    }

    private int renew(final int at, final long entry, final long fresh) {
        if (!ENTRIES.compareAndSet(entries, at, entry, fresh)) {
            return AGAIN;
        }
        return port(entry) == port(fresh) ? KNOWN : isExpired(entry) ? LEARNED : MOVED;
    }

    private int enter(final int home, final int free, final long fresh) {
        if (size.get() >= capacity) {
            return FULL;
        }
        if (!ENTRIES.compareAndSet(entries, free, 0L, fresh)) {
            return AGAIN;
        }
        size.incrementAndGet();
        removeTwins(home, fresh >>> MAC_SHIFT);
        return LEARNED;
    }

    /** Leaves the first entry of an address and takes out those behind it. */
    private void removeTwins(final int home, final long mac) {
        boolean isFound = false;
        for (int probe = 0; probe < MAX_PROBES; probe++) {
            final int at = home + probe & mask;
            final long entry = (long) ENTRIES.getVolatile(entries, at);
            if (entry >>> MAC_SHIFT == mac) {
                if (isFound) {
                    remove(at, entry);
                }
                isFound = true;
            }
        }
    }

    /**
     * Where a station is.
     *
     * @param mac as in {@link io.millrace.packet.MacAddress}.
     * @return its port, or {@link #NONE} if it was not seen lately.
     */
    int lookup(final long mac) {
        if (mac == 0) {
            return NONE;
        }
        final int home = home(mac);
        for (int probe = 0; probe < MAX_PROBES; probe++) {
            final long entry = entry(home + probe & mask);
            if (entry >>> MAC_SHIFT == mac) {
                return isExpired(entry) ? NONE : port(entry);
            }
        }
        return NONE;
    }

    /**
     * Copies entries that have not expired, as they are but for an age in place of the epoch; {@link #copiedMac} and
     * its neighbours read them.
     *
     * @param from where to begin: 0, or what was returned before.
     * @param into filled from its beginning; what follows is left as it is.
     * @return where to go on, or {@link #NONE} if this was all.
     */
    int copy(final int from, final long[] into) {
        int count = 0;
        for (int at = from; at < entries.length; at++) {
            final long entry = entry(at);
            if (entry != 0 && !isExpired(entry)) {
                if (count == into.length) {
                    return at;
                }
                into[count++] = entry & ~(long) EPOCH_MASK | epoch() - (int) entry & EPOCH_MASK;
            }
        }
        return NONE;
    }

    /** The address in a copied entry. */
    static long copiedMac(final long copied) {
        return copied >>> MAC_SHIFT;
    }

    /** The port in a copied entry. */
    static int copiedPort(final long copied) {
        return port(copied);
    }

    /** The age in a copied entry, in parts of the lifetime: 0 to 1. */
    static double copiedAge(final long copied) {
        return (double) (copied & EPOCH_MASK) / LIFETIME_EPOCHS;
    }

    /** Takes out all entries that are there now. Returns how many. */
    int clear() {
        return clear(NONE);
    }

    /** Takes out all entries of a port, or of all for {@link #NONE}, that are there now. Returns how many. */
    int clear(final int port) {
        int removed = 0;
        for (int at = 0; at < entries.length; at++) {
            final long entry = entry(at);
            if (entry != 0 && (port == NONE || port(entry) == port) && remove(at, entry)) {
                removed++;
            }
        }
        return removed;
    }

    /**
     * Moves the clock on and takes out some of what has expired. Several workers that call this share the work.
     *
     * @return how many entries were taken out.
     */
    int tick(final long nowNs) {
        final long now = (nowNs - startNs) / epochNs;
        final long before = epochs.get();
        // Another worker may have been asked for the time a little later.
        if (now > before) {
            epochs.compareAndSet(before, now);
        }
        int removed = 0;
        final int first = sweepAt.getAndAdd(sweepLength);
        for (int step = 0; step < sweepLength; step++) {
            final int at = first + step & mask;
            final long entry = entry(at);
            if (entry != 0 && isExpired(entry) && remove(at, entry)) {
                removed++;
            }
        }
        return removed;
    }

    private boolean remove(final int at, final long entry) {
        final boolean isRemoved = ENTRIES.compareAndSet(entries, at, entry, 0L);
        if (isRemoved) {
            size.decrementAndGet();
        }
        return isRemoved;
    }

    private long entry(final int at) {
        return (long) ENTRIES.getAcquire(entries, at);
    }

    private int epoch() {
        return (int) epochs.get() & EPOCH_MASK;
    }

    private boolean isExpired(final long entry) {
        // The clock is read after the entry, so it is never behind the one who wrote that.
        return (epoch() - (int) entry & EPOCH_MASK) > LIFETIME_EPOCHS;
    }

    // Twice: after one multiplication addresses in a row would lie in a row, for some multipliers in the same places.
    private int home(final long mac) {
        final long once = mac * multiplier;
        return (int) ((once ^ once >>> Integer.SIZE) * multiplier >>> hashShift);
    }

    private static int port(final long entry) {
        return (int) (entry >>> PORT_SHIFT) & PORT_MASK;
    }
}
