/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.virtqueue.conformance.Conformance;
import io.millrace.virtqueue.conformance.Scenario;
import io.millrace.virtqueue.conformance.Verdict;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** {@code millrace conformance}. */
@Command(name = "conformance", mixinStandardHelpOptions = true,
    description = "Plays a front-end and its guest at the socket of any vhost-user back-end, and says what it does as "
        + "it should.",
    footer = {"", "The back-end listens, and best sends packets back: millrace echo, or dpdk-testpmd with net_vhost,",
        "--forward-mode=macswap and --port-topology=loop.", "Exit code: 0, or 1 if a scenario failed."})
final class ConformanceCommand implements Callable<Integer> {
    private static final String PREFIX = "vhost-user:";

    @Parameters(paramLabel = "SOCKET", arity = "0..1", description = "where the back-end listens")
    private String socket;

    @Option(names = "--only", paramLabel = "REGEX", description = "only the scenarios whose names it finds")
    private String only = "";

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "for each answer and each packet (default: 3)")
    private double timeout = 3;

    @Option(names = "--list", description = "list the scenarios, their rules, and who broke them")
    private boolean isList;

    @Option(names = "--json", description = "print JSON, one object a line")
    private boolean isJson;

    @Override
    public Integer call() {
        final List<Scenario> scenarios = chosen();
        if (isList) {
            scenarios.forEach(scenario -> System.out.printf("%-34s %s (%s)%n", scenario.name(), scenario.rule(),
                scenario.origin()));
            return 0;
        }
        if (!(timeout >= 0.05 && timeout <= 3600)) {
            throw new ConfigurationException("--timeout is a number of seconds from 0.05 to 3600, not " + timeout);
        }
        final Conformance conformance = new Conformance(path(), Duration.ofMillis((long) (timeout * 1000)));
        final Map<Verdict.Result, Integer> counts = new LinkedHashMap<>();
        for (final Scenario scenario : scenarios) {
            final Verdict verdict = conformance.play(scenario);
            counts.merge(verdict.result(), 1, Integer::sum);
            System.out.println(isJson ? json(verdict) : text(verdict));
        }
        if (!isJson) {
            System.out.printf("%d passed, %d failed, %d skipped%n", counts.getOrDefault(Verdict.Result.PASS, 0),
                counts.getOrDefault(Verdict.Result.FAIL, 0), counts.getOrDefault(Verdict.Result.SKIP, 0));
        }
        return counts.containsKey(Verdict.Result.FAIL) ? 1 : 0;
    }

    private List<Scenario> chosen() {
        final Pattern pattern;
        try {
            pattern = Pattern.compile(only);
        } catch (final PatternSyntaxException e) {
            throw new ConfigurationException("--only is a regular expression: " + e.getDescription() + " in " + only);
        }
        final List<Scenario> scenarios =
            Conformance.scenarios().stream().filter(s -> pattern.matcher(s.name()).find()).toList();
        if (scenarios.isEmpty()) {
            throw new ConfigurationException("no scenario has a name with " + only + ": see --list");
        }
        return scenarios;
    }

    private Path path() {
        if (socket == null) {
            throw new ConfigurationException("say where the back-end listens: a socket's path, such as /run/vm0.sock");
        }
        final Path path = Path.of(socket.startsWith(PREFIX) ? socket.substring(PREFIX.length()) : socket);
        if (!Files.exists(path)) {
            throw new ConfigurationException("there is no socket " + path + ": start the back-end first, as a server");
        }
        return path;
    }

    private static String text(final Verdict verdict) {
        final String mark = verdict.result() == Verdict.Result.FAIL ? "FAIL" : verdict.result().name().toLowerCase();
        final String line = String.format("%s  %-34s %s", mark, verdict.scenario().name(), verdict.scenario().rule());
        return verdict.why().isEmpty() ? line : line + System.lineSeparator() + "      -> " + verdict.why();
    }

    private static String json(final Verdict verdict) {
        final Map<String, Object> object = new LinkedHashMap<>();
        object.put("scenario", verdict.scenario().name());
        object.put("result", verdict.result().name().toLowerCase());
        object.put("rule", verdict.scenario().rule());
        object.put("origin", verdict.scenario().origin());
        object.put("why", verdict.why());
        return Json.write(object);
    }
}
