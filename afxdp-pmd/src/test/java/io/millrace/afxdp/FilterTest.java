/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.ConfigurationException;
import io.millrace.PortSpec;
import io.millrace.packet.EtherType;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How filters are written. */
class FilterTest {
    private static void assertForm(final String expected, final Filter filter) {
        assertEquals(expected, filter.toString());
        assertEquals(filter, Filter.parse(expected));
        assertEquals(filter.hashCode(), Filter.parse(expected).hashCode());
    }

    private static void assertMalformed(final String text, final String... parts) {
        final String message = assertThrows(ConfigurationException.class, () -> Filter.parse(text)).getMessage();
        for (final String part : parts) {
            assertTrue(message.contains(part), message);
        }
        assertTrue(message.contains("write it like "), message);
    }

    @Test
    void shouldWriteEachCondition() {
        assertForm("all", Filter.all());
        assertForm("none", Filter.all().not());
        assertForm("type:ip/arp/ip6/0x88cc",
            Filter.etherType(0x88cc, EtherType.IPV4, EtherType.IPV6, EtherType.ARP));
        assertForm("vlan:0/100", Filter.vlan(100, 0, 100));
        assertForm("mac:52:54:00:12:34:56/ff:ff:ff:ff:ff:ff",
            Filter.destination(0xFFFF_FFFF_FFFFL, 0x5254_0012_3456L));
        assertForm("udp:53/4789", Filter.udpPort(4789, 53));
    }

    @Test
    void shouldWriteCombinationsWithFewParentheses() {
        final Filter a = Filter.vlan(1);
        final Filter b = Filter.vlan(2);
        final Filter c = Filter.vlan(3);
        assertForm("vlan:1 and vlan:2 and vlan:3", a.and(b.and(c)));
        assertForm("vlan:1 or vlan:2 or vlan:3", a.or(b).or(c));
        assertForm("vlan:1 or vlan:2 and vlan:3", a.or(b.and(c)));
        assertForm("(vlan:1 or vlan:2) and vlan:3", a.or(b).and(c));
        assertForm("not vlan:1 and not (vlan:2 or vlan:3)", a.not().and(b.or(c).not()));
    }

    @Test
    void shouldSimplify() {
        final Filter some = Filter.udpPort(53);
        final Filter none = Filter.all().not();
        assertEquals(some, some.and(Filter.all()));
        assertEquals(some, some.or(none));
        assertEquals(some, some.not().not());
        assertEquals(none, some.and(none));
        assertEquals(Filter.all(), none.or(some.or(Filter.all())));
        assertEquals(none, Filter.vlan());
    }

    @Test
    void shouldTakeAPlusSignForABlank() {
        assertEquals(Filter.parse("not vlan:1 and (udp:2 or udp:3)"), Filter.parse("not+vlan:1+and+(udp:2+or+udp:3)"));
    }

    @Test
    void shouldFitInAPortOnTheCommandLine() {
        final Filter filter = Filter.destination(0x5254_0012_3456L).and(Filter.vlan(1, 2).or(Filter.etherType(0x806)));
        final PortSpec spec = PortSpec.parse("afxdp:eth0,filter=" + filter + ",queues=2");
        assertEquals(filter, Filter.parse(spec.option("filter", null)));
    }

    @Test
    void shouldSayWhatIsWrongWithAValue() {
        assertMalformed("udp:0", "\"0\"", "UDP port from 1 to 65535", "udp:4789");
        assertMalformed("udp:65536", "UDP port");
        assertMalformed("udp:", "\"\"", "UDP port");
        assertMalformed("udp:53/", "UDP port");
        assertMalformed("udp:5x", "\"5x\"");
        assertMalformed("vlan:4095", "VLAN id from 0 to 4094");
        assertMalformed("type:0x5ff", "\"0x5ff\"", "Ethernet type");
        assertMalformed("type:2048", "Ethernet type", "type:0x88cc");
        assertMalformed("mac:52:54:00:12:34", "MAC address", "mac:52:54:00:12:34:56");
        assertMalformed("vlan:" + "9".repeat(30), "VLAN id");
    }

    @Test
    void shouldSayWhatIsWrongWithTheForm() {
        assertMalformed("", "its end");
        assertMalformed("udp", "\"udp\"");
        assertMalformed("tcp:80", "\"tcp:80\"", "udp:");
        assertMalformed("udp:53 and", "its end");
        assertMalformed("udp:53 vlan:1", "\"vlan:1\"", "and, or");
        assertMalformed("(udp:53", "its end", ")");
        assertMalformed("udp:53)", "\")\"");
        assertMalformed("not", "its end");
        assertMalformed("(".repeat(100_000), "deep");
        assertMalformed("not ".repeat(100_000), "deep");
    }

    @Test
    void shouldLimitTheNumberOfValues() {
        final Filter half = Filter.udpPort(IntStream.rangeClosed(1, Filter.MAX_SIZE / 2).toArray());
        final Filter full = half.or(Filter.vlan(IntStream.range(0, Filter.MAX_SIZE / 2).toArray()));
        final String message =
            assertThrows(ConfigurationException.class, () -> full.and(Filter.vlan(1))).getMessage();
        assertTrue(message.contains("1025 values and 1024 are allowed"), message);
    }

    @Test
    void shouldRefuseValuesThatCannotBe() {
        assertThrows(ConfigurationException.class, () -> Filter.udpPort(70_000));
        assertThrows(ConfigurationException.class, () -> Filter.vlan(-1));
        assertThrows(ConfigurationException.class, () -> Filter.etherType(5));
        assertThrows(ConfigurationException.class, () -> Filter.destination(1L << 48));
    }
}
