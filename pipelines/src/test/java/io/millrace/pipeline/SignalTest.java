/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A process that is asked to end closes its data plane first. */
class SignalTest {
    private static final int SIGTERM_EXIT = 128 + 15;

    /** The process: waits for the end, or does something else. */
    public static void main(final String[] arguments) throws InterruptedException {
        try (Dataplane dataplane = Dataplane.builder().frames(64).jumboFrames(0).build()) {
            final Port port = dataplane.open(context -> new Announcing(MemoryPort.driver("p").open(context)));
            dataplane.start(new Graph().from(port).to(port));
            if (arguments[0].equals("waits")) {
                dataplane.await(Duration.ofMillis(1));
                System.out.println("ready");
                dataplane.await();
                System.out.println("asked to end");
            } else {
                System.out.println("ready");
                new CountDownLatch(1).await();
            }
        }
    }

    private static List<String> linesUntilTheEnd(final String argument) throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (final String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (flag.startsWith("--")) {
                command.add(flag);
            }
        }
        command.addAll(List.of("-ea", "-cp", System.getProperty("java.class.path"), SignalTest.class.getName(),
            argument));
        final Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader out = process.inputReader()) {
            assertEquals("ready", out.readLine());
            final long startNs = System.nanoTime();
            // Not process.destroy(): that closes what we want to read.
            process.toHandle().destroy();
            final List<String> lines = out.lines().toList();
            assertTrue(process.waitFor(10, TimeUnit.SECONDS));
            assertTrue(System.nanoTime() - startNs < TimeUnit.SECONDS.toNanos(2), "it took 2 seconds or more");
            assertEquals(SIGTERM_EXIT, process.exitValue());
            return lines;
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void shouldLetTheThreadThatWaitsClose() throws IOException, InterruptedException {
        assertEquals(List.of("asked to end", "port closed"), linesUntilTheEnd("waits"));
    }

    @Test
    void shouldCloseByItselfIfNobodyWaits() throws IOException, InterruptedException {
        assertEquals(List.of("port closed"), linesUntilTheEnd("works"));
    }
}
