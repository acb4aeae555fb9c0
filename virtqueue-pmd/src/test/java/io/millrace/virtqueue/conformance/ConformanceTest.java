/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The kit against back-ends that it must outlive. What it says of good ones is a test of the command line. */
class ConformanceTest {
    private static final Duration PATIENCE = Duration.ofMillis(40);
    private static final String WORDS = "offers-.*|acknowledges|survives-.*";

    @TempDir
    private Path folder;

    private List<Verdict> play() {
        final Conformance conformance = new Conformance(folder.resolve("b.sock"), PATIENCE);
        return Conformance.scenarios().stream().map(conformance::play).toList();
    }

    @ParameterizedTest
    @EnumSource(BadBackEnd.Manner.class)
    void shouldOutliveABackEndThat(final BadBackEnd.Manner manner) {
        try (BadBackEnd backEnd = new BadBackEnd(folder.resolve("b.sock"), manner)) {
            for (final Verdict verdict : play()) {
                // Who only agrees passes what is about words, if it is in time.
                if (manner != BadBackEnd.Manner.AGREES || !verdict.scenario().name().matches(WORDS)) {
                    assertEquals(Verdict.Result.FAIL, verdict.result(), verdict::toString);
                    assertFalse(verdict.why().isEmpty());
                }
            }
            assertTrue(backEnd.isMet());
        }
    }

    @Test
    void shouldSayThatNobodyListens() {
        for (final Verdict verdict : play()) {
            assertEquals(Verdict.Result.FAIL, verdict.result());
            assertTrue(verdict.why().startsWith("nobody takes the connection"), verdict.why());
        }
    }

    @Test
    void shouldNameEachScenarioOnceAndSayWhereItIsFrom() {
        final List<Scenario> scenarios = Conformance.scenarios();
        assertEquals(scenarios.size(), scenarios.stream().map(Scenario::name).distinct().count());
        for (final Scenario scenario : scenarios) {
            assertTrue(scenario.name().matches("[a-z0-9]+(-[a-z0-9]+)*"), scenario.name());
            assertFalse(scenario.rule().isEmpty() || scenario.origin().isEmpty());
        }
    }
}
