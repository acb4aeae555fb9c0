/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code millrace} in a process of its own, with the flags of the launcher, on the JDK and the classes of this test.
 */
final class MillraceProcess implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final Duration LINE_LIMIT = Duration.ofSeconds(15);
    private static final Duration END_LIMIT = Duration.ofSeconds(10);
    private static final int FIRST_WITH_NEWER_OPTIONS = 23;

    private final ChildProcess process;
    private int heard;

    private MillraceProcess(final ChildProcess process) {
        this.process = process;
    }

    /** Starts {@code millrace ARGUMENTS --json}; its counters file goes to {@code folder}. */
    static MillraceProcess start(final Path folder, final String... arguments) {
        return startBy(List.of(), folder, arguments);
    }

    /** As {@link #start}, by a program that runs another, such as {@code setpriv} with its arguments. */
    static MillraceProcess startBy(final List<String> starter, final Path folder, final String... arguments) {
        final Path config = Path.of(System.getProperty("millrace.home"), "config");
        final List<String> command = new ArrayList<>(starter);
        command.addAll(List.of("env", "XDG_RUNTIME_DIR=" + folder,
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "@" + config.resolve("jvm.options")));
        if (Runtime.version().feature() >= FIRST_WITH_NEWER_OPTIONS) {
            command.add("@" + config.resolve("jvm-newer.options"));
        }
        command.addAll(List.of("-ea", "-XX:+UseG1GC", "-Xms192m", "-Xmx192m",
            "-cp", System.getProperty("java.class.path"), "io.millrace.examples.Main"));
        command.addAll(List.of(arguments));
        command.add("--json");
        return new MillraceProcess(ChildProcess.start("millrace-" + arguments[0], command));
    }

    /** Waits for the line that says that its ports are there. */
    MillraceProcess awaitReady() {
        process.await("^ready: \\d+ port", START_LIMIT);
        return this;
    }

    /** Waits for a line that holds {@code pattern}, after those that were waited for before. */
    void awaitLine(final String pattern) {
        heard = process.await(pattern + ".*", heard, LINE_LIMIT).end();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Everything it printed. */
    String output() {
        return process.output();
    }

    /** Ends it by SIGTERM, as a user would, and answers what it counted; the exit code must be 0. */
    MillraceReport finish() {
        process.terminate();
        final int exitCode = process.exitCode(END_LIMIT);
        if (exitCode != 0) {
            throw new AssertionError("millrace ended with exit code " + exitCode);
        }
        return MillraceReport.of(process.output());
    }

    /** Waits until it ends by itself, and answers its exit code. */
    int awaitEnd() {
        return process.exitCode(START_LIMIT);
    }

    /** SIGKILL. */
    void kill() {
        process.kill();
    }

    @Override
    public void close() {
        process.close();
    }
}
