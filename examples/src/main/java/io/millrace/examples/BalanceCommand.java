/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.control.ControlClient;
import io.millrace.pipeline.control.Requests;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code millrace balance}. */
@Command(name = "balance", mixinStandardHelpOptions = true,
    description = "Says which worker of a running process should serve which queues, by what they cost, and moves them "
        + "with --apply.")
final class BalanceCommand implements Callable<Integer> {
    @Mixin
    private Target target;

    @Option(names = "--seconds", paramLabel = "N", description = "watch it for N seconds (default: ${DEFAULT-VALUE})")
    private int seconds = 5;

    @Option(names = "--apply", description = "move the queues while packets flow, if it is worth it; by default "
        + "nothing is changed")
    private boolean isToApply;

    @Option(names = "--json", description = "print JSON")
    private boolean isJson;

    @Override
    public Integer call() {
        try (ControlClient client = target.connect()) {
            client.timeout(Duration.ofSeconds(seconds).plus(ControlClient.DEFAULT_TIMEOUT));
            final Requests.BalanceState state = client.as(
                client.ask("balance", Map.of("seconds", seconds, "apply", isToApply)), Requests.BalanceState.class);
            if (isJson) {
                System.out.println(Json.write(state));
                return 0;
            }
            System.out.println(state.text());
            System.out.println(state.applied() ? "moved" : state.worthwhile()
                ? "nothing was changed: add --apply to move them"
                : "nothing was changed: the busiest worker would have about as much to do");
            return 0;
        }
    }
}
