/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.tools.ToolProvider;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** What a user writes: {@code examples/src/test/acme}, a driver and a node that know the public API only. */
final class Acme {
    static final Path SOURCES = Child.HOME.resolve("examples/src/test/acme");

    private Acme() {
    }

    /** Compiles it, warnings being errors, and makes a jar of it in {@code folder}. */
    static Path jar(final Path folder) throws IOException {
        final Path classes = Files.createDirectory(folder.resolve("acme"));
        final List<String> command = new ArrayList<>(List.of("--release", "17", "-proc:none",
            "-Xlint:all,-path,-options", "-Werror",
            "-cp", System.getProperty("java.class.path"), "-d", classes.toString()));
        files(SOURCES, ".java").forEach(file -> command.add(SOURCES.resolve(file).toString()));
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, command.toArray(String[]::new)));
        final Path jar = folder.resolve("acme.jar");
        try (OutputStream out = Files.newOutputStream(jar); JarOutputStream entries = new JarOutputStream(out)) {
            add(entries, classes, ".class");
            add(entries, SOURCES, "Type");
        }
        return jar;
    }

    private static void add(final JarOutputStream entries, final Path root, final String suffix) throws IOException {
        for (final Path file : files(root, suffix)) {
            entries.putNextEntry(new ZipEntry(file.toString()));
            Files.copy(root.resolve(file), entries);
            entries.closeEntry();
        }
    }

    private static List<Path> files(final Path root, final String suffix) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(file -> file.toString().endsWith(suffix)).map(root::relativize).toList();
        }
    }
}
