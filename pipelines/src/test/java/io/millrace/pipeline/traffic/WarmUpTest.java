/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.ConfigurationException;
import io.millrace.Port;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.LearningSwitch;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A graph is run before it is needed, and leaves nothing behind. */
class WarmUpTest {
    private static Graph wire(final List<Port> ports) {
        final LearningSwitch bridge = new LearningSwitch(ports.size());
        final Graph graph = new Graph();
        ports.forEach(port -> graph.from(port).to(bridge).from(bridge.port(port.id())).to(port));
        return graph;
    }

    @Test
    void shouldTakePacketsThroughTheSameKindOfGraph() {
        assertTrue(WarmUp.of(3, WarmUpTest::wire).run(Duration.ofMillis(500)) > 0);
        assertEquals(0, Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("warm-up")).count());
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        assertEquals("a warm-up on 65 ports cannot be: take 1 to 64",
            assertThrows(ConfigurationException.class, () -> WarmUp.of(65, WarmUpTest::wire)).getMessage());
    }
}
