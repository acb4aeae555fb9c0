/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A network namespace of a test's own, in which it can make and break interfaces. Closing it deletes it. */
public final class TestNamespace implements AutoCloseable {
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name = "mr" + ProcessHandle.current().pid() + "n" + COUNT.incrementAndGet();

    private TestNamespace() {
        run("", List.of("ip", "netns", "add", name));
    }

    /** Makes one, or skips the test where that is not allowed. */
    public static TestNamespace create() {
        Needs.namespaces();
        return new TestNamespace();
    }

    /** As {@code ip netns} knows it. */
    public String name() {
        return name;
    }

    /** The way in; the caller closes it. */
    public NetNamespace open() {
        return NetNamespace.open(name);
    }

    /**
     * Runs {@code ip} inside, and expects that it succeeds.
     *
     * @param command its arguments, with spaces between them.
     * @return what it printed.
     */
    public String ip(final String command) {
        return run("", Stream.concat(Stream.of("ip", "-n", name), Stream.of(command.split(" "))).toList());
    }

    /** Runs {@code ip} inside with many commands, a line each. */
    public void batch(final String commands) {
        run(commands, List.of("ip", "-n", name, "-batch", "-"));
    }

    /** Runs a command inside, and expects that it succeeds. */
    public String exec(final String command) {
        return run("", Stream.concat(Stream.of("ip", "netns", "exec", name), Stream.of(command.split(" "))).toList());
    }

    private static String run(final String input, final List<String> command) {
        try {
            final Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), () -> command + ": " + output);
            return output;
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError(command + ": " + e, e);
        }
    }

    @Override
    public void close() {
        run("", List.of("ip", "netns", "del", name));
    }
}
