/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.Graph;
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

    @Override
    public Integer call() {
        final Job wire = open -> new Graph().from(open.get(0)).to(open.get(1)).from(open.get(1)).to(open.get(0));
        return new Run(options, wire).with(PortArguments.drivers(ports));
    }
}
