/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.MacSwap;
import io.millrace.pipeline.Until;
import io.millrace.pipeline.multicast.Trace;
import io.millrace.pipeline.traffic.Traffic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Packets of a running graph are watched, and its queues moved, by another process. */
class WatchRequestsTest {
    private final Dataplane dataplane = Dataplane.builder().frames(1024).jumboFrames(0).build();
    private final ControlLoop loop = ControlLoop.start("test-control");

    @TempDir
    private Path folder;
    private ControlServer server;
    private ControlClient client;

    @BeforeEach
    void start() {
        final Traffic traffic = Traffic.named("station").flows(4).rate(20_000);
        final Port station = dataplane.open(traffic);
        final MacSwap echo = new MacSwap();
        dataplane.start(new Graph().from(station).to(echo).from(echo.out()).to(station));
        server = ControlServer.start(loop, folder.resolve("a.sock"), Requests.of(dataplane, "test"));
        client = ControlClient.connect(folder.resolve("a.sock"));
        client.timeout(Duration.ofSeconds(60));
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
        loop.close();
        dataplane.close();
    }

    private void assertRefused(final String message, final String request, final Map<String, ?> arguments) {
        assertEquals(message, assertThrows(ConfigurationException.class, () -> client.ask(request, arguments))
            .getMessage());
    }

    private static long threadsIn(final String method) {
        return Thread.getAllStackTraces().values().stream()
            .filter(frames -> Stream.of(frames).anyMatch(frame -> frame.toString().contains(method))).count();
    }

    private boolean isUnwatched() {
        return dataplane.plan(dataplane.graph()).watched().kept().isEmpty();
    }

    @Test
    void shouldTraceTheNextPackets() {
        final Trace[] traces = client.as(client.ask("trace", Map.of("filter", "udp", "count", 3)), Trace[].class);
        assertEquals(3, traces.length);
        assertEquals("station", traces[0].port());
        assertEquals("station-mac-swap", traces[0].steps().get(0).wire());
        assertEquals("mac-swap.out-station", traces[0].steps().get(1).wire());
        assertFalse(traces[0].steps().get(1).differences().isEmpty());
        assertEquals("port station", traces[0].ends().get(0).place());
        assertTrue(isUnwatched());
    }

    @Test
    void shouldTraceNothingWhereNothingPasses() {
        assertEquals(0, client.as(client.ask("trace", Map.of("filter", "arp", "seconds", 1)), Trace[].class).length);
        assertTrue(isUnwatched());
    }

    @Test
    void shouldEndATraceWithItsClient() {
        try (ControlClient impatient = ControlClient.connect(folder.resolve("a.sock"))) {
            impatient.timeout(Duration.ofSeconds(1));
            assertThrows(RuntimeException.class,
                () -> impatient.ask("trace", Map.of("filter", "arp", "seconds", 3600)));
        }
        Until.isTrue(this::isUnwatched, () -> "it is traced for an hour");
        assertEquals(3, client.ask("hello", Requests.Hello.class).requests().keySet().stream()
            .filter(name -> name.matches("trace|capture|balance")).count());
    }

    @Test
    void shouldEndABalanceWithItsClientAndChangeNothing() {
        try (ControlClient impatient = ControlClient.connect(folder.resolve("a.sock"))) {
            impatient.timeout(Duration.ofSeconds(1));
            assertThrows(RuntimeException.class,
                () -> impatient.ask("balance", Map.of("apply", true, "seconds", 3600)));
        }
        Until.isTrue(() -> threadsIn("Dataplane.balance(") == 0, () -> "it is watched for an hour");
        assertEquals(0, dataplane.counters().snapshot().get("dataplane/swaps"));
    }

    @Test
    void shouldRefuseMoreTracesThanItHasMemoryFor() {
        final List<ControlClient> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            final ControlClient waiting = ControlClient.connect(folder.resolve("a.sock"));
            clients.add(waiting);
            waiting.timeout(Duration.ofMillis(10));
            assertThrows(RuntimeException.class,
                () -> waiting.ask("trace", Map.of("filter", "arp", "seconds", 3600)));
        }
        Until.isTrue(() -> threadsIn("Tracer.collect(") == 4, () -> threadsIn("Tracer.collect(") + " traces");
        assertRefused("4 traces run already: end one", "trace", Map.of("filter", "udp"));
        clients.forEach(ControlClient::close);
        Until.isTrue(this::isUnwatched, () -> "it is traced for an hour");
        Until.isTrue(() -> {
            try {
                return client.as(client.ask("trace", Map.of("filter", "udp")), Trace[].class).length == 1;
            } catch (final ConfigurationException e) {
                return false;
            }
        }, () -> "no trace is possible any more");
    }

    @Test
    void shouldRefuseMoreCapturesThanItHasMemoryFor() throws Exception {
        for (int i = 1; i <= 4; i++) {
            assertEquals("capture-" + i, capture(client, folder.resolve("f" + i)).name());
        }
        assertRefused("4 captures run already: end one", "capture", Map.of("file", folder.resolve("f5").toString()));
        assertFalse(Files.exists(folder.resolve("f5")));
    }

    @Test
    void shouldKeepTheNameOfACaptureThatCannotLetGoOfItsPipe() throws Exception {
        final Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        // Opened for both, so that nobody waits; and never read, so that it is full soon.
        try (RandomAccessFile reader = new RandomAccessFile(pipe.toFile(), "rw")) {
            try (ControlClient leaving = ControlClient.connect(folder.resolve("a.sock"))) {
                assertEquals("capture-1", capture(leaving, pipe).name());
                Until.isTrue(() -> state("capture-state", "capture-1").lost() > 0, () -> "it is read");
            }
            assertEquals("capture-2", capture(client, folder.resolve("f")).name());
            final Thread reading = new Thread(() -> drain(reader));
            reading.setDaemon(true);
            reading.start();
            Until.isTrue(() -> !isKnown("capture-1"), () -> "it does not end");
            assertEquals("capture-1", capture(client, folder.resolve("g")).name());
        }
    }

    private static void drain(final RandomAccessFile pipe) {
        final byte[] read = new byte[1 << 16];
        try {
            while (pipe.read(read) > 0) {
                continue;
            }
        } catch (final IOException e) {
            // Closed at the end of the test.
            return;
        }
    }

    private boolean isKnown(final String name) {
        try {
            return !state("capture-state", name).name().isEmpty();
        } catch (final ConfigurationException e) {
            assertEquals("there is no capture capture-1: there are [capture-2]", e.getMessage());
            return false;
        }
    }

    @Test
    void shouldSayTheFinalNumbersOfACaptureThatIsStopped() throws Exception {
        final Path file = folder.resolve("a.pcapng");
        final String name = capture(client, file).name();
        Until.isTrue(() -> state("capture-state", name).packets() > 100, () -> "no packets");
        final Requests.CaptureState end = state("capture-stop", name);
        assertTrue(end.done() && end.packets() > 100 && end.failure().isEmpty(), end.toString());
        assertEquals(end, state("capture-stop", name));
        assertTrue(isUnwatched());
    }

    @Test
    void shouldNotEmptyAFileForAWireThatIsNot() throws Exception {
        final Path file = Files.writeString(folder.resolve("old.pcapng"), "old");
        assertThrows(ConfigurationException.class,
            () -> client.ask("capture", Map.of("file", file.toString(), "wires", "x")));
        assertEquals("old", Files.readString(file));
    }

    private Requests.CaptureState capture(final ControlClient by, final Path file) {
        return by.as(by.ask("capture", Map.of("file", file.toString())), Requests.CaptureState.class);
    }

    private Requests.CaptureState state(final String request, final String name) {
        return client.as(client.ask(request, Map.of("name", name)), Requests.CaptureState.class);
    }

    @Test
    void shouldCaptureUntilTheClientGoes() throws IOException {
        final Path file = folder.resolve("a.pcapng");
        try (ControlClient capturing = ControlClient.connect(folder.resolve("a.sock"))) {
            final Requests.CaptureState state = capturing.as(capturing.ask("capture",
                Map.of("file", file.toString(), "wires", "station-mac-swap")), Requests.CaptureState.class);
            Until.isTrue(() -> capturing.as(capturing.ask("capture-state", Map.of("name", state.name())),
                Requests.CaptureState.class).packets() > 100, () -> "no packets");
            assertFalse(isUnwatched());
        }
        Until.isTrue(this::isUnwatched, () -> "it is captured on");
        final long size = Files.size(file);
        assertTrue(size > 100 * 64, size + " bytes");
    }

    @Test
    void shouldCaptureSoManyPacketsAndNoMore() {
        final Path file = folder.resolve("b.pcapng");
        final String name = client.as(client.ask("capture", Map.of("file", file.toString(), "count", 10)),
            Requests.CaptureState.class).name();
        Until.isTrue(() -> client.as(client.ask("capture-state", Map.of("name", name)),
            Requests.CaptureState.class).done(), () -> "does not end");
        assertEquals(10, client.as(client.ask("capture-state", Map.of("name", name)),
            Requests.CaptureState.class).packets());
        Until.isTrue(this::isUnwatched, () -> "it is captured on");
    }

    @Test
    void shouldRefuseWhatCannotBeAndChangeNothing() {
        assertRefused("the file a.pcapng cannot be: name it from the root folder on", "capture",
            Map.of("file", "a.pcapng"));
        assertRefused("there is no wire x: there are station-mac-swap, mac-swap.out-station", "capture",
            Map.of("file", folder.resolve("c").toString(), "wires", "x"));
        assertRefused("capture needs the argument file", "capture", Map.of());
        assertRefused("the argument count of trace is a whole number from 1 to 100, not 0", "trace",
            Map.of("count", 0));
        assertRefused("there is no capture x: there are []", "capture-state", Map.of("name", "x"));
        assertThrows(ConfigurationException.class, () -> client.ask("trace", Map.of("filter", "port")));
        assertTrue(isUnwatched());
        assertEquals(0, dataplane.counters().snapshot().get("dataplane/swaps"));
    }

    @Test
    void shouldSayHowBusyTheWorkersAre() {
        final Requests.BalanceState state = client.as(client.ask("balance", Map.of("seconds", 1, "apply", true)),
            Requests.BalanceState.class);
        assertFalse(state.worthwhile(), "there is one part only");
        assertFalse(state.applied());
        assertTrue(state.busiestBefore() > 0, state.text());
        assertTrue(state.text().contains("station/0"), state.text());
    }
}
