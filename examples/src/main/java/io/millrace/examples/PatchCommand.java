/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Port;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.Via;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code millrace patch}. */
@Command(name = "patch", mixinStandardHelpOptions = true,
    description = "Connects two ports as a wire does.")
final class PatchCommand implements Callable<Integer> {
    @Parameters(arity = "2", paramLabel = "PORT", description = "two ports, such as vhost-user:/run/vm0.sock")
    private String[] ports;

    @Mixin
    private RunOptions options;

    @Mixin
    private ViaOption nodes;

    @Override
    public Integer call() {
        final Via via = nodes.via();
        return new Run(options, open -> wire(open.get(0), open.get(1), via)).with(PortArguments.drivers(ports));
    }

    private static Graph wire(final Port one, final Port two, final Via via) {
        final Graph graph = new Graph();
        via.from(graph, one).to(two);
        return via.from(graph, two).to(one);
    }
}
