/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.openjdk.jmh.Main;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code millrace bench}: JMH, but it says in one sentence what cannot be. Exit code 0: all was measured; 1: a
 * benchmark failed; 2: what was asked for cannot be.
 */
final class Bench {
    private static final String PACKAGE = "io.millrace.";

    private Bench() {
    }

    public static void main(final String... args) throws IOException {
        final List<String> words = Arrays.asList(args);
        if (words.contains("--help")) {
            help();
            return;
        }
        final CommandLineOptions options;
        try {
            options = new CommandLineOptions(args);
        } catch (final CommandLineOptionException e) {
            fail(2, e.getMessage() + "; ./millrace bench -h lists the options");
            return;
        }
        if (options.shouldHelp() || options.shouldList() || options.shouldListWithParams()
            || options.shouldListProfilers() || options.shouldListResultFormats()) {
            Main.main(args);
            return;
        }
        run(options, words);
    }

    private static void run(final CommandLineOptions options, final List<String> words) {
        final Set<BenchmarkListEntry> chosen = BenchmarkList.defaultList().find(
            OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), options.getIncludes(),
            options.getExcludes());
        final Set<String> parameters = new TreeSet<>();
        chosen.forEach(entry -> parameters.addAll(entry.getParams().orElse(Map.of()).keySet()));
        for (int i = 0; i < words.size() - 1; i++) {
            final String name = words.get(i + 1).replaceFirst("=.*", "");
            if (words.get(i).equals("-p") && !chosen.isEmpty() && !parameters.contains(name)) {
                fail(2, "none of the benchmarks has a parameter " + name + ", but " + parameters);
            }
        }
        try {
            new Runner(new OptionsBuilder().parent(options).shouldFailOnError(true).build()).run();
        } catch (final NoBenchmarksException e) {
            fail(2, "no benchmark is called like " + options.getIncludes() + ": ./millrace bench --help lists them");
        } catch (final RunnerException e) {
            fail(1, "a benchmark failed: " + e.getMessage());
        }
    }

    private static void help() {
        System.out.println("""
            Usage: millrace bench [REGEX...] [-p NAME=VALUE[,VALUE...]]... [JMH OPTION...]

            Runs the benchmarks whose full names REGEX is found in, or all, by JMH, with the parameters they have or
            the values given.

            Benchmarks, with the parameters they take:""");
        for (final BenchmarkListEntry entry : new TreeSet<>(BenchmarkList.defaultList().getAll(
            OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of()))) {
            System.out.print("  " + entry.getUsername().substring(PACKAGE.length()));
            entry.getParams().orElse(Map.of()).forEach((name, values) ->
                System.out.print("  " + name + "=" + String.join(",", values)));
            System.out.println();
        }
        System.out.println("""

            Options of JMH that are used most: -f 3 (processes), -i 10 -r 1 (measurements, seconds each), -wi and -w
            (those before, not counted), -t 2 (threads), -prof gc (what is allocated), -rf json -rff FILE (results).
            -jvmArgsAppend "-XX:-UseG1GC -XX:+UseZGC" takes another collector; JAVA_HOME says which JDK. -h lists all.

            What was measured, and how: pipelines/src/jmh/README.md""");
    }

    private static void fail(final int status, final String message) {
        System.err.println("millrace: " + message);
        System.exit(status);
    }
}
