/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.traffic.Traffic;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code millrace sink}. */
@Command(name = "sink", mixinStandardHelpOptions = true,
    description = "Takes packets that millrace generate made, and verifies their numbers and their content.")
final class SinkCommand implements Callable<Integer> {
    private static final String NAME = "sink";

    @Parameters(arity = "1", paramLabel = "PORT", description = "one port, such as vhost-user:/run/vm0.sock")
    private String port;

    @Option(names = "--flows", paramLabel = "N", order = 20, defaultValue = "4096",
        description = "follow the numbers of N flows at most (default: 4096)")
    private int flows;

    @Option(names = "--count", paramLabel = "N", order = 21, description = "stop when N packets have come")
    private Long count;

    @Mixin
    private HistogramFile histogram;

    @Mixin
    private RunOptions options;

    @Override
    public Integer call() {
        histogram.check();
        final Traffic traffic = Traffic.named(NAME).sinkOnly().tracked(flows);
        final long enough = count == null ? Long.MAX_VALUE : count;
        return new Run(options, new Verification(traffic, enough, histogram))
            .with(PortArguments.drivers(port), traffic);
    }

    /** One port, and a verifier behind it. */
    private record Verification(Traffic traffic, long enough, HistogramFile histogram) implements Job {
        @Override
        public Graph wire(final List<Port> ports) {
            return new Graph().from(ports.get(0)).to(ports.get(1));
        }

        @Override
        public boolean isDone() {
            return traffic.received() >= enough;
        }

        @Override
        public Optional<Outcome> outcome() {
            return Optional.of(Outcome.of(traffic.verdict(), histogram.written(Latencies.of(traffic, traffic))));
        }
    }
}
