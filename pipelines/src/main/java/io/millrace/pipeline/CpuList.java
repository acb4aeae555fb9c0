/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import io.millrace.linux.Cpus;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The CPUs that workers are to be pinned to. */
final class CpuList {
    private CpuList() {
    }

    /**
     * Checks a list before anything is opened for it.
     *
     * @throws ConfigurationException if one CPU is listed twice or is not for this process to use.
     */
    static void check(final int[] cpus) {
        final int[] available = cpus.length == 0 ? cpus : Cpus.available();
        for (final int cpu : cpus) {
            if (IntStream.of(available).noneMatch(other -> other == cpu)) {
                throw new ConfigurationException("CPU " + cpu + " is not available to this process: choose from "
                    + Arrays.toString(available));
            }
        }
        if (IntStream.of(cpus).distinct().count() < cpus.length) {
            throw new ConfigurationException("a CPU is listed twice in " + Arrays.toString(cpus)
                + ": a worker needs one of its own");
        }
    }
}
