/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.MacSwap;
import io.millrace.pipeline.traffic.Traffic;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a data plane tells by itself. */
class SwapEventTest {
    @TempDir
    private Path folder;

    @Test
    void shouldRecordThatAnotherGraphRuns() throws Exception {
        final Path file = folder.resolve("swap.jfr");
        try (Recording recording = new Recording(); Dataplane dataplane = Dataplane.builder().name("lab").build()) {
            recording.enable("io.millrace.GraphSwap");
            recording.start();
            final Port port = dataplane.open(Traffic.named("vm0"));
            final MacSwap first = new MacSwap();
            dataplane.start(new Graph().from(port).to(first).from(first.out()).to(port));
            final MacSwap second = new MacSwap();
            dataplane.apply(new Graph().from(port).to(first).from(first.out()).to(second)
                .from(second.out()).to(port));
            recording.dump(file);
        }
        final List<RecordedEvent> swaps = RecordingFile.readAllEvents(file);
        assertEquals(1, swaps.size());
        final RecordedEvent swap = swaps.get(0);
        assertEquals(List.of("lab", 1, 1, 0), List.of(swap.getString("dataplane"), swap.getInt("added"),
            swap.getInt("kept"), swap.getInt("removed")));
        assertEquals(2L, swap.getLong("version"));
        assertTrue(swap.getDuration("pause").toNanos() > 0);
    }
}
