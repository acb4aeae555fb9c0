/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.control.ControlClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Commands that look into a process that runs, as real processes. */
class LookIntoTest {
    @TempDir
    private Path folder;
    private Child demo;

    @BeforeEach
    void start() throws Exception {
        demo = Child.millrace(folder, "demo", "--seconds", "600");
        demo.awaitOut("packets checked", 60);
    }

    @AfterEach
    void close() throws Exception {
        demo.signal("TERM");
        assertEquals(0, demo.await(60), demo.out());
        assertFalse(Files.exists(socket()));
        demo.close();
    }

    private Path socket() {
        return folder.resolve("millrace").resolve(demo.pid() + ".sock");
    }

    private String out(final String... args) throws Exception {
        try (Child child = Child.millrace(folder, args)) {
            assertEquals(0, child.await(60), child.err());
            return child.out();
        }
    }

    private static void assertLine(final String regex, final String out) {
        assertTrue(out.lines().anyMatch(line -> line.matches(regex)), out);
    }

    @Test
    void shouldListPortsAndStations() throws Exception {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())));
        assertLine(" +\\d+ +station0 +VhostUser +up +1", out("ports"));
        final List<?> ports = (List<?>) JsonText.parse(out("ports", Long.toString(demo.pid()), "--json"));
        assertTrue(ports.stream().anyMatch(port -> "station1".equals(((Map<?, ?>) port).get("name"))),
            ports.toString());
        assertLine("[0-9a-f:]{17}  station0 +\\d+ s", out("fdb"));
        final Map<String, Object> fdb = JsonText.object(out("fdb", "--json"));
        assertEquals("learning-switch", fdb.get("node"));
        assertEquals(3, ((List<?>) fdb.get("stations")).size());
        assertTrue(out("fdb", "--flush").matches("learning-switch has forgotten [1-3] stations?\n"));
    }

    @Test
    void shouldAnswerProgramsAndKeepForwarding() throws Exception {
        try (ControlClient client = ControlClient.connect(socket())) {
            assertTrue(client.ask("hello", Map.of()).getAsJsonObject().get("command").getAsString()
                .startsWith("millrace demo"));
            final String counter = "port/station0/rx0/packets";
            final long before = client.ask("stats", Map.of()).getAsJsonObject().get(counter).getAsLong();
            Running.until(60_000_000_000L, () ->
                client.ask("stats", Map.of()).getAsJsonObject().get(counter).getAsLong() > before);
        }
    }

    @Test
    void shouldTraceCaptureAndBalanceWhilePacketsFlow() throws Exception {
        final String trace = out("trace", "--filter", "udp", "--count", "2");
        assertLine("packet 1 came in by port station[012]", trace);
        assertLine(" +0 ns  station[012]-learning-switch .* \\d+ bytes", trace);
        assertLine("  out by port station[012]", trace);
        assertEquals(2, JsonText.object(out("trace", "--json").trim()).get("steps") instanceof final List<?> steps
            ? steps.size() : 0);
        final Path file = folder.resolve("demo.pcapng");
        try (Child capture = Child.millrace(folder, "capture", "-w", file.toString(), "--wire",
            "station0-learning-switch,station1-learning-switch", "--filter", "udp", "--count", "100")) {
            assertEquals(0, capture.await(60), capture.err());
            assertLine("100 packets captured, \\d+ lost because the capture was too slow", capture.err());
        }
        assertTrue(Files.size(file) > 100 * 60);
        try (Child capture = Child.millrace(folder, "capture", "-w", file.toString())) {
            capture.awaitErr("capturing", 60);
            capture.signal("INT");
            assertEquals(0, capture.await(60), capture.err());
            assertLine("\\d+ packets captured, \\d+ lost because the capture was too slow", capture.err());
        }
        try (Child capture = Child.millrace(folder, "capture", "-w", "/nosuch/a.pcapng")) {
            assertEquals(2, capture.await(60));
            assertEquals(1, capture.err().lines().filter(line -> line.startsWith("millrace capture: ")).count(),
                capture.err());
        }
        try (Child none = Child.millrace(folder, "trace", "--filter", "arp", "--seconds", "1")) {
            assertEquals(1, none.await(60));
            assertTrue(none.err().endsWith("millrace trace: no packet came through the filter within 1 s\n"),
                none.err());
        }
        assertLine("worker-0 .*station0/0.*", out("balance", "--seconds", "1"));
    }

    @Test
    void shouldEndACaptureWellWhenItsProcessEnds() throws Exception {
        try (Child echo = Child.millrace(folder, "echo", "vhost-user:" + folder.resolve("e.sock"))) {
            echo.awaitOut("ready", 60);
            try (Child capture = Child.millrace(folder, "capture", Long.toString(echo.pid()), "-w",
                folder.resolve("e.pcapng").toString())) {
                capture.awaitErr("capturing", 60);
                echo.signal("TERM");
                assertEquals(0, capture.await(60), capture.err());
                assertLine("the process that served .* has ended, with at least 0 packets captured", capture.err());
            }
        }
    }

    @Test
    void shouldAskWhichOfSeveralProcessesIsMeant() throws Exception {
        try (Child other = Child.millrace(folder, "echo", "vhost-user:" + folder.resolve("e.sock"))) {
            other.awaitOut("ready", 60);
            try (Child ports = Child.millrace(folder, "ports")) {
                assertEquals(2, ports.await(60));
                assertTrue(ports.err().startsWith("millrace ports: several run, so say which: ["), ports.err());
            }
            try (Child fdb = Child.millrace(folder, "fdb", Long.toString(other.pid()))) {
                assertEquals(2, fdb.await(60));
                assertEquals("millrace fdb: the graph that runs has no learning switch\n", fdb.err());
            }
        }
    }

    @Test
    void shouldShowWhatGoesOn() throws Exception {
        final String top = out("top");
        assertLine("station0 +0 up +[\\d.]+ k?/s.*", top);
        assertLine("learning-switch +LearningSwitch .*", top);
        final Map<String, Object> json = JsonText.object(out("top", "--json"));
        assertTrue(json.containsKey("view") && json.containsKey("drops"), json.toString());
        assertLine(" +rx station0 -> learning-switch +[\\d.]+ k?/s", out("graph"));
        final String dot = out("graph", "--dot");
        assertTrue(dot.startsWith("digraph millrace {\n") && dot.endsWith("}\n"), dot);
        assertEquals(6, ((List<?>) JsonText.object(out("graph", "--json")).get("wires")).size());
        if (Stream.of(System.getenv("PATH").split(":")).anyMatch(bin -> Files.isExecutable(Path.of(bin, "dot")))) {
            final String svg = out("graph", "--svg");
            assertTrue(svg.contains("<svg"), svg);
        } else {
            System.out.println("skipped: a picture needs dot, of the package graphviz");
        }
        final String explained = out("explain", "--seconds", "5");
        assertLine("worker worker-0: \\d+ % busy with .* a packet costs it \\d+ ns, so it is full at .*/s", explained);
        assertLine(" +learning-switch +\\d+ ns +\\d+ %", explained);
    }

    @Test
    void shouldShowItLiveInATerminal() throws Exception {
        if (!Files.isExecutable(Path.of("/usr/bin/script"))) {
            System.out.println("skipped: a terminal needs /usr/bin/script, of the package util-linux");
            return;
        }
        // script gives it a terminal of its own, and copies to it what comes on standard input.
        final Path typed = Files.writeString(folder.resolve("typed"), "");
        try (Child top = Child.start(folder, Map.of("XDG_RUNTIME_DIR", folder.toString(), "TERM", "xterm"), List.of(
            "/bin/sh", "-c", "tail -f " + typed + " | script -qec '" + Child.command(folder, "top") + "' /dev/null; "
                + "echo ended $?"))) {
            top.awaitOut("learning-switch", 60);
            Files.writeString(typed, "q");
            top.awaitOut("ended 0", 60);
            // The screen as it was before, and a cursor.
            assertTrue(top.out().contains("\u001b[?1049l"), top.out());
        }
    }
}
