/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.pipeline.control.ControlClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code millrace explain}. */
@Command(name = "explain", mixinStandardHelpOptions = true,
    description = "Says where the time of a running process goes, which stage to put on a worker of its own next, and "
        + "how much that would gain.")
final class ExplainCommand implements Callable<Integer> {
    private static final double WORTH_IT = 1.2;

    @Mixin
    private Target target;

    @Option(names = "--seconds", paramLabel = "N", description = "watch it for N seconds (default: 3)")
    private double seconds = 3;

    @Option(names = "--json", description = "print JSON")
    private boolean isJson;

    @Override
    public Integer call() {
        if (!(seconds > 0 && seconds <= 3600)) {
            throw new ConfigurationException("--seconds is a number of seconds above 0, at most 3600, not " + seconds);
        }
        try (ControlClient client = target.connect()) {
            final Explanation explanation = Explanation.of(Interval.of(client, (long) (seconds * 1e9)));
            if (explanation.workers().isEmpty()) {
                throw new ConfigurationException("no packet came in the " + seconds
                    + " seconds it was watched, so nothing was measured: send some through it");
            }
            if (isJson) {
                System.out.println(Json.write(Map.of("workers", explanation.workers(),
                    "split", explanation.split().map(List::of).orElse(List.of()))));
            } else {
                text(explanation, seconds).forEach(System.out::println);
            }
            return 0;
        }
    }

    static List<String> text(final Explanation explanation, final double seconds) {
        final List<String> text = new ArrayList<>();
        for (final Explanation.Cost cost : explanation.workers()) {
            text.add(String.format("worker %s: %.0f %% busy with %s, %.1f at a time; a packet costs it %.0f ns, so it "
                + "is full at %s", cost.worker(), cost.busyPercent(), Rows.perSecond(cost.packetsPerSecond()),
                cost.packetsPerPass(), cost.nsPerPacket(), Rows.perSecond(cost.fullLoad())));
            for (final Explanation.Stage stage : cost.stages()) {
                text.add(String.format("  %-36s %7.0f ns %4.0f %%", stage.label(), stage.nsPerPacket(),
                    stage.nsPerPacket() * 100 / cost.nsPerPacket()));
            }
        }
        text.add("");
        explanation.split().ifPresentOrElse(split -> split(explanation, split, seconds, text),
            () -> text.add("There is nothing to cut: no node and no transmit queue was measured."));
        return text;
    }

    private static void split(final Explanation explanation, final Explanation.Split split, final double seconds,
        final List<String> text) {
        final Explanation.Cost cost = explanation.workers().stream()
            .filter(worker -> worker.worker().equals(split.worker())).findFirst().orElseThrow();
        if (split.gain() < WORTH_IT) {
            final Explanation.Stage heaviest = cost.stages().stream()
                .max(Comparator.comparingDouble(Explanation.Stage::nsPerPacket)).orElseThrow();
            text.add(String.format("No cut is worth it: %s, the busiest worker, spends %.0f %% of its time on a packet "
                + "in one place (%s).", cost.worker(), heaviest.nsPerPacket() * 100 / cost.nsPerPacket(),
                heaviest.label()));
            text.add("Give its ports more queues, each with a worker, so that several do the same work.");
            return;
        }
        text.add("Split " + split.worker() + " next: it is the busiest worker, and so the first to be full. "
            + "Give a worker of its own to");
        text.add("  " + String.join(", ", split.move()));
        text.add(String.format("Then a packet costs the one %.0f ns and the other %.0f ns: full at %s, %.1f times as "
            + "much.", split.stayNs(), split.moveNs(), Rows.perSecond(split.fullLoad()), split.gain()));
        text.add("");
        text.add(String.format("This assumes that packets are as in the %.0f seconds just measured, that each worker "
            + "has a CPU of its own,", seconds));
        text.add("and that handing over costs nothing. It does cost something: measure again afterwards.");
        text.add(String.format("Packets came %.1f at a time; where more come at full load, each is cheaper.",
            cost.packetsPerPass()));
    }
}
