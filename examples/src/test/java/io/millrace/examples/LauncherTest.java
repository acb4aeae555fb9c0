/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The launcher itself, in a copy of the tree whose {@code mvn} is a script that puts these tests' classes where the
 * build would put its jars, and notes that it was called.
 */
class LauncherTest {
    private static final String JAVA_HOME = System.getProperty("java.home");

    @TempDir
    private Path folder;
    private Path home;
    private Path commands;
    private Path jar;

    @BeforeEach
    void makeTree() throws IOException {
        home = Files.createDirectories(folder.resolve("a tree"));
        commands = Files.createDirectory(folder.resolve("commands"));
        jar = folder.resolve("all.jar");
        Files.copy(Child.HOME.resolve("millrace"), home.resolve("millrace"));
        home.resolve("millrace").toFile().setExecutable(true);
        Files.createDirectories(home.resolve("config"));
        for (final String options : List.of("config/jvm.options", "config/jvm-newer.options")) {
            Files.copy(Child.HOME.resolve(options), home.resolve(options));
        }
        Files.createFile(home.resolve("pom.xml"));
        Files.createDirectories(home.resolve("examples/src/main"));
        Files.createFile(home.resolve("examples/pom.xml"));
        Files.createFile(home.resolve("examples/src/main/Source.java"));
        classPathJar();
        maven("mkdir -p examples/target/lib; cp \"" + jar + "\" examples/target/lib/");
    }

    /** A jar without classes that refers to all those of this JVM. */
    private void classPathJar() throws IOException {
        final Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH,
            Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toUri().toString()).collect(Collectors.joining(" ")));
        try (OutputStream out = Files.newOutputStream(jar)) {
            new JarOutputStream(out, manifest).close();
        }
    }

    private void maven(final String script) throws IOException {
        final Path maven = commands.resolve("mvn");
        Files.writeString(maven, "#!/bin/sh\necho called >>\"" + folder.resolve("builds") + "\"\n" + script + "\n");
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private long builds() throws IOException {
        return Files.exists(folder.resolve("builds")) ? Files.readAllLines(folder.resolve("builds")).size() : 0;
    }

    private Map<String, String> environment(final String javaHome) {
        final Map<String, String> environment = new HashMap<>();
        environment.put("JAVA_HOME", javaHome);
        environment.put("PATH", commands + ":" + System.getenv("PATH"));
        environment.put("XDG_RUNTIME_DIR", folder.toString());
        return environment;
    }

    private Child launch(final String javaHome, final String... args) throws IOException {
        return launch(home.resolve("millrace"), javaHome, args);
    }

    private Child launch(final Path launcher, final String javaHome, final String... args) throws IOException {
        final String[] command = new String[args.length + 1];
        command[0] = launcher.toString();
        System.arraycopy(args, 0, command, 1, args.length);
        return Child.start(folder, environment(javaHome), List.of(command));
    }

    @Test
    void shouldBuildOnceAndThenNotAgain() throws Exception {
        for (int i = 0; i < 2; i++) {
            try (Child child = launch(JAVA_HOME, "--version")) {
                assertEquals(0, child.await(60), child.err());
                assertTrue(child.out().contains("on JDK " + Runtime.version()), child.out());
            }
        }
        assertEquals(1, builds());
    }

    @Test
    void shouldPrintNoWarning() throws Exception {
        launch(JAVA_HOME, "--version").await(60);
        try (Child child = launch(JAVA_HOME, "doctor", "--json")) {
            child.await(60);
            assertEquals("", child.err());
        }
    }

    @Test
    void shouldBuildAgainWhenASourceIsNewer() throws Exception {
        launch(JAVA_HOME, "--version").await(60);
        Files.setLastModifiedTime(home.resolve("examples/src/main/Source.java"),
            FileTime.from(Instant.now().plusSeconds(5)));
        launch(JAVA_HOME, "--version").await(60);
        assertEquals(2, builds());
    }

    @Test
    void shouldBuildOnlyOnceWhenStartedTwiceAtOnce() throws Exception {
        maven("sleep 0.5; mkdir -p examples/target/lib; cp \"" + jar + "\" examples/target/lib/");
        try (Child first = launch(JAVA_HOME, "--version"); Child second = launch(JAVA_HOME, "--version")) {
            assertEquals(0, first.await(60));
            assertEquals(0, second.await(60));
        }
        assertEquals(1, builds());
    }

    @Test
    void shouldRunThroughASymbolicLink() throws Exception {
        final Path link = Files.createSymbolicLink(folder.resolve("link"), home.resolve("millrace"));
        try (Child child = launch(link, JAVA_HOME, "--version")) {
            assertEquals(0, child.await(60), child.err());
        }
    }

    @Test
    void shouldTakeJarsOfTheUser() throws Exception {
        final Map<String, String> environment = environment(JAVA_HOME);
        environment.put("MILLRACE_CLASSPATH", Acme.jar(folder).toString());
        try (Child child = Child.start(folder, environment, List.of(home.resolve("millrace").toString(), "--help"))) {
            assertEquals(0, child.await(60), child.err());
            assertTrue(child.out().contains("  udp:NAME") && child.out().contains("  ttl["), child.out());
        }
    }

    @Test
    void shouldPassArgumentsUnchanged() throws Exception {
        try (Child child = launch(JAVA_HOME, "a command with spaces")) {
            assertEquals(2, child.await(60));
            assertTrue(child.err().contains("no command a command with spaces:"), child.err());
        }
    }

    @Test
    void shouldBecomeTheJvmSoThatSignalsReachIt() throws Exception {
        try (Child child = launch(JAVA_HOME, "echo", "vhost-user:" + folder.resolve("a.sock"))) {
            child.awaitOut("ready: 1 port", 60);
            assertEquals(0, ProcessHandle.of(child.pid()).orElseThrow().descendants().count());
            child.signal("TERM");
            assertEquals(0, child.await(10));
            assertTrue(child.out().contains("no drops"), child.out());
        }
    }

    @Test
    void shouldShowTheEndOfABuildThatFails() throws Exception {
        maven("echo this is why; exit 1");
        try (Child child = launch(JAVA_HOME, "--version")) {
            assertEquals(2, child.await(60));
            assertTrue(child.err().contains("this is why"), child.err());
        }
        try (Child child = launch(JAVA_HOME, "--version")) {
            assertEquals(2, child.await(60), "a failed build does not count as built");
        }
    }

    @Test
    void shouldRefuseAnOldJdkInOneSentence() throws Exception {
        final Path old = Files.createDirectories(folder.resolve("old/bin")).getParent();
        assertTrue(Files.createFile(old.resolve("bin/java")).toFile().setExecutable(true));
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"1.8.0_402\"\n");
        try (Child child = launch(old.toString(), "--version")) {
            assertEquals(2, child.await(60));
            assertEquals("millrace: JAVA_HOME is " + old
                + ", a JDK 8: set it to a JDK 17 or newer, or unset it\n", child.err());
        }
    }

    @Test
    void shouldRefuseAJavaHomeWithoutJavaInOneSentence() throws Exception {
        try (Child child = launch(folder.toString(), "--version")) {
            assertEquals(2, child.await(60));
            assertEquals("millrace: JAVA_HOME is " + folder
                + ", where no JDK is: set it to a JDK 17 or newer, or unset it\n", child.err());
        }
    }
}
