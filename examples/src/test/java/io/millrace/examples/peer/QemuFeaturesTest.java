/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * QEMU's network device with each feature switched on or off that a guest may have or lack, all of them in one guest:
 *
 * <pre>
 *   guest  10.1.1.1 -- packed=on ---- n1.sock --+
 *          10.1.2.1 -- csum=off ----- n2.sock --+- millrace switch -- tap -- namespace 10.1.1.2, 10.1.2.2, ...
 *          ...                                 --+
 * </pre>
 */
@Tag("peer")
@ExtendWith(PeerLogs.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class QemuFeaturesTest {
    private static final List<String> DEVICES = List.of("packed=on", "packed=on,indirect_desc=off,event_idx=off",
        "mq=on", "packed=on,mq=on", "iommu_platform=on,disable-legacy=on", "mrg_rxbuf=off", "indirect_desc=off",
        "event_idx=off", "csum=off", "guest_csum=off", "gso=off,host_tso4=off,host_tso6=off,host_ecn=off",
        "guest_tso4=off,guest_tso6=off,guest_ecn=off", "host_ecn=off,guest_ecn=off,host_ufo=off,guest_ufo=off");
    private static final int QUEUES = 2;
    private static final int MTU = 9000;
    private static final int PINGS = 20;
    private static final int KILLS = 2;
    private static final Duration REACH_LIMIT = Duration.ofSeconds(40);
    private static final long BYTES = 2 << 20;

    @TempDir
    static Path folder;

    private static NetLab lab;
    private static NetLab.Namespace outside;
    private static MillraceProcess millrace;
    private static Guest guest;
    private static String tap;
    private static GuestCards cards;

    @BeforeAll
    static void connect() {
        Peer.require(Peer.QEMU, Peer.GUEST_KERNEL, Peer.GUEST_TOOLS, Peer.LAB_TOOLS);
        Peer.requireNetAdmin();
        lab = new NetLab(folder);
        outside = lab.namespace("n");
        tap = lab.name("t");
        cards = new GuestCards(folder, DEVICES, QUEUES);
        startSwitch();
        guest = Guest.startAlone(9, folder, GuestImage.of(GuestKernel.newest().orElseThrow()), options())
            .awaitBoot(1);
        outside.live(tap, "10.1.0.2", MTU);
        cards.up(guest, MTU);
    }

    private static void startSwitch() {
        final List<String> arguments = new ArrayList<>(List.of("switch"));
        cards.numbers().forEach(n ->
            arguments.add("vhost-user:" + cards.socket(n) + ",mtu=" + MTU + ",queues=" + QUEUES));
        arguments.add("tap:" + tap + ",netns=" + outside.name() + ",mtu=" + MTU);
        millrace = MillraceProcess.start(folder, arguments.toArray(new String[0])).awaitReady();
        cards.addresses(outside, tap);
    }

    @AfterAll
    static void disconnect() {
        try {
            for (final AutoCloseable part : new AutoCloseable[] {guest, millrace}) {
                if (part != null) {
                    part.close();
                }
            }
        } catch (final Exception e) {
            throw new AssertionError(e);
        } finally {
            if (lab != null) {
                lab.close();
            }
        }
    }

    private static String[] options() {
        final List<String> options = new ArrayList<>(List.of("-m", "256M", "-smp", Integer.toString(QUEUES),
            "-object", "memory-backend-memfd,id=memory,size=256M,share=on", "-numa", "node,memdev=memory"));
        cards.numbers().forEach(n -> options.addAll(cards.options(n, "host_mtu=" + MTU)));
        return options.toArray(new String[0]);
    }

    static List<String> devices() {
        return DEVICES;
    }

    @ParameterizedTest
    @Order(1)
    @MethodSource("devices")
    void shouldCarryEverythingWith(final String device) {
        final int n = DEVICES.indexOf(device) + 1;
        final Station inside = inside(n);
        final Station peer = peer(n);
        assertTrue(peer.reaches(inside, REACH_LIMIT), "no answer");
        assertEquals(PINGS, peer.ping(inside, PINGS));
        assertEquals(PINGS, inside.ping(peer, PINGS, "-s 8972 -M do"));
        // The receiver counts until it hears of the end, which is before the bytes that then are in the window.
        final String limit = "-w 64K -n " + BYTES;
        assertTrue(Iperf.tcp(inside, peer, false, limit) > BYTES / 2, "from the guest");
        assertTrue(Iperf.tcp(inside, peer, true, limit) > BYTES / 2, "to the guest");
    }

    /** QEMU cannot ask a process that was killed where its rings stand. */
    @Test
    @Order(2)
    void shouldFindTheGuestAgainWhenKilledUnderLoad() {
        // Two packed cards and a split one.
        List.of(1, 2, 7).forEach(n -> {
            guest.run(guest.pingProgram() + " -q -f 10.1." + n + ".2 > /dev/null 2>&1 &");
            outside.run("ping -q -f 10.1." + n + ".1 > /dev/null 2>&1 &");
        });
        for (int kills = 0; kills < KILLS; kills++) {
            outside.run("sleep 1");
            millrace.kill();
            startSwitch();
            outside.run("ip link set " + tap + " mtu " + MTU + " up");
            cards.numbers().forEach(n -> assertTrue(inside(n).reaches(peer(n), REACH_LIMIT), () -> DEVICES.get(n - 1)));
        }
        guest.run("killall ping");
        outside.run("pkill -P 1 -x ping; true");
        cards.numbers().forEach(n -> assertEquals(PINGS, inside(n).ping(peer(n), PINGS), () -> DEVICES.get(n - 1)));
    }

    private static Station inside(final int n) {
        return GuestCards.inside(guest, n);
    }

    private static Station peer(final int n) {
        return GuestCards.peer(outside, n);
    }
}
