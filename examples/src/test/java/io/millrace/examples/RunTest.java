/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Commands that move packets, as real processes. */
class RunTest {
    private static final long MOST_TO_CLOSE_NS = TimeUnit.SECONDS.toNanos(2);

    @TempDir
    private Path folder;

    private String socket(final String name) {
        return folder.resolve(name + ".sock").toString();
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> file.getFileName().toString())
                .filter(name -> name.endsWith(".sock") || name.endsWith(".counters")
                    || name.startsWith("millrace-demo")).toList();
        }
    }

    @Test
    void shouldRunTheDemoTwiceInARow() throws Exception {
        for (int i = 0; i < 2; i++) {
            try (Child child = Child.millrace(folder, "demo", "--seconds", "2")) {
                assertEquals(0, child.await(60), child.out());
                assertTrue(child.out().contains("ready: 3 ports\n"), child.out());
                assertTrue(child.out().matches("(?s).*OK: (\\d+) packets sent, \\1 received: each once, in order, "
                    + "unchanged\n"), child.out());
                assertTrue(child.out().lines().anyMatch(line -> line.matches(" +[1-9] s .*packets checked")),
                    child.out());
            }
        }
        assertEquals(List.of(), files());
    }

    @Test
    void shouldPrintNothingButJsonOnStandardOutput() throws Exception {
        try (Child child = Child.millrace(folder, "demo", "--seconds", "2", "--stats", "0.5", "--json")) {
            assertEquals(0, child.await(60));
            final List<Map<String, Object>> lines = child.out().lines().map(JsonText::object).toList();
            assertTrue(lines.stream().filter(line -> line.get("type").equals("rates")).count() >= 1, child.out());
            final Map<String, Object> totals = lines.get(lines.size() - 1);
            assertEquals("totals", totals.get("type"));
            assertEquals(Boolean.TRUE, ((Map<?, ?>) totals.get("verdict")).get("ok"));
            assertEquals(3, ((Map<?, ?>) totals.get("ports")).size());
            final Map<?, ?> latency = (Map<?, ?>) totals.get("latency");
            assertTrue((Long) latency.get("packets") > 0 && (Long) latency.get("p50Ns") > 0
                && (Long) latency.get("maxNs") >= (Long) latency.get("p999Ns"), child.out());
            assertEquals(0L, latency.get("untimed"));
        }
    }

    private void assertEndsAt(final String signal) throws Exception {
        try (Child child = Child.millrace(folder, "switch", "vhost-user:" + socket("a"), "vhost-user:" + socket("b"))) {
            child.awaitOut("ready: 2 ports\n", 60);
            final long startNs = System.nanoTime();
            child.signal(signal);
            assertEquals(0, child.await(60));
            assertTrue(System.nanoTime() - startNs < MOST_TO_CLOSE_NS, "took too long");
            assertTrue(child.out().contains("no drops"), child.out());
            assertEquals(List.of(), files());
        }
    }

    @Test
    void shouldCloseWithinTwoSecondsOfSigterm() throws Exception {
        assertEndsAt("TERM");
    }

    @Test
    void shouldCloseWithinTwoSecondsOfSigint() throws Exception {
        assertEndsAt("INT");
    }

    @Test
    void shouldCloseWithinTwoSecondsUnderLoadAndStillGiveItsVerdict() throws Exception {
        try (Child child = Child.millrace(folder, "demo", "--seconds", "60")) {
            child.awaitOut("packets checked", 60);
            final long startNs = System.nanoTime();
            child.signal("TERM");
            final int exitCode = child.await(60);
            assertTrue(System.nanoTime() - startNs < MOST_TO_CLOSE_NS, "took too long");
            assertTrue(child.out().contains("OK: "), child.out());
            assertEquals(0, exitCode);
            assertEquals(List.of(), files());
        }
    }

    @Test
    void shouldNotBeReadyBeforeAPeerThatItConnectsTo() throws Exception {
        try (Child child = Child.millrace(folder, "echo", "vhost-user:" + socket("a") + ",client", "--seconds", "1")) {
            assertEquals(0, child.await(60));
            assertFalse(child.out().contains("ready"), child.out());
        }
    }

    @Test
    void shouldGetEveryPacketBackFromAnEchoInAnotherProcess() throws Exception {
        try (Child echo = Child.millrace(folder, "echo", "vhost-user:" + socket("a"))) {
            echo.awaitOut("ready: 1 port\n", 60);
            try (Child generate = Child.millrace(folder, "generate", "virtio-user:" + socket("a"), "--echo",
                "--window", "64", "--count", "20000", "--sizes", "imix", "--flows", "8",
                "--histogram", folder.resolve("echo.hgrm").toString())) {
                assertEquals(0, generate.await(60));
                assertTrue(generate.out().lines().anyMatch(line ->
                    line.matches("latency  p50 [0-9.]+ [mu]?s  p90 .*  p99 .*  p99.9 .*  max .* of 20000 packets")),
                    generate.out());
                assertTrue(Files.readString(folder.resolve("echo.hgrm")).contains("Total count    =        20000"));
                assertTrue(generate.out().contains("OK: 20000 packets sent, 20000 received"), generate.out());
            }
            echo.signal("TERM");
            assertEquals(0, echo.await(60));
            assertTrue(echo.out().lines().anyMatch(line -> line.matches("a +0 +20000 +\\d+ +20000 +\\d+")), echo.out());
        }
    }

    @Test
    void shouldVerifyInASinkWhatAnotherProcessGenerates() throws Exception {
        // Fewer packets than the ring holds: none can be lost, however busy the machine is.
        try (Child sink = Child.millrace(folder, "sink", "vhost-user:" + socket("a"), "--count", "500")) {
            sink.awaitOut("ready: 1 port\n", 60);
            try (Child generate = Child.millrace(folder, "generate", "virtio-user:" + socket("a") + ",size=1024",
                "--count", "500")) {
                assertEquals(0, sink.await(60));
                assertEquals(0, generate.await(60));
                assertTrue(sink.out().contains("OK: 500 packets sent, 500 received"), sink.out());
            }
        }
    }

    @Test
    void shouldWarmUpBeforeItsPortsOpen() throws Exception {
        final String path = socket("a");
        try (Child child = Child.millrace(folder, "switch", "vhost-user:" + path, "vhost-user:" + socket("b"),
            "--warm-up", "1", "--seconds", "1")) {
            assertEquals(0, child.await(60), child.out());
            assertTrue(child.out().contains("ready: 2 ports\n"), child.out());
            assertFalse(child.out().contains("warm-up"), "ports of memory are none of the user's: " + child.out());
        }
    }

    @Test
    void shouldFailASinkThatGotNothing() throws Exception {
        try (Child sink = Child.millrace(folder, "sink", "vhost-user:" + socket("a"), "--seconds", "1")) {
            assertEquals(1, sink.await(60));
            assertTrue(sink.out().contains("FAILED: no packet arrived"), sink.out());
        }
    }

    @Test
    void shouldShowItsCountersToAnotherProcess() throws Exception {
        try (Child child = Child.millrace(folder, "demo", "--seconds", "60")) {
            child.awaitOut("packets checked", 60);
            try (Child stats = Child.millrace(folder, "stats")) {
                assertEquals(0, stats.await(60));
                assertTrue(stats.out().startsWith("process " + child.pid() + "  millrace demo"), stats.out());
                assertTrue(stats.out().lines().anyMatch(line -> line.matches("station0 +0 +[1-9].*")), stats.out());
            }
            try (Child stats = Child.millrace(folder, "stats", Long.toString(child.pid()), "--json")) {
                assertEquals(0, stats.await(60));
                assertEquals(child.pid(), JsonText.object(stats.out()).get("pid"));
            }
            try (Child watch = Child.millrace(folder, "stats", "--watch", "0.2")) {
                watch.awaitOut("station2", 60);
                child.signal("TERM");
                assertEquals(0, watch.await(60));
            }
        }
    }

    @Test
    void shouldServeAPageAndMetrics() throws Exception {
        try (Child child = Child.millrace(folder, "demo", "--seconds", "60", "--http", "0")) {
            child.awaitOut("packets checked", 60);
            final Matcher page = Pattern.compile("page: (http://127\\.0\\.0\\.1:\\d+/)").matcher(child.out());
            assertTrue(page.find(), child.out());
            final String metrics = HttpClient.newHttpClient().send(
                HttpRequest.newBuilder(URI.create(page.group(1) + "metrics")).build(),
                HttpResponse.BodyHandlers.ofString()).body();
            assertTrue(metrics.lines().anyMatch(line ->
                line.matches("millrace_port_rx_packets_total\\{port=\"station0\",queue=\"0\"} [1-9].*")), metrics);
            child.signal("TERM");
            assertEquals(0, child.await(60));
        }
    }

    @Test
    void shouldShowNoCountersOfAProcessThatWasKilled() throws Exception {
        try (Child child = Child.millrace(folder, "echo", "vhost-user:" + socket("a"))) {
            child.awaitOut("ready", 60);
            child.signal("KILL");
            child.await(60);
            try (Child stats = Child.millrace(folder, "stats")) {
                assertEquals(2, stats.await(60));
            }
            // And a next one takes the socket over.
            try (Child next = Child.millrace(folder, "echo", "vhost-user:" + socket("a"), "--seconds", "0.1")) {
                assertEquals(0, next.await(60));
                assertEquals(List.of(), files());
            }
        }
    }
}
