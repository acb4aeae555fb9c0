/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.millrace.ConfigurationException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PacketFilterTest {
    /** TCP, 10.0.0.1 port 1000 to 10.0.0.2 port 80. */
    private static final byte[] TCP = HexFormat.of().parseHex("02000000000b" + "02000000000a" + "0800"
        + "4500002800010000" + "40060000" + "0a000001" + "0a000002" + "03e80050" + "0".repeat(32));

    private final Matching matching = new Matching();

    @AfterEach
    void close() {
        matching.close();
    }

    private void assertMatches(final String filter) {
        assertTrue(matching.matches(filter, TCP), filter);
    }

    private void assertMatchesNot(final String filter) {
        assertFalse(matching.matches(filter, TCP), filter);
    }

    private static byte[] tagged(final byte[] packet, final int id) {
        return ByteBuffer.allocate(packet.length + 4).put(packet, 0, 12).putShort((short) 0x8100).putShort((short) id)
            .put(packet, 12, packet.length - 12).array();
    }

    private static String refusal(final String filter) {
        return assertThrows(ConfigurationException.class, () -> PacketFilter.compile(filter)).getMessage();
    }

    @Test
    void shouldFindAddressesAndPorts() {
        assertMatches("src host 10.0.0.1 and dst host 10.0.0.2");
        assertMatchesNot("src host 10.0.0.2");
        assertMatches("src and dst net 10.0.0.0/24");
        assertMatches("tcp port 80 and ip");
        assertMatchesNot("udp port 80");
        assertMatches("dst portrange 79-81");
        assertMatchesNot("src portrange 79-81");
        assertMatches("ether src 02:00:00:00:00:0a");
    }

    @Test
    void shouldMatchEverythingIfBlank() {
        assertMatches("  ");
        assertEquals("", PacketFilter.compile("").toString());
    }

    @Test
    void shouldRepeatQualifiers() {
        assertMatches("port 22 or 80");
        assertMatches("src host 10.0.0.9 or 10.0.0.1");
        assertMatchesNot("src host 10.0.0.9 or 10.0.0.2");
        assertMatches("tcp dst port (22 or 80)");
        assertMatches("port not 22");
        assertMatches("port 22 or (443 or 80)");
    }

    @Test
    void shouldReadAndAndOrFromLeftToRight() {
        assertMatchesNot("tcp or tcp and udp");
        assertMatches("tcp or (tcp and udp)");
        assertMatches("not udp and tcp");
        assertMatchesNot("not (udp or tcp)");
    }

    @Test
    void shouldLookBehindTheTagThatWasAskedFor() {
        final byte[] inVlan = tagged(TCP, 0x7064);
        assertFalse(matching.matches("tcp", inVlan));
        assertTrue(matching.matches("vlan and tcp port 80", inVlan));
        assertTrue(matching.matches("vlan 100 and tcp", inVlan));
        assertFalse(matching.matches("vlan 101 and tcp", inVlan));
        assertTrue(matching.matches("vlan 7 and vlan 100 and host 10.0.0.1", tagged(inVlan, 7)));
        // It is behind the tag even where there is none.
        assertMatchesNot("vlan or tcp");
        assertMatches("tcp or vlan");
    }

    @Test
    void shouldRejectWhatEndsBeforeTheBytesThatCount() {
        for (int length = 1; length < TCP.length; length++) {
            final byte[] start = Arrays.copyOf(TCP, length);
            assertEquals(length >= 38, matching.matches("dst port 80", start), "of " + length);
            assertEquals(length >= 38, matching.matches("not dst port 81", start), "of " + length);
            assertEquals(length < 40, matching.matches("less 39", start), "of " + length);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', value = {
        "src 10.0.0.1 or 10.0.0.2 > src host 10.0.0.1 or src host 10.0.0.2",
        "((tcp)) && !(port 0x50||443) > tcp and not (port 80 or port 443)",
        "((ip or arp) and tcp) or udp > ip or arp and tcp or udp",
        "ip or (arp and tcp) > ip or (arp and tcp)",
        "not (not ip) > not not ip",
        "dst or src net 10.1 > net 10.1.0.0/16",
        "net 10.0.0.0 mask 255.0.0.0 > net 10.0.0.0/8",
        "net 10.0.0.0 mask 255.0.255.0 > net 10.0.0.0 mask 255.0.255.0",
        "ip6 host FE80::1 > ip6 host fe80:0:0:0:0:0:0:1",
        "net ::ffff:10.0.0.0/104 > net 0:0:0:0:0:ffff:a00:0/104",
        "ether dst 02:00:00:00:00:AA > ether dst host 02:00:00:00:00:aa",
        "ether proto \\arp or 0x88cc > ether proto 0x0806 or ether proto 0x88cc",
        "ip proto \\tcp > ip proto 6",
        "portrange 90-80 > portrange 80-90",
        "vlan 5 and vlan and greater 0x40 > vlan 5 and vlan and greater 64",
    })
    void shouldHaveANormalForm(final String text, final String normal) {
        assertEquals(normal, PacketFilter.compile(text).toString());
        assertEquals(normal, PacketFilter.compile(normal).toString());
    }

    @Test
    void shouldSayWhatIsWrongAndWhere() {
        assertEquals("the filter has \"http\" at character 10 where a port from 0 to 65535 should be: write it like"
            + " \"port 80\"", refusal("tcp port http"));
        assertEquals("the filter ends at character 7 where \"and\", \"or\" or \")\" should be: write it like"
            + " \"tcp and (port 80 or 443)\"", refusal("(tcp  "));
        assertEquals("the filter has \"10.0.0.1/8\" at character 5 where a net that has no bits set beyond its mask"
            + " should be: write it like \"net 10.0.0.0 mask 255.0.0.0\"", refusal("net 10.0.0.1/8"));
        assertEquals("the filter has \"10.0.0.1\" at character 8 where a word that says what it is should be: write it"
            + " like \"host 10.0.0.1 or port 80\"", refusal("tcp or 10.0.0.1"));
        assertEquals("the filter has \"tcp\" at character 1 where ether, ip, ip6, arp or rarp before host should be:"
            + " write it like \"ip host 10.0.0.1\"", refusal("tcp host 10.0.0.1"));
        assertTrue(refusal("tcp[13]").startsWith("the filter has \"tcp[13]\" at character 1 where host, net"));
        assertTrue(refusal("host \u001b[31m").startsWith("the filter has \"?[31m\" at character 6 where an address"));
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        for (final String text : new String[] {"port 65536", "port 080", "port -1", "vlan 4096", "host 10.0.0.256",
            "host 10.1", "net 10", "net 10.0.0.0/33", "net fe80::1/10", "net fe80::/129", "net 1.2.3.4.5",
            "less 131072", "ip host ::1", "ip6 host 10.0.0.1", "host ::1%eth0", "host :::", "ether host 1:2:3:4:5:6",
            "ether", "ether proto 0x5ff", "icmp proto 1", "src proto 6", "ip port 80", "port", "port (80", "port ()",
            "and", "tcp)", "tcp udp", "tcp and", "80", "host example.org", "tcp & udp", "src src 10.0.0.1",
            "host 10.0.0.1 mask 255.0.0.0", "portrange 1-2-3", "net 10.0.0.0/", "portrange -5"}) {
            assertThrows(ConfigurationException.class, () -> PacketFilter.compile(text), text);
        }
    }

    @Test
    void shouldBoundWhatItIsGiven() {
        assertTrue(refusal("!".repeat(200) + "ip").contains("nested more than 100 deep"));
        assertTrue(refusal("port " + "(".repeat(200)).contains("nested more than 100 deep"));
        assertTrue(refusal("ip".repeat(4000)).contains("4096 are allowed"));
        // As many parts as fit.
        final String longest = "port 1" + "||2".repeat(1360);
        assertMatchesNot(longest);
        assertMatches("ip" + "&&ip".repeat(1020));
    }

    @Test
    void shouldAllocateNothing() {
        final PacketFilter filter = PacketFilter.compile("vlan or ip6 or less 20 or port 443 or 80 and net 10.0.0.0/8");
        matching.put(TCP);
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long thread = Thread.currentThread().getId();
        long least = Long.MAX_VALUE;
        int matches = 0;
        for (int round = 0; round < 4; round++) {
            final long before = threads.getThreadAllocatedBytes(thread);
            for (int i = 0; i < 200_000; i++) {
                matches += filter.matches(matching.burst, 0) ? 1 : 0;
            }
            least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
        }
        assertEquals(0, least, "bytes for 200000 packets");
        assertEquals(0, matches, "behind a tag that is not there");
    }
}
