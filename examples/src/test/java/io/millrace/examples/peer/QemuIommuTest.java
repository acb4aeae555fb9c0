/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guests whose network cards are behind a virtual IOMMU: their kernel maps each buffer before the device may use it,
 * and takes it away afterwards, at once or in batches.
 *
 * <pre>
 *   guest, intel_iommu=on   10.1.1.1 -- IOMMU -- split ----- n1.sock --+
 *                           10.1.2.1 -- IOMMU -- packed=on - n2.sock --+- millrace switch -- tap -- 10.1.N.2
 *                           ...                                      --+
 * </pre>
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class QemuIommuTest {
    private static final List<String> DEVICES = List.of("ats=on", "ats=on,packed=on", "ats=on,mq=on",
        "ats=on,indirect_desc=off", "ats=on,mrg_rxbuf=off,packed=on");
    private static final int QUEUES = 2;
    private static final int MTU = 1500;
    private static final int PINGS = 20;
    private static final Duration REACH_LIMIT = Duration.ofSeconds(40);
    private static final long BYTES = 512 << 10;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"intel_iommu=on", "intel_iommu=on iommu.strict=1", "intel_iommu=on iommu=pt"})
    void shouldServeCardsBehindAnIommu(final String kernelOptions) {
        Peer.require(Peer.QEMU, Peer.GUEST_KERNEL, Peer.GUEST_TOOLS, Peer.LAB_TOOLS);
        Peer.requireNetAdmin();
        final Path image = GuestImage.of(GuestKernel.newest().orElseThrow());
        final GuestCards cards = new GuestCards(folder, DEVICES, QUEUES);
        try (NetLab lab = new NetLab(folder)) {
            final NetLab.Namespace outside = lab.namespace("n");
            final String tap = lab.name("t");
            final MillraceProcess first = startSwitch(cards, tap, outside);
            try (Guest guest = Guest.startAlone(9, folder, image, kernelOptions, options(cards)).awaitBoot(1)) {
                outside.live(tap, "10.1.0.2", MTU);
                assertTrue(guest.run("cat /proc/cmdline; ls /sys/class/iommu").contains("dmar"));
                cards.addresses(outside, tap);
                cards.up(guest, MTU);
                cards.numbers().forEach(n -> exchange(GuestCards.inside(guest, n), GuestCards.peer(outside, n)));
                // Whoever comes after it knows no address.
                first.kill();
                try (MillraceProcess second = startSwitch(cards, tap, outside)) {
                    cards.addresses(outside, tap);
                    cards.numbers().forEach(n -> assertTrue(
                        GuestCards.inside(guest, n).reaches(GuestCards.peer(outside, n), REACH_LIMIT),
                        () -> DEVICES.get(n - 1) + " does not go on"));
                    guest.kill();
                    final MillraceReport report = second.finish();
                    report.mustBalance(DEVICES.size() + 1);
                    assertEquals(DEVICES.size(), report.count("port/[^/]+/iommu/misses"));
                }
            } finally {
                first.close();
            }
        }
    }

    private static void exchange(final Station inside, final Station peer) {
        assertTrue(peer.reaches(inside, REACH_LIMIT), () -> inside.address() + " does not answer");
        // A guest that takes mappings back in batches takes all of them back; an emulated one is slow to tell them.
        assertTrue(peer.ping(inside, PINGS) >= PINGS / 2, inside::address);
        assertTrue(inside.ping(peer, PINGS, "-s 1400") >= PINGS / 2, inside::address);
        final String limit = "-w 64K -n " + BYTES;
        assertTrue(Iperf.tcp(inside, peer, false, limit) > BYTES / 2, () -> "from " + inside.address());
        assertTrue(Iperf.tcp(inside, peer, true, limit) > BYTES / 2, () -> "to " + inside.address());
    }

    private MillraceProcess startSwitch(final GuestCards cards, final String tap, final NetLab.Namespace outside) {
        final List<String> arguments = new ArrayList<>(List.of("switch"));
        cards.numbers().forEach(n -> arguments.add("vhost-user:" + cards.socket(n) + ",queues=" + QUEUES));
        arguments.add("tap:" + tap + ",netns=" + outside.name());
        return MillraceProcess.start(folder, arguments.toArray(new String[0])).awaitReady();
    }

    private static String[] options(final GuestCards cards) {
        final List<String> options = new ArrayList<>(List.of("-machine", "q35", "-device",
            "intel-iommu,intremap=off,device-iotlb=on", "-m", "256M", "-smp", Integer.toString(QUEUES),
            "-object", "memory-backend-memfd,id=memory,size=256M,share=on", "-numa", "node,memdev=memory"));
        cards.numbers().forEach(n -> {
            options.addAll(List.of("-device", "pcie-root-port,id=port" + n + ",chassis=" + n));
            options.addAll(cards.options(n, "bus=port" + n + ",iommu_platform=on,disable-legacy=on"));
        });
        return options.toArray(new String[0]);
    }
}
