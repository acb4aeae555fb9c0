/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.MacSwap;
import io.millrace.pipeline.Via;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import java.util.List;
import java.util.concurrent.Callable;

/** {@code millrace echo}. */
@Command(name = "echo", mixinStandardHelpOptions = true,
    description = "Swaps the MAC addresses of each packet and sends it back through the queue it came from.")
final class EchoCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "PORT",
        description = "one port or more, such as vhost-user:/run/vm0.sock")
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

    /** One of each node for each queue of each port, so that queues can have workers of their own. */
    private static Graph wire(final List<Port> ports, final Via via) {
        final Graph graph = new Graph();
        for (final Port port : ports) {
            for (int queue = 0; queue < port.queues(); queue++) {
                final MacSwap swap = new MacSwap();
                via.from(graph, port, queue).to(swap);
                graph.from(swap.out()).to(port, queue);
            }
        }
        return graph;
    }
}
