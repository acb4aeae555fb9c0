/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.CountersFile;
import io.millrace.LinkState;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.control.ControlServer;
import io.millrace.pipeline.control.Requests;
import io.millrace.pipeline.http.LivePage;
import io.millrace.pipeline.traffic.WarmUp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One run of a command that moves packets: opens ports, starts the graph of a {@link Job}, says {@code ready}, waits
 * for the end, closes, and reports.
 */
final class Run {
    private static final Logger LOG = LoggerFactory.getLogger("millrace");
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long SETTLE_NS = TimeUnit.SECONDS.toNanos(1);

    private final RunOptions options;
    private final Job job;
    private final Report report;
    private final long lengthNs;
    private final long statsNs;
    private long startNs;
    private double elapsedSeconds;
    private Optional<Outcome> outcome = Optional.empty();

    /**
     * @param seconds how long to run if the user does not say.
     * @param stats   seconds between two lines of rates if the user does not say.
     */
    Run(final RunOptions options, final Job job, final double seconds, final double stats) {
        this.options = options;
        this.job = job;
        this.report = new Report(System.out, options.isJson());
        this.lengthNs = nanoseconds(options.secondsOr(seconds));
        this.statsNs = nanoseconds(options.statsOr(stats));
    }

    /** Until a signal, without lines of rates, unless the user says otherwise. */
    Run(final RunOptions options, final Job job) {
        this(options, job, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);
    }

    private static long nanoseconds(final double seconds) {
        // Infinite becomes about 100 years: nanoTime may be added to it without overflow.
        return (long) Math.min(seconds * 1e9, Long.MAX_VALUE >> 2);
    }

    /**
     * Runs it; returns the exit code.
     *
     * @param drivers the user's ports.
     * @param own     ports of the command, opened after these and not spoken of.
     */
    int with(final List<PollModeDriver> drivers, final PollModeDriver... own) {
        final RuntimeFolder folder = RuntimeFolder.ofUser().make();
        warmUp(drivers.size(), own.length);
        // Opened first and closed last: in between the JVM waits at a signal.
        try (Stop stop = new Stop(); CountersFile counters = run(drivers, List.of(own), folder, stop)) {
            report.totals(elapsedSeconds, counters.pid(), counters.snapshot(), outcome);
            final int exitCode = outcome.map(Outcome::isGood).orElse(true) ? 0 : 1;
            stop.exitIfSignalled(exitCode);
            return exitCode;
        }
    }

    private void warmUp(final int ports, final int own) {
        if (!options.warmUp().isZero()) {
            if (own > 0) {
                throw new ConfigurationException("--warm-up is for commands that forward packets: a generator or a "
                    + "sink warms up with its first ones");
            }
            WarmUp.of(ports, job::wire).run(options.warmUp());
        }
    }

    /** Returns the counters, which stay readable when the data plane has closed: that may drop packets too. */
    private CountersFile run(final List<PollModeDriver> drivers, final List<PollModeDriver> own,
        final RuntimeFolder folder, final Stop stop) {
        CountersFile counters = null;
        try (Dataplane dataplane = options.dataplane(folder.countersOfThisProcess());
            Job closing = job;
            ControlLoop loop = ControlLoop.start("millrace-requests");
            ControlServer control = ControlServer.start(loop, folder.socketOfThisProcess(), Requests.of(dataplane,
                Target.command(ProcessHandle.current().pid())));
            LivePage page = options.page(dataplane)) {
            counters = CountersFile.open(folder.countersOfThisProcess());
            LOG.debug("requests are answered on {}", control.socket());
            if (page != null) {
                say("page: " + page.address());
            }
            dataplane.onLink((port, state, reason) -> LOG.info("{} is {}: {}", port.name(), word(state), reason));
            final List<Port> ports = new ArrayList<>();
            for (final PollModeDriver driver : drivers) {
                ports.add(dataplane.open(driver));
            }
            final List<Port> all = new ArrayList<>(ports);
            for (final PollModeDriver driver : own) {
                all.add(dataplane.open(driver));
            }
            dataplane.start(closing.wire(all));
            startNs = System.nanoTime();
            if (awaitReady(ports, stop)) {
                job.start(dataplane);
                loop(counters, stop);
            }
            settle();
            elapsedSeconds = seconds();
            outcome = job.outcome();
        } catch (final RuntimeException e) {
            if (counters != null) {
                counters.close();
            }
            throw e;
        } finally {
            job.cleanUp();
        }
        return counters;
    }

    private static String word(final LinkState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    private double seconds() {
        return (System.nanoTime() - startNs) / 1e9;
    }

    private boolean isOver(final Stop stop) {
        return stop.isRequested() || System.nanoTime() - startNs >= lengthNs;
    }

    private boolean awaitReady(final List<Port> ports, final Stop stop) {
        while (!ports.stream().allMatch(Port::isReady)) {
            stop.await(POLL_NS);
            if (isOver(stop)) {
                return false;
            }
        }
        say("ready: " + ports.size() + (ports.size() == 1 ? " port" : " ports"));
        return true;
    }

    private void say(final String line) {
        // With --json standard output is for objects only.
        (options.isJson() ? System.err : System.out).println(line);
    }

    private void loop(final CountersFile counters, final Stop stop) {
        report.start(counters.snapshot());
        long nextNs = System.nanoTime() + statsNs;
        while (!isOver(stop) && !job.isDone()) {
            final long nowNs = System.nanoTime();
            if (nowNs - nextNs >= 0) {
                nextNs += statsNs;
                report.rates(seconds(), counters.snapshot(), job.progress(seconds()));
            } else {
                stop.await(Math.min(POLL_NS, nextNs - nowNs));
            }
        }
    }

    private void settle() {
        job.stop();
        final long deadlineNs = System.nanoTime() + SETTLE_NS;
        while (!job.isSettled() && System.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(POLL_NS / 10);
        }
    }
}
