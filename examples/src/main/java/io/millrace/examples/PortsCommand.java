/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import com.google.gson.JsonElement;
import io.millrace.pipeline.control.ControlClient;
import io.millrace.pipeline.control.Requests;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.Map;
import java.util.concurrent.Callable;

/** {@code millrace ports}. */
@Command(name = "ports", mixinStandardHelpOptions = true,
    description = "Lists the ports of a running process, and how their links are.")
final class PortsCommand implements Callable<Integer> {
    private static final String ROW = "%4s  %-16s %-12s %-6s %6s%n";

    @Mixin
    private Target target;

    @Option(names = "--json", description = "print JSON")
    private boolean isJson;

    @Override
    public Integer call() {
        try (ControlClient client = target.connect()) {
            final JsonElement answer = client.ask("ports", Map.of());
            if (isJson) {
                System.out.println(answer);
                return 0;
            }
            System.out.printf(ROW, "id", "port", "type", "link", "queues");
            for (final Requests.PortState port : client.as(answer, Requests.PortState[].class)) {
                System.out.printf(ROW, port.id(), port.name(), port.type(), port.link(), port.queues());
            }
            return 0;
        }
    }
}
