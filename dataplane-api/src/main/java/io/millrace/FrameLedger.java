/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Who holds which frame. Kept only with assertions on: it finds double frees where they happen and names the holders of
 * frames that are missing at close.
 *
 * <p>Thread safety: any thread.
 */
final class FrameLedger {
    private static final int FREE = 0;

    private final AtomicIntegerArray holderOf;
    private final List<String> holders = new ArrayList<>(List.of("nobody"));

    FrameLedger(final int frames) {
        holderOf = new AtomicIntegerArray(frames);
    }

    synchronized int holder(final String name) {
        holders.add(name);
        return holders.size() - 1;
    }

    void taken(final int frame, final int holder) {
        if (!holderOf.compareAndSet(frame, FREE, holder)) {
            throw new AssertionError("frame " + frame + " was handed out twice");
        }
    }

    void given(final int frame, final String by) {
        if (holderOf.getAndSet(frame, FREE) == FREE) {
            throw new AssertionError("frame " + frame + " was freed twice, now by " + by);
        }
    }

    synchronized String missing() {
        final Map<String, Integer> counts = new TreeMap<>();
        for (int frame = 0; frame < holderOf.length(); frame++) {
            final int holder = holderOf.get(frame);
            if (holder != FREE) {
                counts.merge(holders.get(holder), 1, Integer::sum);
            }
        }
        final StringBuilder text = new StringBuilder();
        counts.forEach((who, n) ->
            text.append(text.length() == 0 ? "" : ", ").append(n).append(" taken by ").append(who));
        return text.toString();
    }
}
