/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.millrace.virtqueue.conformance.Conformance;
import io.millrace.virtqueue.conformance.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * DPDK's virtio-user device in every way it can drive its rings, at one {@code millrace echo} with a port for devices
 * that connect and one for devices that listen: every packet comes back once, in order, to the last byte. A pairwise
 * sample; with {@code -Dmillrace.matrix=all} all of it, some minutes.
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class DpdkVirtioUserMatrixTest {
    private static final int MOST_QUEUES = 4;
    private static final int[] RING_SIZES = {255, 256, 1024};
    private static final int FLOWS = 8;
    private static final int PACKETS = 300;
    private static final int[] SIZES = {60, 64, 65, 127, 128, 511, 1024, 1513, 1514};
    private static final int[] SIZES_OF_SEVERAL_BUFFERS = {60, 64, 65, 128, 1514, 2034, 2035, 2048, 4100, 9014};

    @TempDir
    static Path folder;

    private static MillraceProcess millrace;
    private static boolean isPackedServed;

    /** One way. */
    record Way(boolean isPacked, boolean isMergeable, boolean isInOrder, boolean isVectorized, int queues, int ringSize,
               boolean isServer) {
        /** Whether DPDK takes it, and takes it for what it says. */
        boolean exists() {
            return isPacked || Integer.bitCount(ringSize) == 1 && (!isVectorized || !isMergeable && !isInOrder);
        }

        String options() {
            return "packed_vq=" + bit(isPacked) + ",mrg_rxbuf=" + bit(isMergeable) + ",in_order=" + bit(isInOrder)
                + ",vectorized=" + bit(isVectorized) + (isServer ? ",server=1" : "");
        }

        private static int bit(final boolean value) {
            return value ? 1 : 0;
        }

        @Override
        public String toString() {
            return options() + " queues=" + queues + " queue_size=" + ringSize;
        }
    }

    @BeforeAll
    static void startEcho() {
        Peer.require(Peer.TESTPMD);
        final Path listening = folder.resolve("listening.sock");
        millrace = MillraceProcess.start(folder, "echo", "vhost-user:" + listening + ",queues=" + MOST_QUEUES,
            "vhost-user:" + folder.resolve("calling.sock") + ",client,queues=" + MOST_QUEUES);
        Until.holds("there is a socket", Duration.ofSeconds(30), () -> Files.exists(listening));
        final Conformance conformance = new Conformance(listening, Duration.ofSeconds(20));
        isPackedServed = Conformance.scenarios().stream().filter(s -> s.name().equals("serves-packed-rings"))
            .map(conformance::play).anyMatch(verdict -> verdict.result() != Verdict.Result.SKIP);
    }

    @AfterAll
    static void stopEcho() {
        if (millrace != null) {
            try (MillraceProcess ending = millrace) {
                ending.finish().mustBalance(MOST_QUEUES);
            }
        }
    }

    static List<Way> ways() {
        final List<Way> all = new ArrayList<>();
        for (int bits = 0; bits < 1 << 5; bits++) {
            for (int queues = 1; queues <= MOST_QUEUES; queues++) {
                for (final int ringSize : RING_SIZES) {
                    final Way way = new Way((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, queues,
                        ringSize, (bits & 16) != 0);
                    if (way.exists()) {
                        all.add(way);
                    }
                }
            }
        }
        if (System.getProperty("millrace.matrix", "").equals("all")) {
            return all;
        }
        // Of either kind of ring, for little of one says anything of the other.
        final List<Way> sample = new ArrayList<>(pairwise(all.stream().filter(way -> !way.isPacked).toList()));
        sample.addAll(pairwise(all.stream().filter(Way::isPacked).toList()));
        return sample;
    }

    private static List<Way> pairwise(final List<Way> ways) {
        return Pairwise.of(ways, way -> List.of(way.isMergeable, way.isInOrder, way.isVectorized, way.queues,
            way.ringSize, way.isServer));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void shouldEchoEveryPacketUnchanged(final Way way) throws IOException {
        assumeTrue(isPackedServed || !way.isPacked, "packed rings are not offered");
        final Path socket = folder.resolve(way.isServer ? "calling.sock" : "listening.sock");
        if (way.isServer) {
            // DPDK leaves its socket behind, and does not take one that is there.
            Files.deleteIfExists(socket);
        }
        new EchoRun(folder, socket, new EchoRun.Device(way.options(), way.queues, way.ringSize),
            new NumberedPackets(FLOWS, PACKETS, way.isMergeable ? SIZES_OF_SEVERAL_BUFFERS : SIZES)).mustSucceed();
    }

    @Test
    void shouldHaveEveryPairOfValuesInTheSample() {
        final List<Way> ways = ways();
        for (int queues = 1; queues <= MOST_QUEUES; queues++) {
            for (final boolean isServer : new boolean[] {false, true}) {
                final int number = queues;
                assertTrue(ways.stream().anyMatch(way -> way.queues == number && way.isServer == isServer));
            }
        }
        assertTrue(ways.stream().anyMatch(way -> !way.isPacked && way.isVectorized));
        assertTrue(ways.stream().anyMatch(way -> way.isPacked && way.ringSize == RING_SIZES[0]));
    }
}
