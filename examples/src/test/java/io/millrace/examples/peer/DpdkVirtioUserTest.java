/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * DPDK's virtio-user devices that come and go at one {@code millrace echo}: every packet comes back once, in order, to
 * the last byte. In which ways such a device drives its rings is for {@link DpdkVirtioUserMatrixTest}.
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class DpdkVirtioUserTest {
    private static final int RESTARTS = 3;
    private static final int FLOWS = 8;
    private static final int PACKETS = 1_000;
    private static final int[] SIZES = {60, 64, 65, 127, 128, 511, 1024, 1513, 1514};
    private static final int[] SIZES_OF_SEVERAL_BUFFERS = {60, 64, 65, 128, 1514, 2034, 2035, 2048, 4100, 9014};

    @TempDir
    static Path folder;

    private static MillraceProcess millrace;

    @BeforeAll
    static void startEcho() {
        Peer.require(Peer.TESTPMD);
        millrace = MillraceProcess.start(folder, "echo", "vhost-user:" + listening() + ",queues=2").awaitReady();
    }

    @AfterAll
    static void stopEcho() {
        if (millrace != null) {
            try (MillraceProcess ending = millrace) {
                ending.finish().mustBalance(2);
            }
        }
    }

    @Test
    void shouldServeEachOfManyFrontEndsInTurn() {
        for (int restart = 0; restart < RESTARTS; restart++) {
            echo(listening(), "mrg_rxbuf=1,in_order=" + restart % 2, 2, 256);
        }
    }

    @Test
    void shouldServeTheNextFrontEndAfterOneWasKilled() {
        for (int restart = 0; restart < RESTARTS; restart++) {
            final String device = "net_virtio_user0,path=" + listening() + ",queue_size=1024";
            try (TestPmd generator = TestPmd.start(List.of(device), List.of("--forward-mode=flowgen"))) {
                generator.startForwarding();
                Until.holds("packets come back", Duration.ofSeconds(20), () -> generator.received(0) > 10_000);
                generator.kill();
            }
            assertTrue(millrace.isAlive());
            echo(listening(), "mrg_rxbuf=" + restart % 2, 1, 256);
        }
    }

    private static void echo(final Path socket, final String options, final int queues, final int ringSize) {
        final EchoRun.Device device = new EchoRun.Device(options, queues, ringSize);
        final int[] sizes = device.isMergeable() ? SIZES_OF_SEVERAL_BUFFERS : SIZES;
        new EchoRun(folder, socket, device, new NumberedPackets(FLOWS, PACKETS, sizes)).mustSucceed();
    }

    private static Path listening() {
        return folder.resolve("echo.sock");
    }
}
