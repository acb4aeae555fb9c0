/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static io.millrace.afxdp.Frames.MAC;
import static io.millrace.afxdp.Frames.OTHER_MAC;
import static io.millrace.afxdp.Frames.arp;
import static io.millrace.afxdp.Frames.ethernet;
import static io.millrace.afxdp.Frames.udp4;
import static io.millrace.afxdp.Frames.udp6;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.packet.MacAddress;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Which real packets the translated filters take. */
class FilterVerdictTest {
    private static final String TAG = "8100 a064";
    private static final String SERVICE_TAG = "88a8 0064";
    private static final String OTHER_TAG = "8100 0065";

    private static void assertTaken(final boolean expected, final String filter, final byte[]... frames) {
        try (Verdicts verdicts = new Verdicts(Filter.parse(filter))) {
            for (final byte[] frame : frames) {
                assertEquals(expected, verdicts.takes(frame), () -> filter + " on " + Arrays.toString(frame));
            }
        }
    }

    @Test
    void shouldTakeEverythingOrNothing() {
        assertTaken(true, "all", ethernet(MAC, arp()), ethernet(MAC, TAG, udp4(53)), new byte[0]);
        assertTaken(false, "none", ethernet(MAC, arp()), ethernet(MAC, TAG, udp4(53)), new byte[0]);
    }

    @Test
    void shouldTellEthernetTypes() {
        assertTaken(true, "type:arp/0x88cc", ethernet(MAC, arp()), ethernet(MAC, "88cc"), ethernet(MAC, TAG, arp()),
            ethernet(MAC, SERVICE_TAG, arp()));
        assertTaken(false, "type:arp/0x88cc", ethernet(MAC, udp4(53)), ethernet(MAC, TAG, udp6(53)),
            ethernet(MAC, SERVICE_TAG, TAG, arp()));
    }

    @Test
    void shouldTakeTagsForTypes() {
        assertTaken(true, "type:0x8100", ethernet(MAC, TAG, arp()), ethernet(MAC, TAG),
            ethernet(MAC, SERVICE_TAG, TAG, arp()));
        assertTaken(false, "type:0x8100", ethernet(MAC, arp()), ethernet(MAC, SERVICE_TAG, arp()));
        assertTaken(true, "type:0x88a8", ethernet(MAC, SERVICE_TAG, arp()));
        assertTaken(false, "type:0x88a8", ethernet(MAC, TAG, arp()));
    }

    @Test
    void shouldTellVlansByTheOuterTag() {
        assertTaken(true, "vlan:100", ethernet(MAC, TAG, arp()), ethernet(MAC, SERVICE_TAG, arp()),
            ethernet(MAC, TAG, OTHER_TAG, arp()));
        assertTaken(false, "vlan:100", ethernet(MAC, arp()), ethernet(MAC, OTHER_TAG, arp()),
            ethernet(MAC, OTHER_TAG, TAG, arp()), ethernet(MAC, TAG), ethernet(MAC, "8100 0fff", arp()));
        assertTaken(true, "vlan:0", ethernet(MAC, "8100 e000", arp()));
        assertTaken(false, "vlan:0", ethernet(MAC, arp()));
    }

    @Test
    void shouldTellDestinations() {
        assertTaken(true, "mac:52:54:00:12:34:56", ethernet(MAC, arp()), ethernet(MAC, TAG, udp4(53)),
            ethernet(MAC, "0800"));
        assertTaken(false, "mac:52:54:00:12:34:56", ethernet(OTHER_MAC, arp()),
            ethernet(MacAddress.BROADCAST, arp()), ethernet(MAC, "08"));
        assertTaken(true, "mac:ff:ff:ff:ff:ff:ff", ethernet(MacAddress.BROADCAST, arp()));
        assertTaken(false, "mac:ff:ff:ff:ff:ff:ff", ethernet(MAC, arp()), new byte[13]);
    }

    @Test
    void shouldTellUdpPorts() {
        assertTaken(true, "udp:4789", ethernet(MAC, udp4(4789)), ethernet(MAC, udp6(4789)),
            ethernet(MAC, TAG, udp4(4789)), ethernet(MAC, SERVICE_TAG, udp6(4789)));
        assertTaken(false, "udp:4789", ethernet(MAC, udp4(4788)), ethernet(MAC, udp6(4790)),
            ethernet(MAC, udp4(4789).replace("4011", "4006")), ethernet(MAC, udp6(4789).replace("11 40", "06 40")),
            ethernet(MAC, TAG, TAG, udp4(4789)), ethernet(MAC, arp()));
    }

    @Test
    void shouldSkipIpOptions() {
        for (int words = 0; words < 16; words++) {
            assertTaken(words >= 5, "udp:4789", ethernet(MAC, udp4(4789, words, 0)));
        }
        // The options are made of sevens: a reader that does not skip them sees this port.
        assertTaken(false, "udp:1799", ethernet(MAC, udp4(4789, 6, 0)), ethernet(MAC, udp4(4789, 15, 0)));
    }

    @Test
    void shouldTakeOnlyFirstFragments() {
        assertTaken(true, "udp:4789", ethernet(MAC, udp4(4789, 5, 0x4000)), ethernet(MAC, udp4(4789, 5, 0x2000)));
        assertTaken(false, "udp:4789", ethernet(MAC, udp4(4789, 5, 0x2001)), ethernet(MAC, udp4(4789, 5, 0x1fff)));
    }

    @Test
    void shouldNotTakeAnotherIpVersion() {
        assertTaken(false, "udp:4789", ethernet(MAC, udp4(4789).replace("0800 45", "0800 65")),
            ethernet(MAC, udp6(4789).replace("86dd 60", "86dd 40")));
    }

    @Test
    void shouldNeedTheWholeUdpHeader() {
        final byte[] frame = ethernet(MAC, udp4(4789, 7, 0));
        for (int length = 0; length <= frame.length; length++) {
            assertTaken(length >= 14 + 28 + 8, "udp:4789", Arrays.copyOf(frame, length));
        }
    }

    @Test
    void shouldCombine() {
        final byte[] both = ethernet(MAC, TAG, udp4(53));
        final byte[] vlan = ethernet(MAC, TAG, udp4(54));
        final byte[] port = ethernet(MAC, udp4(53));
        final byte[] neither = ethernet(MAC, arp());
        assertTaken(true, "vlan:100 and udp:53", both);
        assertTaken(false, "vlan:100 and udp:53", vlan, port, neither);
        assertTaken(true, "vlan:100 or udp:53", both, vlan, port);
        assertTaken(false, "vlan:100 or udp:53", neither);
        assertTaken(true, "not vlan:100", port, neither, new byte[5]);
        assertTaken(false, "not vlan:100", both, vlan);
        assertTaken(true, "not (vlan:100 and udp:53) and not type:arp", vlan, port);
        assertTaken(false, "not (vlan:100 and udp:53) and not type:arp", both, neither);
    }

    @Test
    void shouldFindEachOfManyValues() {
        final int[] ports = IntStream.range(0, 64).map(i -> 1000 + 7 * i).toArray();
        final long[] macs = LongStream.range(0, 64).map(i -> MAC + 5 * i).toArray();
        try (Verdicts byPort = new Verdicts(Filter.udpPort(ports));
            Verdicts byMac = new Verdicts(Filter.destination(macs))) {
            for (int i = -1; i <= 64 * 7; i++) {
                final boolean isPort = i >= 0 && i < 64 * 7 && i % 7 == 0;
                assertEquals(isPort, byPort.takes(ethernet(MAC, udp6(1000 + i))), "port " + (1000 + i));
                final boolean isMac = i >= 0 && i < 64 * 5 && i % 5 == 0;
                assertEquals(isMac, byMac.takes(ethernet(MAC + i, arp())), "address " + i);
            }
        }
    }
}
