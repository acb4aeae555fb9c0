/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process this test started: standard input is a pipe that stays open, output and errors go to one log under {@code
 * target/peer}. Every wait is bounded, {@link #close()} leaves nothing running, and what a crashed test left behind
 * ends with the JVM.
 */
final class ChildProcess implements AutoCloseable {
    private static final Path LOGS = Path.of("target", "peer").toAbsolutePath();
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Set<Process> ALIVE = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> ALIVE.forEach(Process::destroyForcibly)));
    }

    private final String name;
    private final Process process;
    private final Path log;

    private ChildProcess(final String name, final Process process, final Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    /** Starts {@code command}; {@code name} is what messages and the log file are called. */
    static ChildProcess start(final String name, final List<String> command) {
        try {
            final Path log = Files.createDirectories(LOGS).resolve(
                String.format("%02d-%d-%s.log", NUMBER.incrementAndGet(), ProcessHandle.current().pid(), name));
            Files.writeString(log, "$ " + String.join(" ", command) + "\n");
            final Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
            ALIVE.add(process);
            PeerLogs.add(log);
            return new ChildProcess(name, process, log);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Everything written so far, the command line first. */
    String output() {
        try {
            return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes one line to the standard input. */
    void send(final String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (final IOException e) {
            throw new UncheckedIOException(name + " takes no more input", e);
        }
    }

    /**
     * Waits until the output, from character {@code from} on, holds {@code pattern}; fails early when the process ends.
     */
    Matcher await(final String pattern, final int from, final Duration limit) {
        final Pattern compiled = Pattern.compile(pattern, Pattern.MULTILINE);
        final Matcher[] found = new Matcher[1];
        Until.within(limit, () -> {
            final boolean wasAlive = isAlive();
            final Matcher matcher = compiled.matcher(output());
            if (matcher.find(from)) {
                found[0] = matcher;
            }
            return found[0] != null || !wasAlive;
        });
        if (found[0] == null) {
            throw new AssertionError(isAlive()
                ? name + " did not print /" + pattern + "/ within " + limit.toMillis() + " ms"
                : name + " ended with exit code " + process.exitValue() + " before it printed /" + pattern + "/");
        }
        return found[0];
    }

    Matcher await(final String pattern, final Duration limit) {
        return await(pattern, 0, limit);
    }

    /** Asks the process to end (SIGTERM). */
    void terminate() {
        process.destroy();
    }

    /** Waits for the end and answers the exit code; fails when the process is still there after {@code limit}. */
    int exitCode(final Duration limit) {
        if (!ends(limit)) {
            throw new AssertionError(name + " still runs after " + limit.toMillis() + " ms");
        }
        ALIVE.remove(process);
        return process.exitValue();
    }

    /** SIGKILL, as a crash would be: no handler runs. Returns when the process is gone. */
    void kill() {
        process.destroyForcibly();
        exitCode(Duration.ofSeconds(10));
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
        ALIVE.remove(process);
    }

    private boolean ends(final Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + name, e);
        }
    }
}
