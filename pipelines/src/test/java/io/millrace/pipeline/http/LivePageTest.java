/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import com.google.gson.Gson;
import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.Until;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class LivePageTest {
    private static final String PROMETHEUS = "application/vnd.google.protobuf;"
        + "proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
        + "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    private final RunningGraph graph = new RunningGraph();

    @AfterEach
    void close() {
        graph.close();
    }

    /** The whole answer. Written by hand, because Java's client does not let anybody lie about the host. */
    private String ask(final String request, final String... headers) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", graph.page().port())) {
            socket.getOutputStream().write((request + " HTTP/1.1\r\nConnection: close\r\n"
                + String.join("", headers) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String get(final String path, final String... headers) throws IOException {
        return ask("GET " + path, "Host: 127.0.0.1:" + graph.page().port() + "\r\n",
            String.join("", List.of(headers)));
    }

    private static String body(final String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    private static void assertStatus(final int status, final String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    }

    @Test
    void shouldTellPrometheusWhatMoves() throws IOException {
        final Pattern received = Pattern.compile(
            "millrace_port_rx_packets_total\\{port=\"sender\",queue=\"0\"} (\\S+)");
        final double[] last = {0};
        Until.isTrue(() -> {
            try {
                final String answer = get("/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n");
                assertStatus(200, answer);
                assertTrue(answer.endsWith("# EOF\n"), answer);
                final Matcher matcher = received.matcher(answer);
                assertTrue(matcher.find(), answer);
                final double before = last[0];
                last[0] = Double.parseDouble(matcher.group(1));
                return before > 0 && last[0] > before;
            } catch (final IOException e) {
                throw new AssertionError(e);
            }
        }, () -> "it does not grow");
        final String all = get("/metrics");
        assertTrue(all.contains("millrace_port_up{port=\"receiver\"} 1.0"), all);
        assertTrue(all.contains("# HELP millrace_drops_total Packets that went no further"), all);
        assertTrue(all.contains("millrace_handoff_packets_total{handoff=\"sender-learning-switch\"}"), all);
    }

    @Test
    void shouldAnswerAPrometheusThatPrefersProtobuf() throws IOException {
        assertStatus(200, get("/metrics", "Accept: " + PROMETHEUS + "\r\n"));
    }

    @Test
    void shouldShowTheGraphAsJson() throws IOException {
        final String answer = get("/view.json");
        assertStatus(200, answer);
        final GraphView view = new Gson().fromJson(body(answer), GraphView.class);
        assertEquals("lab", view.name());
        assertEquals(List.of("sender", "receiver", "idler"),
            view.ports().stream().map(GraphView.PortView::name).toList());
        assertEquals(6, view.wires().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/page.css", "/page.js", "/rates.js", "/layout.js", "/drawing.js", "/icon.svg",
        "/view.json", "/metrics"})
    void shouldLetBrowsersDoNoMoreThanThePageNeeds(final String path) throws IOException {
        final String answer = get(path);
        assertStatus(200, answer);
        final String head = answer.substring(0, answer.indexOf("\r\n\r\n")).toLowerCase(Locale.ROOT);
        assertTrue(head.contains("content-security-policy: default-src 'none'; script-src 'self';"), head);
        assertTrue(head.contains("x-content-type-options: nosniff") && head.contains("cache-control: no-store"), head);
        assertFalse(head.contains("access-control-allow"), head);
        assertFalse(body(answer).matches("(?s).*https?://(?!www\\.w3\\.org/2000/svg).*"), "an outside address");
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "127.0.0.1:80@evil.example",
        "", "10.0.0.1"})
    void shouldRefuseAnotherHostsName(final String host) throws IOException {
        final String answer = ask("GET /view.json", "Host: " + host + "\r\n");
        assertFalse(answer.startsWith("HTTP/1.1 200"), answer);
        assertFalse(answer.contains("receiver"), answer);
    }

    @Test
    void shouldRefuseARequestForNoHostOrTwo() throws IOException {
        assertFalse(ask("GET /view.json").startsWith("HTTP/1.1 200"));
        assertFalse(ask("GET /view.json", "Host: 127.0.0.1\r\n", "Host: evil.example\r\n").startsWith("HTTP/1.1 200"));
        assertStatus(200, ask("GET /view.json", "Host: localhost:1\r\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
    void shouldOnlyRead(final String method) throws IOException {
        assertStatus(405, ask(method + " /view.json", "Host: 127.0.0.1\r\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nothing", "/../../etc/passwd", "/LivePage.class", "/%2e%2e/x", "/metrics/../x"})
    void shouldHaveNothingElse(final String path) throws IOException {
        assertStatus(404, get(path));
    }

    @Test
    void shouldListenOnLoopbackOnly() {
        assertTrue(graph.page().address().startsWith("http://127.0.0.1:"));
        assertThrows(IOException.class, () -> new Socket("127.0.0.2", graph.page().port()).close());
    }

    @Test
    void shouldSayWhyItCannotBeOpened() {
        final int taken = graph.page().port();
        final Counters counters = Counters.inMemory();
        assertEquals("the HTTP port " + taken + " of 127.0.0.1 cannot be opened (Address already in use): take another "
            + "one, or 0 for any that is free", assertThrows(ConfigurationException.class,
                () -> LivePage.open(taken, () -> null, counters)).getMessage());
        assertEquals("the HTTP port 65536 cannot be: take 1 to 65535, or 0 for any",
            assertThrows(ConfigurationException.class, () -> LivePage.open(65_536, () -> null, counters)).getMessage());
    }

    @Test
    void shouldNotLetClientsThatNeverFinishKeepOthersOutForGood() throws IOException {
        final List<Socket> unfinished = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                final Socket socket = new Socket("127.0.0.1", graph.page().port());
                unfinished.add(socket);
                socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: 127".getBytes(StandardCharsets.ISO_8859_1));
            }
            // One that comes while all threads wait may be cut off with them.
            Until.isTrue(() -> {
                try {
                    return get("/").startsWith("HTTP/1.1 200 ");
                } catch (final IOException e) {
                    return false;
                }
            }, () -> "no thread came free");
        } finally {
            for (final Socket socket : unfinished) {
                socket.close();
            }
        }
    }

    @Test
    void shouldSayThatNothingRunsAnyMore() throws IOException {
        final Counters counters = Counters.inMemory();
        try (LivePage page = LivePage.open(0, () -> {
            throw new IllegalStateException("data plane lab is closed");
        }, counters); Socket socket = new Socket("127.0.0.1", page.port())) {
            socket.getOutputStream().write("GET /view.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                .getBytes(StandardCharsets.ISO_8859_1));
            final String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertStatus(503, answer);
            assertTrue(answer.endsWith("data plane lab is closed\n"), answer);
        }
    }
}
