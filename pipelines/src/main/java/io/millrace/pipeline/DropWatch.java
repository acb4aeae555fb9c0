/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Who looks at what one worker drops, whatever program it runs.
 *
 * <p>Thread safety: the worker's thread.
 */
final class DropWatch {
    private final Worker worker;
    private final FaultLog faults;
    private final List<DropPoint> points = new ArrayList<>();
    private List<DropProbe.Maker> makers = List.of();
    private int version;

    DropWatch(final Worker worker, final FaultLog faults) {
        this.worker = worker;
        this.faults = faults;
    }

    /** Shows all points to these from now on, and to nobody else. */
    void by(final List<DropProbe.Maker> those) {
        makers = List.copyOf(those);
        version++;
        points.forEach(this::show);
    }

    /** Forgets all points: another program begins, and says which it has. */
    void clear() {
        points.clear();
    }

    /** Watches a point, too. */
    void add(final DropPoint point) {
        points.add(point);
        // One that was in the program before keeps its probes.
        if (!point.isShown(this, version)) {
            show(point);
        }
    }

    private void show(final DropPoint point) {
        final List<DropProbe> probes = new ArrayList<>();
        for (final DropProbe.Maker maker : makers) {
            try {
                probes.add(maker.probe(worker, point));
            } catch (final Throwable e) {
                failed(point, e);
            }
        }
        probes.removeIf(Objects::isNull);
        point.show(probes.toArray(new DropProbe[0]), this, version);
    }

    void failed(final DropPoint point, final Throwable fault) {
        faults.report("a probe of " + point, fault);
    }
}
