/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One run of numbered packets through testpmd's virtio-user device to an echo and back:
 *
 * <pre>
 *   in-0.pcap, in-1.pcap ──> net_pcap ──> testpmd, io ──> net_virtio_user ──> echo
 *   out-0.pcap, ...      <──          <──             <──                 <──
 * </pre>
 *
 * <p>What is lost must have been lost by the echo, so that what is under way at one time has to fit the device's
 * receive ring. It does because the send ring is held much shorter, and because testpmd takes as many packets from
 * the device in one turn as it gives to it, if so many are there. The latter needs bursts of the right length: the
 * plain receive function rounds bursts over 4 down to whole cache lines, the mergeable one counts buffers instead of
 * packets, and the vector one takes at least 8.
 */
final class EchoRun {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration STALL_LIMIT = Duration.ofSeconds(10);
    private static final int SEND_RING_SHARE = 8;
    private static final int SEND_RING_LEAST = 32;
    private static final int ETHERNET_BYTES = 1514;
    private static final int CHECK_SEQUENCE_BYTES = 4;

    private final Path folder;
    private final Path socket;
    private final Device device;
    private final int queues;
    private final NumberedPackets packets;

    /**
     * The virtio-user device. Its receive function follows from the options.
     *
     * @param options as DPDK writes them, such as {@code mrg_rxbuf=1,in_order=0}; {@code mrg_rxbuf} is never left out
     */
    record Device(String options, int queues, int ringSize) {
        boolean isMergeable() {
            return options.contains("mrg_rxbuf=1");
        }

        private boolean isPacked() {
            return options.contains("packed_vq=1");
        }

        private int burst() {
            return options.contains("vectorized=1") && !isPacked() ? 16 : isMergeable() ? 1 : 4;
        }

        /** What testpmd says of the receive function that it chose. */
        private String receiveFunction() {
            final boolean isInOrder = !options.contains("in_order=0");
            if (isPacked()) {
                // The vector one needs AVX-512, and says so where that is missing.
                return isMergeable() ? "packed ring mergeable buffer"
                    : isInOrder && options.contains("vectorized=1") ? "packed ring (vectorized|standard)"
                    : "packed ring standard";
            }
            return options.contains("vectorized=1") ? "vectorized" : isInOrder ? "inorder"
                : isMergeable() ? "mergeable buffer" : "standard";
        }
    }

    /** A run of {@code packets} to the echo at {@code socket}; the capture files go to {@code folder}. */
    EchoRun(final Path folder, final Path socket, final Device device, final NumberedPackets packets) {
        this.folder = folder;
        this.socket = socket;
        this.device = device;
        this.queues = device.queues;
        this.packets = packets;
    }

    /** Sends all packets, waits for all to be back, ends testpmd by its command, and checks every packet. */
    void mustSucceed() {
        try (TestPmd testPmd = launch()) {
            testPmd.awaitPrompt();
            if (packets.largest() > ETHERNET_BYTES) {
                // Only the virtio device can do it, so it cannot be an argument for all ports.
                testPmd.command("port config 1 rx_offload scatter on");
            }
            testPmd.command("port start all");
            testPmd.command("set fwd io retry");
            testPmd.command("set burst tx delay 10 retry 1000000");
            testPmd.startForwarding();
            testPmd.awaitLog("using " + device.receiveFunction() + " Rx path");
            awaitAll(testPmd);
            testPmd.command("stop");
            testPmd.quit();
        }
        final List<List<byte[]>> echoed = new ArrayList<>();
        for (int queue = 0; queue < queues; queue++) {
            echoed.add(Pcap.read(folder.resolve("out-" + queue + ".pcap")));
        }
        packets.verifyEchoed(echoed);
    }

    private TestPmd launch() {
        final StringBuilder pcap = new StringBuilder("net_pcap0");
        for (int queue = 0; queue < queues; queue++) {
            final Path in = folder.resolve("in-" + queue + ".pcap");
            Pcap.write(in, packets.ofQueue(queue, queues));
            pcap.append(",rx_pcap=").append(in).append(",tx_pcap=").append(folder.resolve("out-" + queue + ".pcap"));
        }
        final String virtio = "net_virtio_user0,path=" + socket + ",queues=" + queues
            + ",queue_size=" + device.ringSize + "," + device.options;
        return TestPmd.launch(List.of(pcap.toString(), virtio), List.of(
            "--forward-mode=io", "--burst=" + device.burst(), "--rxq=" + queues, "--txq=" + queues,
            "--rxd=" + device.ringSize, "--txd=" + Math.max(SEND_RING_LEAST, device.ringSize / SEND_RING_SHARE),
            "--disable-device-start",
            // "start" would first throw away what the receive queues hold: all of the input.
            "--no-flush-rx",
            "--max-pkt-len=" + (Math.max(ETHERNET_BYTES, packets.largest()) + CHECK_SEQUENCE_BYTES)));
    }

    private void awaitAll(final TestPmd testPmd) {
        final long[] progress = {0, System.nanoTime()};
        Until.within(LIMIT, Duration.ofMillis(100), () -> {
            final long sent = testPmd.sent(0);
            if (sent != progress[0]) {
                progress[0] = sent;
                progress[1] = System.nanoTime();
            }
            return sent >= packets.total() || System.nanoTime() - progress[1] > STALL_LIMIT.toNanos();
        });
    }
}
