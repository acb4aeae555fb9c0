/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.DataplaneBuilder;
import io.millrace.pipeline.Idle;
import io.millrace.pipeline.http.LivePage;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

/** The options that every command which moves packets has. */
final class RunOptions {
    @Option(names = "--cpus", split = ",", paramLabel = "CPU", order = 1,
        description = "pin workers to these CPUs, such as 1,2; by default nothing is pinned")
    private int[] cpus = {};

    @Option(names = "--seconds", paramLabel = "N", order = 2,
        description = "stop after N seconds; by default at a signal")
    private Double seconds;

    @Option(names = "--stats", paramLabel = "SECONDS", order = 3, description = "print rates every SECONDS")
    private Double stats;

    @Option(names = "--json", order = 4,
        description = "print JSON, one object a line, on standard output; all else goes to standard error")
    private boolean isJson;

    @Option(names = "--burst", paramLabel = "N", order = 5,
        description = "packets that travel together, 1 to 1024 (default: ${DEFAULT-VALUE})")
    private int burst = 32;

    @Option(names = "--idle", paramLabel = "HOW", order = 6,
        description = "what a worker without packets does: spin, backoff, adaptive or sleep "
            + "(default: adaptive)")
    private Idle idle = Idle.ADAPTIVE;

    @Option(names = "--max-wait", paramLabel = "MICROS", order = 7,
        description = "with --idle adaptive: how long packets wait at most in a port that cannot wake the worker "
            + "(default: ${DEFAULT-VALUE})")
    private long maxWaitUs = 1000;

    @Option(names = "--frames", paramLabel = "N", order = 8,
        description = "frames of 2 KiB in the pool; by default enough for the ports")
    private Integer frames;

    @Option(names = "--http", paramLabel = "NUMBER", order = 9,
        description = "serve a live page and metrics on this TCP port of 127.0.0.1; 0 for any that is free")
    private Integer http;

    @Option(names = "--warm-up", paramLabel = "SECONDS", order = 10,
        description = "switch, patch, echo: first run the same kind of graph on ports of memory for so long, so that "
            + "the JVM has compiled it when the real ports open")
    private Double warmUp;

    boolean isJson() {
        return isJson;
    }

    /** How long to warm up; zero if that was not asked for. */
    Duration warmUp() {
        return Duration.ofNanos((long) (1e9 * (warmUp == null ? 0 : positive("--warm-up", warmUp, 0))));
    }

    /** How long to run in seconds, or {@code otherwise}; infinite means until a signal. */
    double secondsOr(final double otherwise) {
        return positive("--seconds", seconds, otherwise);
    }

    /** Seconds between two lines of rates, or {@code otherwise}; infinite means none. */
    double statsOr(final double otherwise) {
        return positive("--stats", stats, otherwise);
    }

    private static double positive(final String option, final Double value, final double otherwise) {
        if (value == null) {
            return otherwise;
        }
        if (!(value > 0)) {
            throw new ConfigurationException(option + " is a number of seconds above 0, not " + value);
        }
        return value;
    }

    /** The live page, opened, if it is wanted, else null. */
    LivePage page(final Dataplane dataplane) {
        return http == null ? null : LivePage.open(http, dataplane::view, dataplane.counters());
    }

    /**
     * A data plane as these options describe it.
     *
     * @param counters the file for its counters.
     */
    Dataplane dataplane(final Path counters) {
        final DataplaneBuilder builder = Dataplane.builder().burst(burst).idle(idle)
            .maxWait(Duration.of(maxWaitUs, ChronoUnit.MICROS)).cpus(cpus).countersFile(counters).heedSignals(false);
        if (frames != null) {
            builder.frames(frames);
        }
        return builder.build();
    }
}
