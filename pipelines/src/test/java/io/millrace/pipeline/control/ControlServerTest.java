/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.DataplaneException;
import io.millrace.linux.LinuxException;
import io.millrace.pipeline.Until;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What clients get from a server, whatever they send. */
class ControlServerTest {
    private static final String BIG = "x".repeat(1_000_000);

    private final AtomicInteger changes = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final CountDownLatch release = new CountDownLatch(1);
    private final ControlLoop loop = ControlLoop.start("test-control");

    @TempDir
    private Path folder;
    private Path socket;
    private ControlServer server;

    private Map<String, Request> requests() {
        return Map.of(
            "change", new Request("counts", List.of("by", "why", "twice"), this::change),
            "big", new Request("answers a lot", call -> BIG),
            "huge", new Request("answers too much", call -> BIG.repeat(20)),
            "refuse", new Request("refuses", call -> {
                throw new DataplaneException("it cannot\n  be");
            }),
            "fail", new Request("has a bug", call -> {
                throw new IllegalStateException("oops");
            }),
            "wait", new Request("waits", call -> {
                release.await();
                return "released";
            }),
            "hang", new Request("waits until its client has gone", call -> {
                final CountDownLatch gone = new CountDownLatch(1);
                call.closeWithClient(gone::countDown);
                gone.await();
                return closed.incrementAndGet();
            }),
            "keep", new Request("keeps something", call -> {
                call.closeWithClient(closed::incrementAndGet);
                return null;
            }));
    }

    private Object change(final Call call) {
        final long by = call.whole("by", 1, 100).orElse(1);
        final String why = call.text("why").orElse("none");
        final boolean isTwice = call.is("twice");
        changes.addAndGet((int) by * (isTwice ? 2 : 1));
        return Map.of("why", why);
    }

    @BeforeEach
    void start() {
        socket = folder.resolve("a.sock");
        server = ControlServer.start(loop, socket, requests());
    }

    @AfterEach
    void close() {
        server.close();
        loop.close();
        assertFalse(Files.exists(socket));
    }

    private String answer(final String request) throws IOException {
        try (RawClient client = new RawClient(socket)) {
            return client.send(request + '\n').line();
        }
    }

    @Test
    void shouldAnswerWithTheNumberOfTheRequest() throws Exception {
        assertEquals("{\"id\":7,\"ok\":{\"why\":\"because\"}}",
            answer("{\"id\":7,\"do\":\"change\",\"by\":5,\"why\":\"because\",\"twice\":true}"));
        assertEquals(10, changes.get());
        assertEquals("{\"ok\":{\"why\":\"none\"}}", answer("{\"do\":\"change\"}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {"id":1,"do":"nothing"} | {"id":1,"error":"there is no request \\"nothing\\": there are big, change, fail, h
        {"id":1} | {"id":1,"error":"a request needs the argument do"}
        {"id":1,"do":5} | {"id":1,"error":"the argument do of a request is a text, not 5"}
        {"id":1,"do":["change"]} | {"id":1,"error":"the argument do of a request is a text, not [\\"change\\"]"}
        {"id":1,"do":"change","with":1} | {"id":1,"error":"change takes no argument \\"with\\": it takes by, why, tw
        {"id":1,"do":"big","with":1} | {"id":1,"error":"big takes no argument \\"with\\": it takes none"}
        {"id":1,"do":"change","by":"5"} | {"id":1,"error":"the argument by of change is a whole number from 1 to 100
        {"id":1,"do":"change","by":0} | {"id":1,"error":"the argument by of change is a whole number from 1 to 100,
        {"id":1,"do":"change","by":101} | {"id":1,"error":"the argument by of change is a whole number from 1 to 100
        {"id":1,"do":"change","by":1.5} | {"id":1,"error":"the argument by of change is a whole number from 1 to 100
        {"id":1,"do":"change","by":1e999999999} | {"id":1,"error":"the argument by of change is a whole number from
        {"id":1,"do":"change","by":99999999999999999999999} | {"id":1,"error":"the argument by of change is a whole
        {"id":1,"do":"change","by":null} | {"id":1,"error":"the argument by of change is a whole number from 1 to 10
        {"id":1,"do":"change","why":1} | {"id":1,"error":"the argument why of change is a text, not 1"}
        {"id":1,"do":"change","why":{}} | {"id":1,"error":"the argument why of change is a text, not {}"}
        {"id":1,"do":"change","twice":1} | {"id":1,"error":"the argument twice of change is true or false, not 1"}
        {"id":"1","do":"change"} | {"error":"the id of a request is a whole number of at most 15 digits, not \\"1\\""}
        {"id":-1,"do":"change"} | {"error":"the id of a request is a whole number of at most 15 digits, not -1"}
        {"id":1e5,"do":"change"} | {"error":"the id of a request is a whole number of at most 15 digits, not 1e5"}
        {"id":1,"do":"refuse"} | {"id":1,"error":"it cannot be"}
        {"id":1,"do":"huge"} | {"id":1,"error":"the answer to huge has 2000
        {'id':1,"do":"change"} | {"error":"the request is not JSON, or nested too deeply: {'id':1,
        {"id":1,do:"change"} | {"error":"the request is not JSON, or nested too deeply: {
        {"id":1,"do":"change"}} | {"error":"the request is not JSON
        {"id":1,"do":"change"} x | {"error":"the request is not JSON
        {"id":1,"do":"change"} {} | {"error":"the request is not JSON
        {"id":1,"do":"change",} | {"error":"the request is not JSON
        {"id":1,"do":"change" | {"error":"the request is not JSON
        /* */ {"do":"change"} | {"error":"the request is not JSON
        [1] | {"error":"a request is one object like
        5 | {"error":"a request is one object like
        "change" | {"error":"a request is one object like
        null | {"error":"a request is one object like
        change | {"error":"the request is not JSON
        """)
    void shouldRefuseWhatIsNoGoodRequestAndChangeNothing(final String request, final String start) throws Exception {
        final String answer = answer(request);
        assertTrue(answer.startsWith(start), answer);
        assertEquals(0, changes.get());
    }

    @Test
    void shouldRefuseWhatIsNestedDeeply() throws Exception {
        final String deep = "[".repeat(10_000) + "]".repeat(10_000);
        final String answer = answer("{\"do\":\"change\",\"why\":" + deep + '}');
        assertTrue(answer.startsWith("{\"error\":\"the request is not JSON"), answer);
        assertEquals(0, changes.get());
    }

    @Test
    void shouldRefuseWhatIsNotUtf8AndAnEmptyLine() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.send(new byte[] {'{', (byte) 0xc3, '}', '\n', '\n'});
            assertEquals("{\"error\":\"the request is not UTF-8\"}", client.line());
            assertTrue(client.line().startsWith("{\"error\":\"the request is not JSON"));
            assertTrue(client.send("{\"do\":\"change\"}\n").line().startsWith("{\"ok\""));
        }
    }

    @Test
    void shouldNotTellOfABugWithoutSayingSo() throws Exception {
        assertEquals("{\"id\":1,\"error\":\"this is a bug in Millrace: java.lang.IllegalStateException: oops\"}",
            answer("{\"id\":1,\"do\":\"fail\"}"));
    }

    @Test
    void shouldEndASessionWhoseRequestIsTooLong() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.send(new byte[Protocol.MAX_REQUEST + 1]);
            assertEquals("{\"error\":\"a request has at most 65536 bytes\"}", client.line());
            assertNull(client.line());
        }
    }

    @Test
    void shouldTakeTheLongestRequest() throws Exception {
        final String start = "{\"do\":\"change\",\"why\":\"";
        final String why = "y".repeat(Protocol.MAX_REQUEST - start.length() - 2);
        assertEquals("{\"ok\":{\"why\":\"" + why + "\"}}", answer(start + why + "\"}"));
    }

    @Test
    void shouldAnswerManyRequestsInTheirOrder() throws Exception {
        final long startNs = System.nanoTime();
        try (RawClient client = new RawClient(socket)) {
            final StringBuilder all = new StringBuilder();
            final int count = Session.MAX_PER_SECOND + 50;
            for (int i = 0; i < count; i++) {
                all.append("{\"id\":").append(i).append(",\"do\":\"change\"}\n");
            }
            client.send(all.toString()).finishSending();
            for (int i = 0; i < count; i++) {
                assertEquals("{\"id\":" + i + ",\"ok\":{\"why\":\"none\"}}", client.line());
            }
            assertNull(client.line());
            assertTrue(System.nanoTime() - startNs > Duration.ofMillis(900).toNanos(), "more than it may in a second");
        }
        assertEquals(Session.MAX_PER_SECOND + 50, changes.get());
    }

    @Test
    void shouldAnswerARequestThatComesByteByByte() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            for (final byte next : "{\"do\":\"change\"}\n".getBytes()) {
                client.send(new byte[] {next});
            }
            assertEquals("{\"ok\":{\"why\":\"none\"}}", client.line());
        }
    }

    @Test
    void shouldServeOthersWhileARequestWaitsAndAClientDoesNotRead() throws Exception {
        try (RawClient waiting = new RawClient(socket); RawClient lazy = new RawClient(socket)) {
            waiting.send("{\"do\":\"wait\"}\n");
            lazy.send("{\"do\":\"big\"}\n".repeat(100));
            assertEquals("{\"ok\":{\"why\":\"none\"}}", answer("{\"do\":\"change\"}"));
            release.countDown();
            assertEquals("{\"ok\":\"released\"}", waiting.line());
            // Nothing was lost for the lazy one.
            for (int i = 0; i < 100; i++) {
                assertEquals(BIG.length() + "{\"ok\":\"\"}".length(), lazy.line().length());
            }
        }
    }

    @Test
    void shouldEndASessionThatDoesNotReadOrDoesNotFinish() throws Exception {
        try (RawClient lazy = new RawClient(socket); RawClient slow = new RawClient(socket)) {
            lazy.send("{\"do\":\"keep\"}\n{\"do\":\"big\"}\n");
            slow.send("{\"do\":");
            assertEquals("{\"error\":\"the rest of the request did not come within 10 seconds\"}", slow.line());
            assertNull(slow.line());
            Until.isTrue(() -> closed.get() == 1, () -> "the client that does not read is still there");
        }
    }

    @Test
    void shouldCloseWhatAClientSwitchedOnWhenItGoes() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.send("{\"do\":\"keep\"}\n{\"do\":\"keep\"}\n");
            client.line();
            client.line();
            assertEquals(0, closed.get());
        }
        Until.isTrue(() -> closed.get() == 2, () -> closed + " were closed");
        try (RawClient client = new RawClient(socket)) {
            client.send("{\"do\":\"keep\"}\n").line();
            server.close();
            assertEquals(3, closed.get());
            assertNull(client.line());
        }
    }

    @Test
    void shouldAnswerWhileAllOthersWaitAndEndTheirRequestsWithThem() throws Exception {
        final List<RawClient> clients = new ArrayList<>();
        for (int i = 1; i < ControlServer.MAX_CLIENTS; i++) {
            clients.add(new RawClient(socket).send("{\"do\":\"hang\"}\n"));
        }
        assertEquals("{\"ok\":{\"why\":\"none\"}}", answer("{\"do\":\"change\"}"));
        assertEquals(0, closed.get());
        for (final RawClient client : clients) {
            client.close();
        }
        Until.isTrue(() -> closed.get() == clients.size(), () -> closed + " have ended");
    }

    @Test
    void shouldSendTooManyClientsAwayAndServeThemWhenOthersHaveGone() throws Exception {
        final List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < ControlServer.MAX_CLIENTS; i++) {
            final RawClient client = new RawClient(socket);
            clients.add(client);
            client.send("{\"do\":\"change\"}\n").line();
        }
        try (RawClient client = new RawClient(socket)) {
            assertEquals("{\"error\":\"32 clients are connected, which is the most: end one of them\"}", client.line());
            assertNull(client.line());
        }
        for (final RawClient client : clients) {
            client.close();
        }
        Until.isTrue(() -> {
            try {
                return answer("{\"do\":\"change\"}").startsWith("{\"ok\"");
            } catch (final IOException e) {
                return false;
            }
        }, () -> "no room");
    }

    @Test
    void shouldInterruptARequestThatWaitsWhenItCloses() throws Exception {
        try (RawClient waiting = new RawClient(socket)) {
            waiting.send("{\"do\":\"wait\"}\n");
            assertEquals("{\"ok\":{\"why\":\"none\"}}", answer("{\"do\":\"change\"}"));
            server.close();
            assertNull(waiting.line());
        }
    }

    @Test
    void shouldBeForItsUserOnly() throws Exception {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
    }

    @Test
    void shouldReplaceTheSocketOfADeadProcessButNotOfALivingOne() throws Exception {
        assertThrows(LinuxException.class, () -> ControlServer.start(loop, socket, requests()));
        assertEquals("{\"ok\":{\"why\":\"none\"}}", answer("{\"do\":\"change\"}"));
        final Path stale = folder.resolve("stale.sock");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(stale)).close();
        assertTrue(Files.exists(stale));
        try (ControlServer other = ControlServer.start(loop, stale, requests());
            ControlClient client = ControlClient.connect(other.socket())) {
            assertEquals("none", client.ask("change", Map.of()).getAsJsonObject().get("why").getAsString());
        }
    }

    @Test
    void shouldRefuseNamesThatCannotBe() {
        for (final String name : List.of("", "Ports", "a b", "-a", "a-", "\u00e9")) {
            assertThrows(IllegalArgumentException.class,
                () -> ControlServer.start(loop, folder.resolve("b.sock"), Map.of(name, new Request("", call -> null))));
            assertThrows(IllegalArgumentException.class, () -> new Request("", List.of(name), call -> null));
        }
        assertThrows(IllegalArgumentException.class, () -> new Request("", List.of("id"), call -> null));
    }

    @Test
    void shouldTellAClientWhatItIsRefused() {
        try (ControlClient client = ControlClient.connect(socket)) {
            assertEquals("there is no request \"x\": there are big, change, fail, hang, huge, keep, refuse, wait",
                assertThrows(ConfigurationException.class, () -> client.ask("x", Map.of())).getMessage());
            assertEquals(BIG, client.ask("big", String.class));
            client.timeout(Duration.ofMillis(50));
            assertTrue(assertThrows(DataplaneException.class, () -> client.ask("wait", Map.of())).getMessage()
                .endsWith(" has not answered within 50 ms"));
        }
        try (ControlClient client = ControlClient.connect(socket)) {
            server.close();
            assertTrue(assertThrows(DataplaneException.class, () -> client.ask("big", Map.of())).getMessage()
                .endsWith(" has ended"));
        }
    }
}
