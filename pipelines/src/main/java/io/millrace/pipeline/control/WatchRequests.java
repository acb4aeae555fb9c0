/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ConfigurationException;
import io.millrace.pipeline.Balance;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.filter.PacketFilter;
import io.millrace.pipeline.multicast.Trace;
import io.millrace.pipeline.multicast.Tracer;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * The requests that watch the running graph for a while and answer then. A client that goes does not want to know any
 * more: what it asked for ends, and changes nothing.
 *
 * <p>Thread safety: all methods from any thread.
 */
final class WatchRequests {
    private static final int MOST_PACKETS = 100;
    private static final int MOST_SECONDS = 3600;
    // Each has memory of its own for every worker.
    private static final int MOST_TRACES = 4;
    private static final Semaphore TRACES = new Semaphore(MOST_TRACES);

    private final Dataplane dataplane;

    WatchRequests(final Dataplane dataplane) {
        this.dataplane = dataplane;
    }

    void addTo(final Map<String, Request> table) {
        table.put("trace", new Request("the ways of the next packets that pass a pcap filter",
            List.of("filter", "count", "seconds"), this::trace));
        table.put("balance", new Request("who should serve which queues, by what they cost; moves them if told",
            List.of("seconds", "apply"), this::balance));
    }

    private List<Trace> trace(final Call call) {
        final PacketFilter filter = PacketFilter.compile(call.text("filter").orElse(""));
        final int count = (int) call.whole("count", 1, MOST_PACKETS).orElse(1);
        final long seconds = call.whole("seconds", 1, MOST_SECONDS).orElse(10);
        if (!TRACES.tryAcquire()) {
            throw new ConfigurationException(MOST_TRACES + " traces run already: end one");
        }
        try (Interruptible work = new Interruptible()) {
            call.closeWithClient(work::interrupt);
            return Tracer.of(dataplane).filter(filter).count(count).timeout(Duration.ofSeconds(seconds)).run();
        } finally {
            TRACES.release();
        }
    }

    private Requests.BalanceState balance(final Call call) throws InterruptedException {
        final long seconds = call.whole("seconds", 1, MOST_SECONDS).orElse(5);
        final boolean isToApply = call.is("apply");
        try (Interruptible work = new Interruptible()) {
            call.closeWithClient(work::interrupt);
            final Balance balance = dataplane.balance(Duration.ofSeconds(seconds));
            if (Thread.interrupted()) {
                throw new InterruptedException("whoever asked for the balance has gone");
            }
            final boolean isApplied = isToApply && balance.isWorthwhile();
            if (isApplied) {
                dataplane.apply(balance);
            }
            return new Requests.BalanceState(balance.toString(), balance.busiestBefore(), balance.busiestAfter(),
                balance.isWorthwhile(), isApplied);
        }
    }
}
