/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ControlLoop;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.Until;
import io.millrace.pipeline.traffic.Traffic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Clients that send nonsense, many at a time, while packets flow. */
class ControlFuzzTest {
    private static final int CLIENTS = 12;
    private static final long SENT = 3000;
    private static final String[] REQUESTS = {"{\"id\":1,\"do\":\"hello\"}", "{\"id\":2,\"do\":\"stats\"}",
        "{\"id\":3,\"do\":\"ports\"}", "{\"id\":4,\"do\":\"fdb\",\"most\":10}", "{\"do\":\"fdb-flush\"}",
        "{\"id\":5,\"do\":\"view\"}", "{\"id\":6,\"do\":\"capture-state\",\"name\":\"capture-1\"}"};
    // These wait, or change the graph.
    private static final String[] SLOW = {
        "{\"id\":7,\"do\":\"trace\",\"filter\":\"udp\",\"count\":2,\"seconds\":1}",
        "{\"id\":8,\"do\":\"capture\",\"file\":\"FOLDER/captured/a\",\"filter\":\"udp\",\"count\":9}",
        "{\"id\":9,\"do\":\"capture-stop\",\"name\":\"capture-1\"}",
        "{\"id\":10,\"do\":\"balance\",\"seconds\":1,\"apply\":true}"};

    @TempDir
    private Path folder;

    /** Something like a request: one that is changed here and there, or mere bytes. */
    private byte[] nonsense(final Random random) {
        if (random.nextInt(4) == 0) {
            final byte[] bytes = new byte[random.nextInt(random.nextInt(20) == 0 ? 100_000 : 300)];
            random.nextBytes(bytes);
            return bytes;
        }
        final String[] requests = random.nextInt(10) == 0 ? SLOW : REQUESTS;
        final byte[] bytes = (requests[random.nextInt(requests.length)].replace("FOLDER", folder.toString()) + '\n')
            .getBytes(StandardCharsets.UTF_8);
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            final byte[] other = "{}[]\":,\\019eE-+.\u0000\n".getBytes(StandardCharsets.UTF_8);
            bytes[random.nextInt(bytes.length)] = random.nextBoolean() ? other[random.nextInt(other.length)]
                : (byte) random.nextInt();
        }
        return bytes;
    }

    private void bother(final Path socket, final Random random, final AtomicLong sent) throws IOException {
        try (RawClient client = new RawClient(socket)) {
            for (int n = random.nextInt(50); n > 0; n--) {
                final byte[] bytes = nonsense(random);
                if (random.nextInt(10) == 0) {
                    for (int i = 0; i < Math.min(100, bytes.length); i++) {
                        client.send(new byte[] {bytes[i]});
                    }
                } else if (!client.offer(bytes)) {
                    // It does not read, so the server takes no more.
                    return;
                }
                sent.incrementAndGet();
            }
            if (random.nextBoolean()) {
                client.finishSending();
                while (client.line() != null) {
                    continue;
                }
            }
        } catch (final IOException e) {
            // Sent away: too many, or what was sent was too long.
            sent.incrementAndGet();
        }
    }

    @Test
    void shouldForwardAndAnswerWhileClientsSendNonsense() throws Exception {
        final Path socket = folder.resolve("a.sock");
        Files.createDirectory(folder.resolve("captured"));
        final Traffic left = Traffic.named("left").source("02:00:00:00:00:0a").destination("02:00:00:00:00:0b");
        final Traffic right = Traffic.named("right").sinkOnly();
        left.window(64, right);
        try (Dataplane dataplane = Dataplane.builder().frames(2048).jumboFrames(16).build();
            ControlLoop loop = ControlLoop.start("fuzz-control");
            ControlServer server = ControlServer.start(loop, socket, Requests.of(dataplane, "fuzz"))) {
            final Port a = dataplane.open(left);
            final Port b = dataplane.open(right);
            final LearningSwitch bridge = new LearningSwitch(2);
            final Graph graph = new Graph().from(a).to(bridge).from(b).to(bridge)
                .from(bridge.port(a.id())).to(a).from(bridge.port(b.id())).to(b);
            dataplane.start(graph);
            bother(socket);
            final long received = right.received();
            Until.isTrue(() -> right.received() > received + 1000, () -> "no packet passes");
            try (ControlClient client = ControlClient.connect(server.socket())) {
                assertEquals("left", client.ask("ports", Requests.PortState[].class)[0].name());
                assertTrue(client.ask("view", GraphView.class).nodes().get(0).packets() > 1000);
            }
            left.stop();
            Until.isTrue(left::isStopped, () -> "it does not stop");
            Until.isTrue(() -> right.received() == left.sent(), () -> right.verdict(left).toString());
            assertTrue(right.verdict(left).isClean(), right.verdict(left).toString());
        }
    }

    private void bother(final Path socket) throws InterruptedException {
        final AtomicLong sent = new AtomicLong();
        final AtomicBoolean isOver = new AtomicBoolean();
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        final List<Thread> threads = new ArrayList<>();
        final long seed = System.nanoTime();
        for (int i = 0; i < CLIENTS; i++) {
            final Random random = new Random(seed + i);
            final Thread thread = new Thread(() -> {
                try {
                    while (!isOver.get()) {
                        bother(socket, random, sent);
                    }
                } catch (final Throwable e) {
                    failure.set(e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        Until.isTrue(() -> sent.get() >= SENT || failure.get() != null, () -> "seed " + seed + ": only " + sent);
        isOver.set(true);
        for (final Thread thread : threads) {
            thread.join();
        }
        assertNull(failure.get(), () -> "seed " + seed + ": " + failure.get());
    }
}
