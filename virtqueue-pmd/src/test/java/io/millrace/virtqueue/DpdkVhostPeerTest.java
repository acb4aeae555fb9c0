/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** The driver side against DPDK's vhost, a back-end that other people wrote. */
class DpdkVhostPeerTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void needsTestpmd() {
        assumeTrue(Testpmd.isInstalled());
    }

    private VirtioUser driver() {
        return VirtioUser.connect(folder.resolve("p.sock").toString());
    }

    /** Sends packets of that length one burst at a time and checks that each comes back once, in order, unchanged. */
    private static void echo(final DriverHost host, final int count, final int length, final int window) {
        long sent = 0;
        long received = 0;
        final long first = host.counter("tx0/packets");
        while (received < count) {
            while (host.out.remaining() > 0 && sent < count && sent - received < window) {
                host.add(sent++, length);
            }
            final long expected = received;
            host.port.tx(0).transmit(host.out);
            Await.until(() -> "packet " + expected + " of " + length + " comes back; " + host.counters.snapshot(),
                () -> {
                    host.port.tx(0).transmit(host.out);
                    return host.port.rx(0).receive(host.in) > 0;
                });
            for (int i = 0; i < host.in.size(); i++) {
                host.check(i, received++, length);
            }
            host.in.freeAll();
        }
        assertEquals(count, host.counter("tx0/packets") - first);
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 64, 256, 1024})
    void shouldEchoAllSizesOnRingsOf(final int size) throws Exception {
        try (Testpmd peer = Testpmd.start(folder.resolve("p.sock"), 1, "");
             DriverHost host = new DriverHost(driver().ringSize(size))) {
            host.awaitUp();
            for (final int length : new int[] {60, 64, 1514}) {
                // Testpmd drops what it cannot send back at once, and up to a quarter of the buffers wait to be posted.
                echo(host, 2000, length, Math.min(96, size / 2));
            }
            assertTrue(peer.output().contains("testpmd>"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 255, 256, 1000})
    void shouldEchoAllSizesOnPackedRingsOf(final int size) throws Exception {
        try (Testpmd peer = Testpmd.start(folder.resolve("p.sock"), 1, "");
             DriverHost host = new DriverHost(driver().packed(true).ringSize(size).inOrder(size % 2 == 0))) {
            host.awaitUp();
            for (final int length : new int[] {60, 64, 1514}) {
                echo(host, 2000, length, Math.min(96, size / 2));
            }
            assertTrue(peer.output().contains("testpmd>"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldEchoJumboPackets(final boolean isPacked) throws Exception {
        try (Testpmd peer = Testpmd.start(folder.resolve("p.sock"), 1, "");
             DriverHost host = new DriverHost(driver().packed(isPacked).ringSize(1024), 8192, 512)) {
            host.awaitUp();
            echo(host, 500, 9000, 32);
            assertTrue(peer.output().contains("testpmd>"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldServeAClientThatConnectsLater(final boolean isPacked) throws Exception {
        final Path socket = folder.resolve("p.sock");
        try (DriverHost host = new DriverHost(VirtioUser.listen(socket.toString()).packed(isPacked));
             Testpmd peer = Testpmd.start(socket, 1, ",client=1")) {
            host.awaitUp();
            echo(host, 200, 64, 96);
            assertTrue(peer.output().contains("testpmd>"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldComeBackAfterTheBackEndWasKilled(final boolean isPacked) throws Exception {
        final Path socket = folder.resolve("p.sock");
        try (DriverHost host = new DriverHost(driver().packed(isPacked))) {
            try (Testpmd peer = Testpmd.start(socket, 1, "")) {
                host.awaitUp();
                echo(host, 200, 64, 96);
                peer.kill();
            }
            Await.until("link down", () -> {
                host.poll();
                return host.port.link() == LinkState.DOWN;
            });
            Files.deleteIfExists(socket);
            try (Testpmd peer = Testpmd.start(socket, 1, "")) {
                host.awaitUp();
                echo(host, 200, 64, 96);
                assertTrue(peer.output().contains("testpmd>"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldUseTwoQueues(final boolean isPacked) throws Exception {
        try (Testpmd peer = Testpmd.start(folder.resolve("p.sock"), 2, "");
             DriverHost host = new DriverHost(driver().packed(isPacked).queues(2))) {
            host.awaitUp();
            for (int q = 0; q < 2; q++) {
                final int queue = q;
                host.add(q, 64);
                host.port.tx(q).transmit(host.out);
                Await.until(() -> "echo on queue " + queue + peer.output(),
                    () -> host.port.rx(queue).receive(host.in) > 0);
                host.check(0, q, 64);
                host.in.freeAll();
            }
        }
    }
}
