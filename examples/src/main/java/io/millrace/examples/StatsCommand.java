/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.CountersFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;

/** {@code millrace stats}. */
@Command(name = "stats", mixinStandardHelpOptions = true,
    description = "Reads the counters of running processes, without disturbing them.")
final class StatsCommand implements Callable<Integer> {
    // More often it would cost what it watches.
    private static final double SHORTEST_SECONDS = 0.05;
    private static final int LONGEST_SECONDS = 86_400;

    @Parameters(arity = "0..1", paramLabel = "PID", description = "the process; by default all of yours")
    private Long pid;

    @Option(names = "--watch", paramLabel = "SECONDS", arity = "0..1", fallbackValue = "1",
        description = "print rates every SECONDS (default: 1) until the process ends")
    private Double watch;

    @Option(names = "--all", description = "print every counter that counted something, by name")
    private boolean isAll;

    @Option(names = "--json", description = "print JSON, one object a line; it has every counter")
    private boolean isJson;

    @Override
    public Integer call() {
        if (watch != null && !(watch >= SHORTEST_SECONDS && watch <= LONGEST_SECONDS)) {
            throw new ConfigurationException("--watch is a number of seconds from " + SHORTEST_SECONDS + " to "
                + LONGEST_SECONDS + ", not " + watch);
        }
        final RuntimeFolder folder = RuntimeFolder.ofUser();
        final SortedMap<Long, Path> running = folder.counters();
        if (pid != null && !running.containsKey(pid)) {
            throw new ConfigurationException("process " + pid + " has no counters in " + folder.path()
                + ": there are " + (running.isEmpty() ? "none" : running.keySet()));
        }
        if (running.isEmpty()) {
            throw new ConfigurationException("nothing of yours runs: no counters in " + folder.path()
                + "; start something, or become the user who did");
        }
        if (watch != null) {
            if (pid == null && running.size() > 1) {
                throw new ConfigurationException("--watch needs a process, for several run: " + running.keySet());
            }
            final long chosen = pid == null ? running.firstKey() : pid;
            watch(chosen, running.get(chosen));
        } else if (pid != null) {
            show(pid, running.get(pid));
        } else {
            running.forEach(this::show);
        }
        return 0;
    }

    private void show(final long process, final Path path) {
        try (CountersFile file = CountersFile.open(path)) {
            if (!isJson) {
                System.out.println("process " + process + "  " + Target.command(process));
            }
            final Report report = new Report(System.out, isJson);
            final Map<String, Long> counters = file.snapshot();
            report.totals(seconds(process), process, counters, Optional.empty());
            if (isAll && !isJson) {
                report.counters(counters);
            }
        }
    }

    /** How long the process has run. */
    private static double seconds(final long process) {
        return ProcessHandle.of(process).flatMap(p -> p.info().startInstant())
            .map(start -> (System.currentTimeMillis() - start.toEpochMilli()) / 1e3).orElse(0.0);
    }

    private void watch(final long process, final Path path) {
        final Report report = new Report(System.out, isJson);
        final long startNs = System.nanoTime();
        final Optional<ProcessHandle> handle = ProcessHandle.of(process);
        try (CountersFile file = CountersFile.open(path)) {
            Map<String, Long> counters = file.snapshot();
            report.start(counters);
            // The file is deleted when the data plane closes; the mapping stays readable.
            // Whoever read the output may have gone.
            while (!System.out.checkError() && handle.isPresent() && handle.get().isAlive() && path.toFile().exists()) {
                Thread.sleep((long) (watch * 1000));
                counters = file.snapshot();
                report.rates((System.nanoTime() - startNs) / 1e9, counters, Optional.empty());
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
