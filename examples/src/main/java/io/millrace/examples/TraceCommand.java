/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.control.ControlClient;
import io.millrace.pipeline.multicast.Trace;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code millrace trace}. */
@Command(name = "trace", mixinStandardHelpOptions = true,
    description = "Follows the next packets through a running process: every wire they take, what nodes change on "
        + "them, and where they leave or end. The first 256 bytes of a packet are looked at.")
final class TraceCommand implements Callable<Integer> {
    @Mixin
    private Target target;

    @Option(names = "--filter", paramLabel = "EXPRESSION",
        description = "only packets that pass this pcap expression where they come in, such as "
            + "\"udp port 53 and net 10.0.0.0/8\"")
    private String filter;

    @Option(names = "--count", paramLabel = "N", description = "follow N packets, 1 to 100 (default: "
        + "${DEFAULT-VALUE})")
    private int count = 1;

    @Option(names = "--seconds", paramLabel = "N",
        description = "wait for them for N seconds at most (default: ${DEFAULT-VALUE})")
    private int seconds = 10;

    @Option(names = {"-w", "--write"}, paramLabel = "FILE",
        description = "also write a pcapng file, with a packet for each wire; emptied if it is there")
    private Path file;

    @Option(names = "--json", description = "print JSON, one object a line: a packet")
    private boolean isJson;

    @Override
    public Integer call() {
        try (ControlClient client = target.connect()) {
            // It answers when the time is over, and a little later.
            client.timeout(Duration.ofSeconds(seconds).plus(ControlClient.DEFAULT_TIMEOUT));
            final Map<String, Object> arguments = new HashMap<>(Map.of("count", count, "seconds", seconds));
            if (filter != null) {
                arguments.put("filter", filter);
            }
            final List<Trace> traces = List.of(client.as(client.ask("trace", arguments), Trace[].class));
            traces.forEach(trace -> System.out.println(isJson ? trace.toJson() : trace));
            if (file != null) {
                Trace.save(traces, file);
            }
            if (traces.size() < count) {
                System.err.printf("millrace trace: %s came%s within %d s%n",
                    traces.isEmpty() ? "no packet" : "only " + traces.size() + " of " + count + " packets",
                    filter == null ? "" : " through the filter", seconds);
            }
            return traces.isEmpty() ? 1 : 0;
        }
    }
}
