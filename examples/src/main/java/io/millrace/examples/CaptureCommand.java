/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.pipeline.control.ControlClient;
import io.millrace.pipeline.control.Requests;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** {@code millrace capture}. */
@Command(name = "capture", mixinStandardHelpOptions = true,
    description = "Writes the packets of a running process to a pcapng file that Wireshark opens, one interface for "
        + "each wire, until Ctrl-C or --count.")
final class CaptureCommand implements Callable<Integer> {
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(100);

    @Mixin
    private Target target;

    @Option(names = {"-w", "--write"}, paramLabel = "FILE", required = true,
        description = "the pcapng file, which the process that is captured writes; emptied if it is there")
    private Path file;

    @Option(names = "--wire", paramLabel = "NAME", split = ",",
        description = "only these wires, such as vm0-learning-switch (from what to what); by default all")
    private List<String> wires = List.of();

    @Option(names = "--filter", paramLabel = "EXPRESSION",
        description = "only packets that pass this pcap expression, such as \"tcp port 443 and host 10.0.0.1\"")
    private String filter;

    @Option(names = "--count", paramLabel = "N", description = "stop after N packets")
    private Long count;

    @Option(names = "--snap", paramLabel = "BYTES", description = "keep at most so many bytes of each packet")
    private Integer snap;

    @Override
    public Integer call() {
        try (Stop stop = new Stop()) {
            capture(stop);
            stop.exitIfSignalled(0);
            return 0;
        }
    }

    private void capture(final Stop stop) {
        try (ControlClient client = target.connect()) {
            final String name = client.as(client.ask("capture", arguments()), Requests.CaptureState.class).name();
            System.err.println("capturing to " + file);
            Requests.CaptureState state = state(client, name);
            while (!state.done() && !stop.await(LOOK_NS)) {
                state = state(client, name);
            }
            System.err.printf("%d packets captured, %d lost because the capture was too slow%n", state.packets(),
                state.lost());
            if (!state.failure().isEmpty()) {
                throw new ConfigurationException(state.failure());
            }
        }
    }

    private static Requests.CaptureState state(final ControlClient client, final String name) {
        return client.as(client.ask("capture-state", Map.of("name", name)), Requests.CaptureState.class);
    }

    private Map<String, Object> arguments() {
        final Map<String, Object> arguments = new HashMap<>(Map.of("file", file.toAbsolutePath().toString()));
        if (!wires.isEmpty()) {
            arguments.put("wires", String.join(",", wires));
        }
        if (filter != null) {
            arguments.put("filter", filter);
        }
        if (count != null) {
            arguments.put("count", count);
        }
        if (snap != null) {
            arguments.put("snap", snap);
        }
        return arguments;
    }
}
