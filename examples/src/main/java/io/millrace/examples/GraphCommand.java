/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.DataplaneException;
import io.millrace.pipeline.control.ControlClient;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** {@code millrace graph}. */
@Command(name = "graph", mixinStandardHelpOptions = true,
    description = "Shows the graph of a running process, and what goes over its wires in a second.")
final class GraphCommand implements Callable<Integer> {
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    @Mixin
    private Target target;

    @ArgGroup
    private Form form = new Form();

    /** How it is shown; text if nothing is said. */
    private static final class Form {
        @Option(names = "--dot", description = "print it in the language of Graphviz")
        private boolean isDot;

        @Option(names = "--svg", description = "print it as a picture, drawn by Graphviz")
        private boolean isSvg;

        @Option(names = "--json", description = "print JSON; its numbers count from the start of the process")
        private boolean isJson;
    }

    @Override
    public Integer call() {
        try (ControlClient client = target.connect()) {
            if (form.isJson) {
                System.out.println(client.ask("view", Map.of()));
                return 0;
            }
            final Interval interval = Interval.of(client, SECOND_NS);
            if (form.isSvg) {
                System.out.print(svg(ViewDot.of(interval)));
            } else if (form.isDot) {
                System.out.print(ViewDot.of(interval));
            } else {
                Rows.graph(interval).forEach(System.out::println);
            }
            return 0;
        }
    }

    private static String svg(final String dot) {
        final Process graphviz;
        try {
            graphviz = new ProcessBuilder("dot", "-Tsvg").redirectError(ProcessBuilder.Redirect.INHERIT).start();
        } catch (final IOException e) {
            throw new ConfigurationException("Graphviz draws the picture and is not installed: apt-get install "
                + "graphviz, or take --dot and draw it elsewhere");
        }
        try {
            // It reads all before it writes.
            graphviz.getOutputStream().write(dot.getBytes(StandardCharsets.UTF_8));
            graphviz.getOutputStream().close();
            final String svg = new String(graphviz.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (graphviz.waitFor() == 0) {
                return svg;
            }
            throw new DataplaneException("Graphviz could not draw the graph: try --dot");
        } catch (final IOException e) {
            throw new DataplaneException("Graphviz ended early: " + e.getMessage(), e);
        } catch (final InterruptedException e) {
            graphviz.destroy();
            Thread.currentThread().interrupt();
            throw new DataplaneException("interrupted while Graphviz drew", e);
        }
    }
}
