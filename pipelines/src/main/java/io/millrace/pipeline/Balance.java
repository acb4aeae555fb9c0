/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which worker should serve which queues, from what each independent part of the graph has cost lately: see
 * {@link Dataplane#balance}. The part that costs most is given away first, each to the worker that has least to do so
 * far. Parts that a user placed stay where they are, and count. Immutable.
 *
 * <pre>
 * worker            before  after  queues
 * worker-0            92 %   55 %  vm0/0
 * worker-1            18 %   55 %  vm2/0 + vm1/0
 * </pre>
 */
public final class Balance {
    private static final double WORTHWHILE = 0.1;

    private final Map<Worker, Load> loads;
    private final Map<PortEnd, Worker> queues;

    private Balance(final Map<Worker, Load> loads, final Map<PortEnd, Worker> queues) {
        this.loads = loads;
        this.queues = queues;
    }

    /** What one worker has to do. */
    private static final class Load {
        private double before;
        private double after;
        private final List<String> kept = new ArrayList<>();
        private final List<String> given = new ArrayList<>();
        private final List<String> taken = new ArrayList<>();
    }

    /** A part that runs on one worker, and the share of the time that it takes. */
    private record Part(Worker worker, List<PortEnd> queues, double share) {
        private String text() {
            final List<String> names = new ArrayList<>();
            queues.forEach(queue -> names.add(queue.port().name() + '/' + queue.queue()));
            return String.join(" ", names);
        }
    }

    /**
     * Works it out.
     *
     * @param shares that run.
     * @param placed the workers that users placed something on.
     * @param before what was counted at the beginning.
     * @param after  what was counted at the end.
     * @param timeNs in between.
     */
    static Balance of(final Map<Worker, List<Section>> shares, final Placement placed, final Map<String, Long> before,
                      final Map<String, Long> after, final long timeNs) {
        final Map<Worker, Load> loads = new LinkedHashMap<>();
        final List<Part> free = new ArrayList<>();
        final Map<PortEnd, Worker> queues = new LinkedHashMap<>();
        shares.forEach((worker, share) -> {
            final Load load = loads.computeIfAbsent(worker, w -> new Load());
            for (final Section section : share) {
                final Part part = new Part(worker, section.rx(), Cost.of(section, before, after) / timeNs);
                load.before += part.share;
                if (placed.workers().contains(worker)) {
                    load.after += part.share;
                    load.kept.add(part.text());
                    part.queues.forEach(queue -> queues.put(queue, worker));
                } else {
                    free.add(part);
                }
            }
        });
        free.sort(Comparator.comparingDouble(part -> -part.share));
        for (final Part part : free) {
            Worker least = part.worker;
            for (final Worker worker : loads.keySet()) {
                if (!placed.workers().contains(worker) && loads.get(worker).after < loads.get(least).after) {
                    least = worker;
                }
            }
            loads.get(least).after += part.share;
            for (final PortEnd queue : part.queues) {
                queues.put(queue, least);
            }
            if (least == part.worker) {
                loads.get(least).kept.add(part.text());
            } else {
                loads.get(least).taken.add(part.text());
                loads.get(part.worker).given.add(part.text());
            }
        }
        return new Balance(loads, queues);
    }

    /** The share of its time that the busiest worker is busy now: 0 to about 1. */
    public double busiestBefore() {
        return loads.values().stream().mapToDouble(load -> load.before).max().orElse(0);
    }

    /** What that share is expected to be: the same packets, at the same cost for each. */
    public double busiestAfter() {
        return loads.values().stream().mapToDouble(load -> load.after).max().orElse(0);
    }

    /** Whether it relieves the busiest worker by a tenth of its time or more. Less is within what loads vary by. */
    public boolean isWorthwhile() {
        return busiestBefore() - busiestAfter() >= WORTHWHILE;
    }

    /** Who is to poll which queue. */
    Map<PortEnd, Worker> queues() {
        return queues;
    }

    /** A line for each worker: its share of busy time before and after, and the queues it keeps, takes, gives away. */
    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder(String.format("%-16s %7s %6s  %s", "worker", "before", "after",
            "queues"));
        loads.forEach((worker, load) -> {
            text.append(String.format(Locale.ROOT, "%n%-16s %5.0f %% %4.0f %%  %s", worker.name(), 100 * load.before,
                100 * load.after, String.join(" ", load.kept)));
            load.taken.forEach(part -> text.append(" + ").append(part));
            load.given.forEach(part -> text.append(" - ").append(part));
        });
        return text.toString();
    }
}
