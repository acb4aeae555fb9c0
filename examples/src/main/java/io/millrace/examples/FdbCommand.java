/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.control.ControlClient;
import io.millrace.pipeline.control.Requests;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code millrace fdb}. */
@Command(name = "fdb", mixinStandardHelpOptions = true,
    description = "Lists the stations that the learning switch of a running process knows: address, port, age.")
final class FdbCommand implements Callable<Integer> {
    private static final String ROW = "%-17s  %-16s %10s%n";

    @Mixin
    private Target target;

    @Option(names = "--node", paramLabel = "NAME", description = "of which switch, if the process runs several")
    private String node;

    @Option(names = "--flush", description = "make the switch forget them all instead")
    private boolean isFlushing;

    @Option(names = "--json", description = "print JSON")
    private boolean isJson;

    @Override
    public Integer call() {
        try (ControlClient client = target.connect()) {
            if (isFlushing) {
                flush(client);
            } else {
                list(client);
            }
            return 0;
        }
    }

    private Map<String, Object> arguments() {
        final Map<String, Object> arguments = new HashMap<>();
        if (node != null) {
            arguments.put("node", node);
        }
        return arguments;
    }

    private void flush(final ControlClient client) {
        final Requests.Flushed flushed = client.as(client.ask("fdb-flush", arguments()), Requests.Flushed.class);
        System.out.println(isJson ? Json.write(flushed) : flushed.node() + " has forgotten " + flushed.flushed()
            + (flushed.flushed() == 1 ? " station" : " stations"));
    }

    private void list(final ControlClient client) {
        final Map<String, Object> arguments = arguments();
        final List<Requests.StationState> stations = new ArrayList<>();
        Requests.Stations page;
        do {
            page = client.as(client.ask("fdb", arguments), Requests.Stations.class);
            stations.addAll(page.stations());
            arguments.put("from", page.next());
        } while (page.next() >= 0);
        stations.sort(Comparator.comparing(Requests.StationState::port).thenComparing(Requests.StationState::mac));
        if (isJson) {
            System.out.println(Json.write(Map.of("node", page.node(), "stations", stations)));
            return;
        }
        System.out.printf(ROW, "station", "port", "age");
        for (final Requests.StationState station : stations) {
            System.out.printf(ROW, station.mac(), station.port(), Math.round(station.ageSeconds()) + " s");
        }
    }
}
