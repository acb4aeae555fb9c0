/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Two driver sides as ports of Open vSwitch with DPDK, which forwards what one sends to the other. */
class OvsDpdkPeerTest {
    private static final int PACKETS = 1000;
    private static final int WINDOW = 32;
    private static final long GREETING = 1L << 40;
    private static final long AGAIN_NS = 50_000_000;

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsOvs() throws IOException {
        assumeTrue(OvsDpdk.isPossible());
    }

    private DriverHost host(final String name, final boolean isPacked) {
        // With such a size there is no falling back to split rings.
        return new DriverHost(VirtioUser.listen(folder.resolve(name).toString()).packed(isPacked)
            .ringSize(isPacked ? 255 : 256));
    }

    /** Sends until something arrives: Open vSwitch drops what it gets before its threads know both ports. */
    private static void greet(final DriverHost from, final DriverHost to, final OvsDpdk ovs) {
        final long[] sentNs = {System.nanoTime() - AGAIN_NS};
        Await.until(() -> "anything arrives\n" + ovs.log(), () -> {
            if (System.nanoTime() - sentNs[0] >= AGAIN_NS && from.out.remaining() > 0) {
                from.add(GREETING, 64);
                sentNs[0] = System.nanoTime();
            }
            from.poll();
            to.port.tx(0).transmit(to.out);
            return to.port.rx(0).receive(to.in) > 0;
        });
        to.in.freeAll();
    }

    /** Each packet arrives once, in order, unchanged. */
    private static void carry(final DriverHost from, final DriverHost to, final int length, final OvsDpdk ovs) {
        final long first = from.counter("tx0/packets");
        long sent = 0;
        long received = 0;
        while (received < PACKETS) {
            while (from.out.remaining() > 0 && sent < PACKETS && sent - received < WINDOW) {
                from.add(sent++, length);
            }
            final long expected = received;
            Await.until(() -> "packet " + expected + " of " + length + "; " + from.counters.snapshot() + " "
                + to.counters.snapshot() + "\n" + ovs.log(), () -> {
                from.poll();
                to.port.tx(0).transmit(to.out);
                return to.port.rx(0).receive(to.in) > 0;
            });
            for (int i = 0; i < to.in.size(); i++) {
                if (to.number(i) != GREETING) {
                    to.check(i, received++, length);
                }
            }
            to.in.freeAll();
        }
        assertTrue(from.counter("tx0/packets") - first >= PACKETS);
    }

    private static void carryBothWays(final DriverHost a, final DriverHost b, final OvsDpdk ovs) {
        a.awaitUp();
        b.awaitUp();
        greet(a, b, ovs);
        greet(b, a, ovs);
        for (final int length : new int[] {60, 64, 1514}) {
            carry(a, b, length, ovs);
            carry(b, a, length, ovs);
        }
    }

    private static void awaitDown(final DriverHost host) {
        Await.until("link down", () -> {
            host.poll();
            return host.port.link() == LinkState.DOWN;
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldExchangePacketsAlsoAfterTheSwitchWasKilled(final boolean isPacked) throws Exception {
        try (DriverHost a = host("a.sock", isPacked);
             DriverHost b = host("b.sock", isPacked);
             OvsDpdk ovs = OvsDpdk.start(folder, folder.resolve("a.sock"), folder.resolve("b.sock"))) {
            carryBothWays(a, b, ovs);
            ovs.kill();
            awaitDown(a);
            awaitDown(b);
            ovs.restart();
            carryBothWays(a, b, ovs);
        }
    }
}
