/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.Burst;
import io.millrace.Port;
import io.millrace.linux.Epoll;
import io.millrace.linux.Fd;
import io.millrace.packet.MacAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Several queues, queues that wake their worker, and devices without Ethernet headers. */
class TapQueuesTest {
    private static final int QUEUES = 4;

    private TapFixture fixture;

    @BeforeEach
    void open() {
        fixture = TapFixture.create();
    }

    @AfterEach
    void close() {
        if (fixture != null) {
            fixture.close();
        }
    }

    @Test
    void shouldSpreadFlowsOverQueuesAndKeepEachInOrder() {
        final Port left = fixture.open(Tap.create("left"));
        final Port right = fixture.open(Tap.create("right").queues(QUEUES));
        fixture.bridge("left");
        fixture.bridge("right");
        final Map<Integer, Set<Integer>> queuesOfFlow = new HashMap<>();
        final Map<Integer, Integer> lastOfFlow = new HashMap<>();
        final Set<Integer> usedQueues = new HashSet<>();
        final int[] received = {0};
        for (int number = 0; number < 50; number++) {
            final byte[][] packets = new byte[32][];
            for (int flow = 0; flow < packets.length; flow++) {
                packets[flow] = Packets.udp(flow, number);
            }
            fixture.send(left, packets);
            for (int q = 0; q < QUEUES; q++) {
                final int queue = q;
                take(right, queue, packet -> {
                    final int flow = packet[63] & 0xff;
                    queuesOfFlow.computeIfAbsent(flow, f -> new HashSet<>()).add(queue);
                    usedQueues.add(queue);
                    final int last = lastOfFlow.getOrDefault(flow, -1);
                    assertEquals(last + 1, packet[62], "order in flow " + flow);
                    lastOfFlow.put(flow, (int) packet[62]);
                    received[0]++;
                });
            }
        }
        assertEquals(32 * 50, received[0]);
        queuesOfFlow.forEach((flow, queues) -> assertEquals(1, queues.size(), "queues of flow " + flow));
        assertTrue(usedQueues.size() > 1, "only queue " + usedQueues + " was used");
    }

    private void take(final Port port, final int queue, final java.util.function.Consumer<byte[]> consumer) {
        final Burst burst = fixture.burst;
        for (int polls = 0; polls < 6; polls++) {
            final int n = port.rx(queue).receive(burst);
            for (int i = 0; i < n; i++) {
                consumer.accept(TapFixture.bytes(burst, i));
            }
            burst.freeAll();
        }
    }

    @Test
    void shouldSendByEveryQueue() {
        final Port left = fixture.open(Tap.create("left").queues(2));
        fixture.open(Tap.create("right"));
        fixture.bridge("left");
        fixture.bridge("right");
        for (int q = 0; q < 2; q++) {
            fixture.add(TapFixture.packet(q, 60));
            assertEquals(1, left.tx(q).transmit(fixture.burst));
        }
        fixture.until(() -> fixture.received.get(1).size() == 2, "packets of both queues");
    }

    @Test
    void shouldWakeAWaitingWorker() {
        final Port left = fixture.open(Tap.create("left"));
        final Port right = fixture.open(Tap.create("right"));
        fixture.bridge("left");
        fixture.bridge("right");
        for (int i = 0; i < 1000; i++) {
            fixture.poll();
        }
        final Fd fd = right.rx(0).arm();
        assertNotNull(fd);
        try (Epoll epoll = Epoll.create()) {
            epoll.add(fd, Epoll.IN | Epoll.ET, 7);
            assertEquals(0, epoll.await(0));
            fixture.send(left, TapFixture.packet(1, 60));
            int ready = 0;
            // A signal, also the kernel's own for the ring, may end a wait early.
            for (int i = 0; i < 10 && ready == 0; i++) {
                ready = epoll.await(1000);
            }
            assertEquals(1, ready);
            epoll.remove(fd);
        }
        right.rx(0).disarm();
        fixture.until(() -> fixture.received.get(1).size() == 1, "the packet");
    }

    @Test
    void shouldPassToAnotherThread() throws InterruptedException {
        final Port left = fixture.open(Tap.create("left"));
        final Port right = fixture.open(Tap.create("right"));
        fixture.bridge("left");
        fixture.bridge("right");
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < 200; i++) {
                right.rx(0).receive(fixture.burst);
            }
            right.rx(0).release();
            fixture.send(left, TapFixture.packet(round, 60));
            final List<Integer> lengths = new ArrayList<>();
            final Thread other = new Thread(() -> {
                try (var frames = fixture.pool.cache("other")) {
                    final Burst burst = new Burst(frames, 32);
                    while (lengths.isEmpty()) {
                        final int n = right.rx(0).receive(burst);
                        for (int i = 0; i < n; i++) {
                            lengths.add(burst.length(i));
                        }
                        burst.freeAll();
                    }
                    // Goes with a watch pending, or without.
                    for (int i = 0; i < 200; i++) {
                        right.rx(0).receive(burst);
                        burst.freeAll();
                    }
                    right.rx(0).release();
                }
            });
            other.start();
            other.join(10_000);
            assertFalse(other.isAlive(), "the other thread got nothing");
            assertEquals(List.of(60), lengths);
        }
    }

    @Test
    void shouldAnswerPingsThroughATun() throws IOException, InterruptedException {
        Needs.program("ping", "iputils-ping");
        final Port port = fixture.open(Tap.create("t0").tun().mac(MacAddress.parse("02:00:00:00:00:07"))
            .peer(MacAddress.parse("02:00:00:00:00:08")));
        fixture.ip("addr add 10.1.1.1/24 dev t0");
        final Process ping = new ProcessBuilder("ip", "netns", "exec", fixture.namespace, "ping", "-c", "3", "-i",
            "0.2", "-W", "5", "10.1.1.2").redirectErrorStream(true).start();
        fixture.until(() -> {
            fixture.received.get(0).forEach(request -> {
                assertEquals("0200000000080200000000070800",
                    String.format("%014x%014x", number(request, 0, 7), number(request, 7, 7)));
                fixture.send(port, reply(request));
            });
            fixture.received.get(0).clear();
            return !ping.isAlive();
        }, "ping ends");
        assertEquals(0, ping.waitFor(), new String(ping.getInputStream().readAllBytes()));
        fixture.send(port, TapFixture.packet(1, 60));
        assertEquals(1, fixture.count("port/t0/tx0/drop/not-ip"));
    }

    private static long number(final byte[] packet, final int from, final int length) {
        long number = 0;
        for (int i = from; i < from + length; i++) {
            number = number << 8 | packet[i] & 0xff;
        }
        return number;
    }

    private static byte[] reply(final byte[] request) {
        final byte[] reply = request.clone();
        System.arraycopy(request, 26, reply, 30, 4);
        System.arraycopy(request, 30, reply, 26, 4);
        reply[34] = 0;
        Packets.put16(reply, 36, 0);
        Packets.put16(reply, 36, (int) ~Packets.fold(Packets.sum(reply, 34, reply.length)) & 0xffff);
        return reply;
    }

    @Test
    void shouldCarryLargePacketsThroughATun() {
        final Port port = fixture.open(Tap.create("t0").tun().mtu(9000).offloads(io.millrace.Offload.CSUM));
        fixture.ip("addr add 10.1.1.1/24 dev t0");
        TapFixture.run("ip", "netns", "exec", fixture.namespace, "bash", "-c",
            "dd if=/dev/zero bs=8000 count=1 status=none >/dev/udp/10.1.1.2/9");
        fixture.until(() -> !fixture.received.get(0).isEmpty(), "a large packet");
        assertEquals(14 + 20 + 8 + 8000, fixture.received.get(0).get(0).length);
        assertEquals(1, port.queues());
        assertEquals(0x45, fixture.received.get(0).get(0)[14]);
    }
}
