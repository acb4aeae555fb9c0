/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * {@code millrace bench}, for the list of commands: the launcher runs it itself, from the classes of {@code src/jmh},
 * which are in none of the jars.
 */
@Command(name = "bench", description = "Runs the benchmarks, by JMH.")
final class BenchCommand implements Callable<Integer> {
    @Unmatched
    private List<String> ignored = new ArrayList<>();

    @Override
    public Integer call() {
        throw new ConfigurationException(
            "the benchmarks are in none of the jars: run ./millrace bench in a checkout of the sources");
    }
}
