/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A setting of the kernel that is other than usual until {@link #close()}. */
final class Sysctl implements AutoCloseable {
    private final Path file;
    private final String before;
    private final Thread atExit = new Thread(this::restore);

    private Sysctl(final Path file) throws IOException {
        this.file = file;
        this.before = Files.readString(file).trim();
    }

    /** Sets {@code name}, with slashes, to {@code value}. */
    static Sysctl set(final String name, final String value) throws IOException {
        final Sysctl sysctl = new Sysctl(Path.of("/proc/sys", name));
        Runtime.getRuntime().addShutdownHook(sysctl.atExit);
        Files.writeString(sysctl.file, value);
        return sysctl;
    }

    /** What it is now. */
    String value() throws IOException {
        return Files.readString(file).trim();
    }

    @Override
    public void close() {
        restore();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }

    private void restore() {
        try {
            Files.writeString(file, before);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
