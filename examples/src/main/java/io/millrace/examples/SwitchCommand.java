/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.Via;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import java.util.List;
import java.util.concurrent.Callable;

/** {@code millrace switch}. */
@Command(name = "switch", mixinStandardHelpOptions = true,
    description = "Connects ports as a learning switch does.")
final class SwitchCommand implements Callable<Integer> {
    @Parameters(arity = "2..*", paramLabel = "PORT",
        description = "two ports or more, such as vhost-user:/run/vm0.sock")
    private String[] ports;

    @Mixin
    private RunOptions options;

    @Mixin
    private ViaOption nodes;

    @Override
    public Integer call() {
        final Via via = nodes.via();
        return new Run(options, open -> wire(open, via)).with(PortArguments.drivers(ports));
    }

    /** All ports around one switch. */
    static Graph wire(final List<Port> ports) {
        return wire(ports, Via.parse(List.of()));
    }

    private static Graph wire(final List<Port> ports, final Via via) {
        final LearningSwitch bridge = new LearningSwitch(ports.size());
        final Graph graph = new Graph();
        for (final Port port : ports) {
            via.from(graph, port).to(bridge);
            graph.from(bridge.port(port.id())).to(port);
        }
        return graph;
    }
}
