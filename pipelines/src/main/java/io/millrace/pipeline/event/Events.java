/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortListener;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/**
 * Writes what happens to a data plane into recordings of the JDK Flight Recorder. While nobody records, ten times a
 * second somebody finds out that nobody does, and that is all.
 *
 * <p>Thread safety: {@link #watch} on the control loop, all else from any thread.
 */
public final class Events implements PortListener {
    private static final Duration INTERVAL = Duration.ofMillis(100);
    private static final String DROP = "/drop/";
    // Below it lost copies are counted; the packets themselves went on.
    private static final String COPIES = "multicast/";

    private final String dataplane;
    private final Counters counters;
    // Both of the control loop. Null while nobody records.
    private Map<String, Long> before;
    private long beforeNs;

    /**
     * Events of one data plane.
     *
     * @param dataplane its name.
     * @param counters  whose drops are watched.
     */
    public Events(final String dataplane, final Counters counters) {
        this.dataplane = dataplane;
        this.counters = counters;
    }

    /** Looks at the drop counters every 100 ms from now on, until the loop ends. Called once, on the loop. */
    public void watch(final ControlLoop control) {
        control.after(INTERVAL, () -> watch(control));
        look(System.nanoTime());
    }

    private void look(final long nowNs) {
        if (!new DropBurst().isEnabled() && !new RingFull().isEnabled()) {
            before = null;
            return;
        }
        final Map<String, Long> now = counters.snapshot();
        if (before != null) {
            now.forEach((name, packets) -> {
                final long more = packets - before.getOrDefault(name, 0L);
                if (more > 0 && name.contains(DROP) && !name.startsWith(COPIES)) {
                    dropped(name, more, nowNs - beforeNs);
                }
            });
        }
        before = now;
        beforeNs = nowNs;
    }

    private void dropped(final String counter, final long packets, final long intervalNs) {
        final DropBurst burst = new DropBurst();
        if (burst.isEnabled()) {
            burst.dataplane = dataplane;
            burst.counter = counter;
            burst.packets = packets;
            burst.interval = intervalNs;
            burst.rate = packets * 1e9 / intervalNs;
            burst.commit();
        }
        final RingFull full = new RingFull();
        if (full.isEnabled() && (counter.endsWith("/ring-full") || counter.endsWith("/handoff-full"))) {
            full.dataplane = dataplane;
            full.queue = counter.substring(0, counter.indexOf(DROP));
            full.packets = packets;
            full.interval = intervalNs;
            full.commit();
        }
    }

    @Override
    public void onLink(final Port port, final LinkState state, final String reason) {
        final LinkChange event = new LinkChange();
        if (event.isEnabled()) {
            event.dataplane = dataplane;
            event.port = port.name();
            event.state = state.name().toLowerCase(Locale.ROOT);
            event.reason = reason;
            event.commit();
        }
    }

    /**
     * A worker goes on that stood still.
     *
     * @param stalledNs for how long.
     * @param where     it was when that was noticed.
     */
    public void workerStalled(final String worker, final long stalledNs, final String where) {
        final WorkerStall event = new WorkerStall();
        if (event.isEnabled()) {
            event.dataplane = dataplane;
            event.worker = worker;
            event.stalled = stalledNs;
            event.where = where;
            event.commit();
        }
    }

    /**
     * Another graph runs.
     *
     * @param version how many graphs were started or applied so far.
     * @param added   nodes that are new.
     * @param kept    nodes that went on with their state.
     * @param removed nodes that are gone.
     * @param pauseNs for how long the slowest worker moved no packets.
     */
    public void graphSwapped(final long version, final int added, final int kept, final int removed,
                             final long pauseNs) {
        final GraphSwap event = new GraphSwap();
        if (event.isEnabled()) {
            event.dataplane = dataplane;
            event.version = version;
            event.added = added;
            event.kept = kept;
            event.removed = removed;
            event.pause = pauseNs;
            event.commit();
        }
    }
}
