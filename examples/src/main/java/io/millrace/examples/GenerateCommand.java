/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.traffic.Traffic;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code millrace generate}. */
@Command(name = "generate", mixinStandardHelpOptions = true,
    description = "Sends numbered packets, from when the link is up; with --echo it verifies those that come back.")
final class GenerateCommand implements Callable<Integer> {
    private static final String NAME = "generator";

    @Parameters(arity = "1", paramLabel = "PORT", description = "one port, such as virtio-user:/run/vm0.sock")
    private String port;

    @Option(names = "--echo", order = 20,
        description = "the other end swaps the MAC addresses and sends every packet back: verify that")
    private boolean isEchoed;

    @Mixin
    private TrafficOptions trafficOptions;

    @Mixin
    private HistogramFile histogram;

    @Mixin
    private RunOptions options;

    @Override
    public Integer call() {
        if (trafficOptions.hasWindow() && !isEchoed) {
            throw new ConfigurationException("--window needs --echo: what has arrived is only known if it comes back");
        }
        if (histogram.isWanted() && !isEchoed) {
            throw new ConfigurationException(
                "--histogram needs --echo: how long a packet takes is only known if it comes back");
        }
        histogram.check();
        final Traffic traffic = trafficOptions.traffic(NAME);
        return new Run(options, new Generation(traffic, isEchoed, histogram))
            .with(PortArguments.drivers(port), traffic);
    }

    /** One port, and traffic at its other side. */
    private static final class Generation implements Job {
        private final Traffic traffic;
        private final boolean isEchoed;
        private final HistogramFile histogram;
        private Port port;
        private FramePool pool;
        private int freeAtStart;
        private boolean isStarted;

        private Generation(final Traffic traffic, final boolean isEchoed, final HistogramFile histogram) {
            this.traffic = traffic;
            this.isEchoed = isEchoed;
            this.histogram = histogram;
        }

        @Override
        public Graph wire(final List<Port> ports) {
            port = ports.get(0);
            return new Graph().from(ports.get(1)).to(port).from(port).to(ports.get(1));
        }

        @Override
        public void start(final Dataplane dataplane) {
            pool = dataplane.pool();
        }

        @Override
        public boolean isDone() {
            if (!isStarted && port.link() == LinkState.UP) {
                freeAtStart = pool.free();
                traffic.start();
                isStarted = true;
            }
            return traffic.isFinished();
        }

        @Override
        public void stop() {
            traffic.stop();
        }

        @Override
        public boolean isSettled() {
            // A frame is free again when the other end has taken the packet, or when it was dropped.
            return traffic.isStopped()
                && (isEchoed ? traffic.received() >= traffic.sent() : !isStarted || pool.free() >= freeAtStart);
        }

        @Override
        public Optional<Outcome> outcome() {
            return isEchoed ? Optional.of(Outcome.of(traffic.verdict(),
                histogram.written(Latencies.of(traffic, traffic)))) : Optional.empty();
        }
    }
}
