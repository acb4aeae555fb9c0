/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

/** A process with its output in two files, so that no pipe can fill up; killed by {@link #close()} if it still runs. */
final class Child implements AutoCloseable {
    static final Path HOME = Path.of(System.getProperty("millrace.home"));

    private static final int FIRST_WITH_NEWER_OPTIONS = 23;

    private final Process process;
    private final Path out;
    private final Path err;

    private Child(final Process process, final Path out, final Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /** Starts {@code command} in {@code folder}, which also takes its output. */
    static Child start(final Path folder, final Map<String, String> environment, final List<String> command)
        throws IOException {
        final Path out = Files.createTempFile(folder, "out", ".txt");
        final Path err = Files.createTempFile(folder, "err", ".txt");
        final ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
            .redirectOutput(out.toFile()).redirectError(err.toFile());
        environment.forEach((name, value) -> {
            if (value == null) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        return new Child(builder.start(), out, err);
    }

    /** Starts {@code millrace} with the flags that the launcher gives it; its counters lie in {@code folder}. */
    static Child millrace(final Path folder, final String... args) throws IOException {
        return millraceWith(folder, System.getProperty("java.class.path"), args);
    }

    /** The same with a jar, or a folder of classes, of the user's. */
    static Child millrace(final Path folder, final Path more, final String... args) throws IOException {
        return millraceWith(folder, System.getProperty("java.class.path") + File.pathSeparator + more, args);
    }

    private static Child millraceWith(final Path folder, final String classPath, final String... args)
        throws IOException {
        return start(folder, Map.of("XDG_RUNTIME_DIR", folder.toString()), line(folder, classPath, args));
    }

    /** The same as a line for a shell. */
    static String command(final Path folder, final String... args) {
        return String.join(" ", line(folder, System.getProperty("java.class.path"), args));
    }

    private static List<String> line(final Path folder, final String classPath, final String... args) {
        // A shell that starts something in the background has it ignore SIGINT, and whatever that starts, too.
        final List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + HOME.resolve("config/jvm.options"));
        if (Runtime.version().feature() >= FIRST_WITH_NEWER_OPTIONS) {
            command.add("@" + HOME.resolve("config/jvm-newer.options"));
        }
        command.addAll(List.of("-ea", "-XX:+UseG1GC", "-Xms192m", "-Xmx192m", "-Djava.io.tmpdir=" + folder,
            "-cp", classPath, Main.class.getName()));
        command.addAll(List.of(args));
        return command;
    }

    long pid() {
        return process.pid();
    }

    /** Sends a signal, such as {@code TERM}. */
    void signal(final String name) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor());
    }

    /** Waits for the end; fails with all output if that takes longer. */
    int await(final int seconds) throws Exception {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            fail("still runs after " + seconds + " s\nout: " + out() + "\nerr: " + err());
        }
        return process.exitValue();
    }

    /** Waits until standard output has the text; fails with all output if it does not come. */
    void awaitOut(final String text, final int seconds) throws Exception {
        awaitText(out, text, seconds);
    }

    /** The same for standard error. */
    void awaitErr(final String text, final int seconds) throws Exception {
        awaitText(err, text, seconds);
    }

    private void awaitText(final Path file, final String text, final int seconds) throws Exception {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!Files.readString(file).contains(text)) {
            if (!process.isAlive() && !Files.readString(file).contains(text) || System.nanoTime() > deadlineNs) {
                fail("no \"" + text + "\"\nout: " + out() + "\nerr: " + err());
            }
            process.waitFor(5, TimeUnit.MILLISECONDS);
        }
    }

    String out() throws IOException {
        return Files.readString(out);
    }

    String err() throws IOException {
        return Files.readString(err);
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
