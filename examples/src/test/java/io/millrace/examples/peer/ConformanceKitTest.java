/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.virtqueue.conformance.Conformance;
import io.millrace.virtqueue.conformance.Scenario;
import io.millrace.virtqueue.conformance.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The conformance kit at {@code millrace echo} and at DPDK's net_vhost: both do what CONFORMANCE.md says they do. */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class ConformanceKitTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int MILLRACE = 3;
    private static final int DPDK = 4;
    private static final String PASS = "pass";

    private static final Map<String, String[]> DOCUMENTED = new LinkedHashMap<>();

    @TempDir
    static Path folder;

    /** The rows of the table: {@code | scenario | rule | Millrace | DPDK |}. */
    @BeforeAll
    static void readTable() throws IOException {
        for (final String line : Files.readAllLines(Path.of(System.getProperty("millrace.home"), "CONFORMANCE.md"))) {
            final String[] cells = line.split(" *\\| *");
            if (cells.length == DPDK + 1 && cells[1].matches("`[a-z0-9-]+`")) {
                DOCUMENTED.put(cells[1].replace("`", ""), cells);
            }
        }
    }

    @Test
    void shouldBeDocumentedScenarioByScenario() {
        assertEquals(Conformance.scenarios().stream().map(Scenario::name).toList(),
            List.copyOf(DOCUMENTED.keySet()));
        for (final Scenario scenario : Conformance.scenarios()) {
            assertTrue(DOCUMENTED.get(scenario.name())[2].startsWith(scenario.rule()), scenario.name());
        }
    }

    @Test
    void shouldPassAllThatIsOffered() {
        final Path socket = folder.resolve("ours.sock");
        try (MillraceProcess millrace = MillraceProcess.start(folder, "echo", "vhost-user:" + socket).awaitReady()) {
            final Conformance conformance = new Conformance(socket, PATIENCE);
            for (final Scenario scenario : Conformance.scenarios()) {
                final Verdict verdict = conformance.play(scenario);
                assertTrue(verdict.result() == Verdict.Result.PASS || verdict.result() == Verdict.Result.SKIP
                    && !DOCUMENTED.get(scenario.name())[MILLRACE].equals(PASS), verdict::toString);
            }
            millrace.finish();
        }
    }

    @Test
    void shouldJudgeDpdk() {
        Peer.require(Peer.TESTPMD);
        final Path socket = folder.resolve("dpdk.sock");
        try (TestPmd testPmd = TestPmd.start(List.of("net_vhost0,iface=" + socket + ",queues=1,iommu-support=1"),
            List.of("--forward-mode=macswap", "--port-topology=loop"))) {
            testPmd.startForwarding();
            final Conformance conformance = new Conformance(socket, PATIENCE);
            for (final Scenario scenario : Conformance.scenarios()) {
                final Verdict verdict = conformance.play(scenario);
                // What another version does better is no failure here.
                if (DOCUMENTED.get(scenario.name())[DPDK].equals(PASS)) {
                    assertEquals(Verdict.Result.PASS, verdict.result(), verdict::toString);
                }
            }
            testPmd.quit();
        }
    }
}
