/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.DataplaneException;
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

    @Option(names = "--drops", description = "the packets that are dropped, instead of those on wires: an interface "
        + "for each place and reason, and the reason as the comment of each packet")
    private boolean isOfDrops;

    @Option(names = "--filter", paramLabel = "EXPRESSION",
        description = "only packets that pass this pcap expression, such as \"tcp port 443 and host 10.0.0.1\"")
    private String filter;

    @Option(names = "--count", paramLabel = "N", description = "stop after N packets")
    private Long count;

    @Option(names = "--snap", paramLabel = "BYTES", description = "keep at most so many bytes of each packet "
        + "(default: what a normal frame holds, so say 65536 to have all of jumbo packets)")
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
            Requests.CaptureState state =
                client.as(client.ask("capture", arguments()), Requests.CaptureState.class);
            System.err.println("capturing to " + file);
            try {
                while (!state.done() && !stop.await(LOOK_NS)) {
                    state = ask(client, "capture-state", state.name());
                }
                if (!state.done()) {
                    state = ask(client, "capture-stop", state.name());
                }
            } catch (final ConfigurationException e) {
                throw e;
            } catch (final DataplaneException e) {
                // It is a way to end, and the file is good so far.
                System.err.printf("%s, with at least %d packets captured%n", e.getMessage(), state.packets());
                return;
            }
            System.err.printf("%d packets captured, %d lost because the capture was too slow%n", state.packets(),
                state.lost());
            if (!state.failure().isEmpty()) {
                throw new ConfigurationException(state.failure());
            }
            if (!state.done()) {
                throw new ConfigurationException("whoever reads " + file + " does not: the capture goes on until the "
                    + "last packets are written");
            }
        }
    }

    private static Requests.CaptureState ask(final ControlClient client, final String request, final String name) {
        return client.as(client.ask(request, Map.of("name", name)), Requests.CaptureState.class);
    }

    private Map<String, Object> arguments() {
        final Map<String, Object> arguments = new HashMap<>(Map.of("file", file.toAbsolutePath().toString()));
        if (!wires.isEmpty()) {
            arguments.put("wires", String.join(",", wires));
        }
        if (isOfDrops) {
            arguments.put("drops", true);
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
