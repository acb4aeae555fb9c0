/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import io.millrace.linux.LinuxException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * Plays scenarios at the socket of a vhost-user back-end that listens.
 *
 * <p>The back-end should send packets back where they came from, like {@code millrace echo} or DPDK's testpmd with
 * {@code --forward-mode=macswap --port-topology=loop}: one that does not is judged by less.
 *
 * <p>Thread safety: one thread.
 */
public final class Conformance {
    private final Path socket;
    private final Duration patience;

    /**
     * For one back-end. Nothing is connected yet.
     *
     * @param socket   where it listens.
     * @param patience how long it has for each answer, and for each packet.
     */
    public Conformance(final Path socket, final Duration patience) {
        this.socket = socket;
        this.patience = patience;
    }

    /** Every scenario there is. */
    public static List<Scenario> scenarios() {
        return Stream.of(FeatureScenarios.all(), MessageScenarios.all(), RingScenarios.all(), NotifyScenarios.all(),
            IommuScenarios.all()).flatMap(List::stream).toList();
    }

    /** Plays one, with a connection of its own, in bounded time. Whatever the back-end does, this returns. */
    public Verdict play(final Scenario scenario) {
        try (Guest guest = new Guest(socket, patience)) {
            scenario.script().accept(guest);
            return new Verdict(scenario, Verdict.Result.PASS, "");
        } catch (final Unmet e) {
            return new Verdict(scenario, e.isSkip() ? Verdict.Result.SKIP : Verdict.Result.FAIL, e.getMessage());
        } catch (final LinuxException e) {
            return new Verdict(scenario, Verdict.Result.FAIL, e.getMessage());
        }
    }
}
