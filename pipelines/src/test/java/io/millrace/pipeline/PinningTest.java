/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import io.millrace.linux.Cpus;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Where the kernel says that the threads of workers may run. */
class PinningTest {
    private static List<String> allowedCpus(final String thread) throws IOException {
        final List<String> allowed = new ArrayList<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (final Path task : tasks.toList()) {
                final List<String> status = status(task);
                if (status.contains("Name:\t" + thread)) {
                    status.stream().filter(line -> line.startsWith("Cpus_allowed_list:"))
                        .forEach(line -> allowed.add(line.substring("Cpus_allowed_list:".length()).trim()));
                }
            }
        }
        return allowed;
    }

    private static List<String> status(final Path task) throws IOException {
        try {
            return Files.readAllLines(task.resolve("status"));
        } catch (final NoSuchFileException e) {
            // A thread that ended in between.
            return List.of();
        }
    }

    @Test
    void shouldPinWorkersInTheOrderOfTheList() throws IOException {
        final int[] available = Cpus.available();
        final int first = available[available.length - 1];
        final int second = available[0];
        final DataplaneBuilder builder = Dataplane.builder().frames(64).jumboFrames(0).idle(Idle.SLEEP);
        try (Dataplane dataplane = (first == second ? builder.cpus(first) : builder.cpus(first, second)).build()) {
            final Port large = dataplane.open(MemoryPort.driver("large", 2));
            final Port small = dataplane.open(MemoryPort.driver("small"));
            dataplane.start(new Graph().from(small).to(small).from(large).to(large));
            assertEquals(List.of(Integer.toString(first)), allowedCpus("worker-0"));
            assertEquals(first, dataplane.workers().get(0).cpu());
            if (first != second) {
                assertEquals(List.of(Integer.toString(second)), allowedCpus("worker-1"));
            }
        }
    }
}
