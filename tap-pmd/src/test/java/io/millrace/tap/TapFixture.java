/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.Burst;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import org.agrona.UnsafeApi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * A network namespace with a bridge in it, and what tap ports live with. The test's own thread is the worker: it polls
 * all ports while it waits for something. Closing checks that every frame is back.
 */
final class TapFixture implements AutoCloseable {
    static final String BRIDGE = "br0";
    private static final long DEADLINE_NS = 20_000_000_000L;
    private static final AtomicInteger COUNT = new AtomicInteger();

    final String namespace = "mrt" + ProcessHandle.current().pid() + "n" + COUNT.incrementAndGet();
    final FramePool pool;
    final Counters counters = Counters.inMemory();
    final ControlLoop control = ControlLoop.start("control");
    final List<String> events = new CopyOnWriteArrayList<>();
    /** What came in and nobody has taken away yet, by port. */
    final List<List<byte[]>> received = new ArrayList<>();
    final FrameCache frames;
    final Burst burst;
    private final List<Port> ports = new ArrayList<>();

    private TapFixture(final int normalFrames, final int jumboFrames) {
        pool = FramePool.create(normalFrames, jumboFrames);
        frames = pool.cache("test");
        burst = new Burst(frames, 64);
        run("ip", "netns", "add", namespace);
        try {
            run("ip", "netns", "exec", namespace, "sh", "-c", "for scope in all default; do"
                + " echo 1 > /proc/sys/net/ipv6/conf/$scope/disable_ipv6 || true; done 2> /dev/null");
            ip("link add " + BRIDGE + " mtu 65535 up type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
        } catch (final AssertionError e) {
            run("ip", "netns", "del", namespace);
            throw e;
        }
    }

    /** Makes one, or skips the test where that is not allowed. */
    static TapFixture create() {
        return create(1024, 24);
    }

    static TapFixture create(final int normalFrames, final int jumboFrames) {
        Needs.namespaces();
        Needs.that(Files.exists(Path.of("/dev/net/tun")), "/dev/net/tun: modprobe tun");
        return new TapFixture(normalFrames, jumboFrames);
    }

    /** Runs {@code ip} inside the namespace. */
    String ip(final String command) {
        return run(Stream.concat(Stream.of("ip", "-n", namespace), Stream.of(command.split(" ")))
            .toArray(String[]::new));
    }

    static String run(final String... command) {
        try {
            final Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), () -> String.join(" ", command) + ": " + output);
            return output;
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError(String.join(" ", command), e);
        }
    }

    /** Opens a port in the namespace and waits until its link is up. */
    Port open(final Tap tap) {
        final Port port = openAsItIs(tap.settings().given.isEmpty() ? tap.namespace(namespace) : tap);
        awaitLink(port, LinkState.UP);
        return port;
    }

    Port openAsItIs(final Tap tap) {
        final Port port = tap.open(new PortContext(ports.size(), pool, counters, control,
            (which, state, reason) -> events.add(which.name() + " " + state + ": " + reason)));
        ports.add(port);
        received.add(new ArrayList<>());
        return port;
    }

    /** Puts an interface on the bridge. */
    void bridge(final String device) {
        ip("link set " + device + " master " + BRIDGE);
        until(() -> ip("-o link show " + device).contains("LOWER_UP"), device + " on the bridge");
        // The port of the bridge has to be forwarding, which the kernel does in its own time.
        until(() -> run("bridge", "-n", namespace, "link", "show", "dev", device).contains("forwarding"),
            device + " forwarding");
    }

    /** Polls every queue of every port once. */
    void poll() {
        for (int p = 0; p < ports.size(); p++) {
            for (int q = 0; q < ports.get(p).queues(); q++) {
                poll(p, q);
                ports.get(p).tx(q).transmit(burst);
            }
        }
    }

    private void poll(final int p, final int q) {
        final int n = ports.get(p).rx(q).receive(burst);
        assertEquals(n, burst.size());
        for (int i = 0; i < n; i++) {
            assertEquals(p, burst.port(i));
            received.get(p).add(bytes(burst, i));
        }
        burst.freeAll();
    }

    static byte[] bytes(final Burst burst, final int i) {
        final byte[] bytes = new byte[burst.length(i)];
        for (int k = 0; k < bytes.length; k++) {
            bytes[k] = UnsafeApi.getByte(burst.address(i) + k);
        }
        return bytes;
    }

    /** Adds a packet to the burst. */
    void add(final byte[] packet) {
        final int offset = frames.allocateFor(packet.length);
        for (int k = 0; k < packet.length; k++) {
            UnsafeApi.putByte(pool.baseAddress() + offset + k, packet[k]);
        }
        burst.add(offset, packet.length, 0);
    }

    /** Sends packets by queue 0, all in one burst; every one has to leave it. */
    int send(final Port port, final byte[]... packets) {
        for (final byte[] packet : packets) {
            add(packet);
        }
        final int sent = port.tx(0).transmit(burst);
        assertEquals(0, burst.size(), "left in the burst");
        return sent;
    }

    /** An Ethernet frame with broadcast address whose bytes tell its number and length. */
    static byte[] packet(final int number, final int length) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i < 6 ? 0xff : i < 11 ? 2 : i == 11 ? number & 1 : number * 31 + i * 7 + (i >> 8));
        }
        if (length >= 14) {
            bytes[12] = (byte) 0x88;
            bytes[13] = (byte) 0xb5;
        }
        return bytes;
    }

    void until(final BooleanSupplier condition, final String what) {
        final long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > DEADLINE_NS) {
                throw new AssertionError("not in time: " + what + "; events " + events + "; counters "
                    + counters.snapshot());
            }
            poll();
        }
    }

    void awaitLink(final Port port, final LinkState state) {
        until(() -> port.link() == state, port.name() + " is " + state);
    }

    long count(final String name) {
        return counters.snapshot().getOrDefault(name, 0L);
    }

    void close(final Port port) {
        for (int q = 0; q < port.queues(); q++) {
            port.rx(q).release();
            port.tx(q).release();
        }
        port.close();
    }

    @Override
    public void close() {
        try {
            ports.forEach(this::close);
            frames.close();
            control.close();
            pool.close();
            counters.close();
        } finally {
            run("ip", "netns", "del", namespace);
        }
    }
}
