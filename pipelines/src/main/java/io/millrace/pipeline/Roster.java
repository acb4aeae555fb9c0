/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The workers of a data plane, each of which keeps its name for good, whether it runs or not: counters carry it.
 *
 * <p>Thread safety: the data plane guards it.
 */
final class Roster {
    private final Dataplane dataplane;
    private final Set<String> named = new HashSet<>();
    private final Map<String, Worker> unnamed = new HashMap<>();

    Roster(final Dataplane dataplane) {
        this.dataplane = dataplane;
    }

    /** A worker that somebody asks for. Throws as {@link Dataplane#worker} says. */
    Worker named(final String name, final int cpu) {
        if (!Node.isName(name)) {
            throw new ConfigurationException("\"" + name + "\" is no name for a worker: use letters, digits, "
                + "'.', '_' and '-'");
        }
        if (named.contains(name) || unnamed.containsKey(name)) {
            throw new ConfigurationException("data plane " + dataplane.name() + " has a worker " + name
                + " already: place on that one, or take another name");
        }
        if (cpu != Worker.UNPINNED) {
            CpuList.check(new int[] {cpu});
        }
        named.add(name);
        return new Worker(dataplane, name, cpu);
    }

    /** The names that were asked for. */
    Set<String> names() {
        return new HashSet<>(named);
    }

    /**
     * A worker for what nobody placed: one for a CPU, and always the same one for a name.
     *
     * @param taken names that are taken; that of the worker is added.
     */
    Worker unnamed(final String wish, final int cpu, final Set<String> taken) {
        String candidate = NodeNames.free(wish, taken);
        while (unnamed.containsKey(candidate) && unnamed.get(candidate).cpu() != cpu) {
            candidate = NodeNames.free(wish, taken);
        }
        return unnamed.computeIfAbsent(candidate, name -> new Worker(dataplane, name, cpu));
    }
}
