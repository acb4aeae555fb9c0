/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;

/**
 * A place where packets end, for one reason: counts them, and shows them to whoever watches
 * ({@link Dataplane#watchDrops}). While nobody does, that costs one load a drop. {@link Node#drops} makes those of a
 * node.
 *
 * <p>Thread safety: {@link #drop} and {@link #dropAll} for the worker of its node; the rest from any thread.
 */
public final class DropPoint {
    private static final DropProbe[] NOBODY = {};

    private final String name;
    private final String place;
    private final DropReason reason;
    private final Counter counter;
    private DropWatch watch;
    private int version;
    private DropProbe[] probes = NOBODY;

    /**
     * A point that nobody watches.
     *
     * @param part   the part's name, without blanks: {@code learning-switch}, {@code vm0.tx0}.
     * @param place  the same for people: {@code node learning-switch}.
     * @param scope  of the part's counters.
     */
    DropPoint(final String part, final String place, final DropReason reason, final Counters.Scope scope) {
        this.name = part + '.' + reason.name();
        this.place = place;
        this.reason = reason;
        counter = scope.drops(reason);
    }

    /** Its name: the part's, and the reason, as in {@code learning-switch.hairpin}. */
    public String name() {
        return name;
    }

    /** The part that drops, for people: {@code node learning-switch}. */
    public String place() {
        return place;
    }

    /** Why it drops. */
    public DropReason reason() {
        return reason;
    }

    /** How many packets have ended here. */
    public long count() {
        return counter.get();
    }

    /** Drops packet {@code i}, which leaves {@code burst} by this. */
    public void drop(final Burst burst, final int i) {
        note(burst, i);
        burst.free(i);
    }

    /**
     * Drops all packets that have not left yet, and leaves {@code burst} empty.
     *
     * @return how many.
     */
    public int dropAll(final Burst burst) {
        if (probes.length > 0) {
            for (int i = 0; i < burst.size(); i++) {
                if (burst.has(i)) {
                    show(burst, i);
                }
            }
        }
        final int n = burst.freeAll();
        counter.add(n);
        return n;
    }

    /** Counts packet {@code i}, or a copy of it that was not made, and leaves it where it is. */
    void note(final Burst burst, final int i) {
        if (probes.length > 0) {
            show(burst, i);
        }
        counter.increment();
    }

    private void show(final Burst burst, final int i) {
        for (final DropProbe probe : probes) {
            try {
                probe.observe(burst, i);
            } catch (final Throwable e) {
                // It looks only: the packet ends here whatever it does.
                watch.failed(this, e);
            }
        }
    }

    /** Shows what ends here to these from now on. On the worker's thread. */
    void show(final DropProbe[] who, final DropWatch byWhom, final int itsVersion) {
        probes = who;
        watch = byWhom;
        version = itsVersion;
    }

    boolean isShown(final DropWatch byWhom, final int itsVersion) {
        return watch == byWhom && version == itsVersion;
    }

    /** For messages: {@code drop point learning-switch.hairpin}. */
    @Override
    public String toString() {
        return "drop point " + name;
    }
}
