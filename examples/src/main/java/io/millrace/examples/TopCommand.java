/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.control.ControlClient;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** {@code millrace top}. */
@Command(name = "top", mixinStandardHelpOptions = true,
    description = "Shows what a running process does, every second anew: how busy each worker is, the rates of ports "
        + "and queues, what a packet costs in each node, drops by name. Ends at q.")
final class TopCommand implements Callable<Integer> {
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    @Mixin
    private Target target;

    @Option(names = "--once", description = "print one second as plain text, as is done where no terminal is")
    private boolean isOnce;

    @Option(names = "--json", description = "print one second as JSON")
    private boolean isJson;

    @Override
    public Integer call() throws IOException {
        try (ControlClient client = target.connect()) {
            if (isJson) {
                System.out.println(Json.write(Interval.of(client, SECOND_NS)));
                return 0;
            }
            if (!isOnce) {
                try (Terminal terminal = TerminalBuilder.builder().system(true).dumb(true)
                    .systemOutput(TerminalBuilder.SystemOutput.SysOut).build()) {
                    if (!terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
                        return live(client, terminal);
                    }
                }
            }
            Rows.top(Interval.of(client, SECOND_NS)).forEach(System.out::println);
            return 0;
        }
    }

    private static int live(final ControlClient client, final Terminal terminal) throws IOException {
        try (Screen screen = new Screen(terminal)) {
            Interval.Look before = Interval.Look.at(client);
            while (!screen.isLeft(SECOND_NS)) {
                final Interval.Look now = Interval.Look.at(client);
                screen.show(Rows.top(Interval.between(before, now)));
                before = now;
            }
            return 0;
        }
    }
}
