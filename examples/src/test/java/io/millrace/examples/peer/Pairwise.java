/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** A sample of combinations that has every pair of values which is in any of them: most faults need no third. */
final class Pairwise {
    private Pairwise() {
    }

    /**
     * Chooses, always the same from the same.
     *
     * @param all    every possible combination.
     * @param values its values, always as many and in the same places.
     */
    static <T> List<T> of(final List<T> all, final Function<T, List<?>> values) {
        final Set<String> missing = new HashSet<>();
        all.forEach(combination -> missing.addAll(pairs(values.apply(combination))));
        final List<T> chosen = new ArrayList<>();
        while (!missing.isEmpty()) {
            T best = null;
            int most = 0;
            for (final T combination : all) {
                final Set<String> gain = pairs(values.apply(combination));
                gain.retainAll(missing);
                if (gain.size() > most) {
                    best = combination;
                    most = gain.size();
                }
            }
            missing.removeAll(pairs(values.apply(best)));
            chosen.add(best);
        }
        return chosen;
    }

    private static Set<String> pairs(final List<?> values) {
        final Set<String> pairs = new HashSet<>();
        for (int i = 0; i < values.size(); i++) {
            for (int k = i + 1; k < values.size(); k++) {
                pairs.add(i + "=" + values.get(i) + " " + k + "=" + values.get(k));
            }
        }
        return pairs;
    }
}
