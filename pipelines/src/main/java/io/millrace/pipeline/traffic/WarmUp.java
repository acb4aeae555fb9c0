/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.ConfigurationException;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.Idle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Lets the JVM compile a graph before the first packet of a peer comes: runs another graph of the same kind on ports of
 * memory, in a data plane of its own that is gone afterwards. Code that was never run is interpreted, fifty times
 * slower at first, and the rings of real ports would overflow in the first second.
 *
 * <pre>{@code
 * WarmUp.of(3, SwitchCommand::wire).run(Duration.ofSeconds(2));   // then open the real ports, and start
 * }</pre>
 *
 * <p>What is compiled are classes: nodes, and the machinery between them. Drivers are not, and what the warm-up learned
 * of these packets is not in the real graph, for it has nodes of its own.
 *
 * <p>Thread safety: one thread.
 */
public final class WarmUp {
    private static final int MOST_PORTS = 64;
    private static final int FLOWS = 64;

    private final int ports;
    private final Function<List<Port>, Graph> wiring;

    private WarmUp(final int ports, final Function<List<Port>, Graph> wiring) {
        this.ports = ports;
        this.wiring = wiring;
    }

    /**
     * A warm-up of what {@code wiring} composes.
     *
     * @param ports  how many it is given, 1 to 64; their ids are 0 and up.
     * @param wiring makes new nodes at each call, and wires every port.
     * @throws ConfigurationException if there cannot be so many ports.
     */
    public static WarmUp of(final int ports, final Function<List<Port>, Graph> wiring) {
        if (ports < 1 || ports > MOST_PORTS) {
            throw new ConfigurationException("a warm-up on " + ports + " ports cannot be: take 1 to " + MOST_PORTS);
        }
        return new WarmUp(ports, wiring);
    }

    /**
     * Runs it, and waits.
     *
     * @param time a second is enough for most graphs; until nothing is compiled any more takes some five.
     * @return how many packets went through.
     */
    public long run(final Duration time) {
        final List<Traffic> traffic = new ArrayList<>();
        try (Dataplane dataplane = Dataplane.builder().name("warm-up").frames(256 * ports + 1024).jumboFrames(0)
            .idle(Idle.BACKOFF).heedSignals(false).build()) {
            final List<Port> open = new ArrayList<>();
            for (int p = 0; p < ports; p++) {
                // To the next one in the round, so that a switch learns where it is and floods at first.
                final Traffic station = Traffic.named("warm-up-" + p).source(address(p))
                    .destination(address((p + 1) % ports)).flows(FLOWS).sizes("imix");
                traffic.add(station);
                open.add(dataplane.open(station));
            }
            dataplane.start(wiring.apply(open));
            dataplane.await(time);
            return traffic.stream().mapToLong(Traffic::received).sum();
        }
    }

    private static String address(final int port) {
        return String.format("02:00:00:57:55:%02x", port);
    }
}
