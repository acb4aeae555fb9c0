/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A front-end that sends garbage to one port, again and again, while DPDK's traffic crosses the port beside it. */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class HostileNeighbourTest {
    private static final int OFFENCES = 200;
    private static final EchoRun.Device DEVICE = new EchoRun.Device("mrg_rxbuf=1", 1, 256);
    private static final List<HostileFrontEnd.Offence> QUICK = List.of(
        HostileFrontEnd.Offence.HUGE_SIZE, HostileFrontEnd.Offence.ALL_ONES,
        HostileFrontEnd.Offence.UNKNOWN_REQUEST, HostileFrontEnd.Offence.DESCRIPTOR_FLOOD,
        HostileFrontEnd.Offence.RING_BEYOND_16_BITS, HostileFrontEnd.Offence.ODD_RING_SIZE,
        HostileFrontEnd.Offence.HALF_A_MESSAGE);

    @TempDir
    static Path folder;

    @Test
    void shouldLoseNoPacketBesideAFrontEndThatSendsGarbage() {
        Peer.require(Peer.TESTPMD);
        final Path good = folder.resolve("good.sock");
        final Path bad = folder.resolve("bad.sock");
        try (MillraceProcess millrace =
            MillraceProcess.start(folder, "echo", "vhost-user:" + good, "vhost-user:" + bad).awaitReady()) {
            final AtomicBoolean isTrafficOver = new AtomicBoolean();
            final AtomicInteger offended = new AtomicInteger();
            final CompletableFuture<Map<HostileFrontEnd.Offence, Integer>> offences = CompletableFuture.supplyAsync(
                () -> offend(new HostileFrontEnd(bad), isTrafficOver, offended));
            final NumberedPackets packets = new NumberedPackets(8, 2_000, 60, 64, 512, 1514, 4100);
            int runs = 0;
            try {
                while (offended.get() < OFFENCES && !offences.isDone()) {
                    new EchoRun(folder, good, DEVICE, packets).mustSucceed();
                    runs++;
                }
            } finally {
                isTrafficOver.set(true);
            }
            final Map<HostileFrontEnd.Offence, Integer> committed = offences.join();
            assertTrue(offended.get() >= OFFENCES);
            // The port that was abused serves a decent front-end as if nothing had been.
            new EchoRun(folder, bad, DEVICE, new NumberedPackets(2, 500, 60, 1514)).mustSucceed();

            final MillraceReport report = millrace.finish();
            report.mustBalance(2);
            assertEquals((long)runs * packets.total(), report.sum("port/good/tx0/packets"));
            assertEquals(0, report.sum("port/good/.*(drop|violation)/.*"), () -> report.toString());
            committed.forEach((offence, times) -> assertEquals(offence.reason().isEmpty() ? 0 : times,
                report.sum("port/bad/session/violation/" + offence.reason()), () -> offence + " in " + report));
        }
    }

    /** As long as there is traffic beside it; then, once, the offence that takes seconds to be noticed. */
    private static Map<HostileFrontEnd.Offence, Integer> offend(final HostileFrontEnd frontEnd,
        final AtomicBoolean isTrafficOver, final AtomicInteger offended) {
        final Map<HostileFrontEnd.Offence, Integer> committed = new EnumMap<>(HostileFrontEnd.Offence.class);
        while (!isTrafficOver.get()) {
            final HostileFrontEnd.Offence offence = QUICK.get(offended.getAndIncrement() % QUICK.size());
            frontEnd.commit(offence);
            committed.merge(offence, 1, Integer::sum);
        }
        frontEnd.commit(HostileFrontEnd.Offence.SILENCE_IN_A_MESSAGE);
        committed.put(HostileFrontEnd.Offence.SILENCE_IN_A_MESSAGE, 1);
        return committed;
    }
}
