/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Whole packets, byte for byte: each header's fields where the RFC has them. */
class PacketsTest {
    private static final String ADDRESSES = "525400123456 525400abcdef";

    private final Ethernet ethernet = new Ethernet();
    private final Ipv4 ip = new Ipv4();
    private final Ipv6 ip6 = new Ipv6();
    private final Udp udp = new Udp();
    private final Tcp tcp = new Tcp();
    private final Icmp icmp = new Icmp();

    private static String digits(final String text) {
        return text.replace(" ", "");
    }

    private static void wrap(final Header header, final Bytes packet, final int offset) {
        assertTrue(header.wrap(packet.address(), packet.length(), offset));
    }

    @Test
    void shouldReadAndWriteEthernet() {
        try (Bytes packet = Bytes.hex(ADDRESSES + "0800")) {
            wrap(ethernet, packet, 0);
            assertEquals(0x5254_0012_3456L, ethernet.destination());
            assertEquals(0x5254_00AB_CDEFL, ethernet.source());
            assertEquals(EtherType.IPV4, ethernet.type());
            ethernet.swapAddresses().type(EtherType.ARP);
            assertEquals(digits("525400abcdef 525400123456 0806"), packet.hex());
            ethernet.destination(MacAddress.BROADCAST).source(1);
            assertEquals(digits("ffffffffffff 000000000001 0806"), packet.hex());
        }
    }

    @Test
    void shouldReadAndWriteATag() {
        try (Bytes packet = Bytes.hex(ADDRESSES + "8100 b064 0800")) {
            final Vlan vlan = new Vlan();
            wrap(ethernet, packet, 0);
            assertTrue(EtherType.isVlan(ethernet.type()));
            wrap(vlan, packet, ethernet.end());
            assertEquals(100, vlan.id());
            assertEquals(5, vlan.priority());
            assertTrue(vlan.isDropEligible());
            assertEquals(EtherType.IPV4, vlan.type());
            vlan.id(4094).priority(2).type(EtherType.IPV6);
            assertEquals(digits(ADDRESSES + "8100 5ffe 86dd"), packet.hex());
            assertEquals(18, vlan.end());
        }
    }

    @Test
    void shouldReadAndWriteArp() {
        final String request = "0001 0800 06 04 0001 525400abcdef 0a000001 000000000000 0a000002";
        try (Bytes packet = Bytes.hex(request)) {
            final Arp arp = new Arp();
            wrap(arp, packet, 0);
            assertTrue(arp.isValid());
            assertEquals(Arp.REQUEST, arp.operation());
            assertEquals(0x5254_00AB_CDEFL, arp.senderMac());
            assertEquals(Ipv4Address.parse("10.0.0.1"), arp.senderIp());
            assertEquals(0, arp.targetMac());
            assertEquals(Ipv4Address.parse("10.0.0.2"), arp.targetIp());
            arp.reset().operation(Arp.REPLY).senderMac(0x5254_0012_3456L).senderIp(0x0A00_0002)
                .targetMac(0x5254_00AB_CDEFL).targetIp(0x0A00_0001);
            assertEquals(digits("0001 0800 06 04 0002 525400123456 0a000002 525400abcdef 0a000001"), packet.hex());
        }
    }

    @Test
    void shouldRefuseArpOfOtherKinds() {
        final Arp arp = new Arp();
        try (Bytes packet = Bytes.hex("0006 0800 06 04 0001" + "00".repeat(20))) {
            wrap(arp, packet, 0);
            assertFalse(arp.isValid());
            assertFalse(arp.wrap(packet.address(), 27, 0));
            assertFalse(arp.isValid());
        }
    }

    @Test
    void shouldReadAKnownIpv4Header() {
        try (Bytes packet = Bytes.hex("45b9 0073 1234 4000 4011 0000 c0a8 0001 c0a8 00c7" + "00".repeat(95))) {
            wrap(ip, packet, 0);
            assertTrue(ip.isValid());
            assertEquals(4, ip.version());
            assertEquals(20, ip.headerLength());
            assertEquals(0xB9, ip.trafficClass());
            assertEquals(0x73, ip.packetLength());
            assertEquals(95, ip.payloadLength());
            assertEquals(0x1234, ip.identification());
            assertTrue(ip.isDontFragment());
            assertFalse(ip.isFragment());
            assertEquals(64, ip.timeToLive());
            assertEquals(IpProtocol.UDP, ip.protocol());
            assertEquals("192.168.0.1", Ipv4Address.format(ip.source()));
            assertEquals("192.168.0.199", Ipv4Address.format(ip.destination()));
            assertFalse(ip.isChecksumValid());
            assertTrue(ip.updateChecksum().isChecksumValid());
        }
    }

    @Test
    void shouldBuildAnIpv4Header() {
        try (Bytes packet = Bytes.hex("ff".repeat(20))) {
            wrap(ip, packet, 0);
            ip.reset().packetLength(0x73).dontFragment(true).protocol(IpProtocol.UDP)
                .source(0xC0A8_0001).destination(0xC0A8_00C7).updateChecksum();
            assertEquals(digits("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"), packet.hex());
            ip.swapAddresses().dontFragment(false).identification(7).trafficClass(3).timeToLive(1).updateChecksum();
            assertTrue(ip.isChecksumValid());
            assertEquals(digits("4503 0073 0007 0000 0111"), packet.hex().substring(0, 20));
            assertEquals(digits("c0a8 00c7 c0a8 0001"), packet.hex().substring(24));
        }
    }

    @Test
    void shouldKeepTheChecksumRightWhenAHopIsTaken() {
        try (Bytes packet = Bytes.hex("4500 0073 0000 4000 ff11 0000 c0a8 0001 c0a8 00c7")) {
            wrap(ip, packet, 0);
            ip.updateChecksum();
            for (int left = 254; left >= 0; left--) {
                assertEquals(left, ip.decrementTimeToLive());
                assertEquals(left, ip.timeToLive());
                assertTrue(ip.isChecksumValid());
            }
            assertEquals(0, ip.decrementTimeToLive());
            assertEquals(0, ip.timeToLive());
            assertEquals(IpProtocol.UDP, ip.protocol());
            assertTrue(ip.isChecksumValid());
        }
    }

    @Test
    void shouldCountOptionsToTheHeader() {
        try (Bytes packet = Bytes.hex("4600 0018 0000 0000 4001 0000 0a000001 0a000002 94040000")) {
            wrap(ip, packet, 0);
            assertTrue(ip.isValid());
            assertEquals(24, ip.end());
            assertEquals(0, ip.payloadLength());
            assertTrue(ip.updateChecksum().isChecksumValid());
            assertEquals(Checksum.of(packet.address(), 24), 0);
        }
    }

    @Test
    void shouldRefuseIpv4HeadersThatContradictThemselves() {
        for (final String start : new String[] {"6500 0014", "4400 0014", "4500 0013", "4500 0016", "4f00 0014"}) {
            try (Bytes packet = Bytes.hex(start + "0000 0000 4001 0000 0a000001 0a000002 00")) {
                wrap(ip, packet, 0);
                assertFalse(ip.isValid(), start);
            }
        }
    }

    @Test
    void shouldRecogniseFragments() {
        try (Bytes packet = Bytes.hex("4500 0014 0000 2000 4001 0000 0a000001 0a000002"
            + "4500 0014 0000 00b9 4001 0000 0a000001 0a000002")) {
            wrap(ip, packet, 0);
            assertTrue(ip.isFragment());
            assertTrue(ip.hasMoreFragments());
            assertEquals(0, ip.fragmentOffset());
            wrap(ip, packet, 20);
            assertTrue(ip.isFragment());
            assertFalse(ip.hasMoreFragments());
            assertEquals(1480, ip.fragmentOffset());
        }
    }

    @Test
    void shouldReadAndWriteIpv6() {
        try (Bytes packet = Bytes.zeros(48)) {
            wrap(ip6, packet, 0);
            assertFalse(ip6.isValid());
            ip6.reset().trafficClass(0xB9).flowLabel(0xABCDE).payloadLength(8).nextHeader(IpProtocol.UDP).hopLimit(7)
                .source(0xFE80_0000_0000_0000L, 1).destination(0xFF02_0000_0000_0000L, 0xFB);
            assertTrue(ip6.isValid());
            assertEquals(digits("6b9a bcde 0008 1107 fe80 0000 0000 0000 0000 0000 0000 0001"
                + "ff02 0000 0000 0000 0000 0000 0000 00fb") + "00".repeat(8), packet.hex());
            assertEquals(6, ip6.version());
            assertEquals(0xB9, ip6.trafficClass());
            assertEquals(0xABCDE, ip6.flowLabel());
            assertEquals(8, ip6.payloadLength());
            assertEquals(48, ip6.packetLength());
            assertEquals(IpProtocol.UDP, ip6.nextHeader());
            assertEquals(7, ip6.hopLimit());
            ip6.swapAddresses();
            assertEquals(0xFB, ip6.sourceLow());
            assertEquals(0xFE80_0000_0000_0000L, ip6.destinationHigh());
            assertEquals(1, ip6.destinationLow());
            ip6.payloadLength(9);
            assertFalse(ip6.isValid());
        }
    }

    @Test
    void shouldGiveAKnownUdpChecksum() {
        // No carry: the sum is written out below.
        try (Bytes packet = Bytes.hex("4500 0020 0000 0000 4011 0000 0a00 0001 0808 0808"
            + "04d2 0035 000c 0000 61626364" + "ffff")) {
            wrap(ip, packet, 0);
            wrap(udp, packet, ip.end());
            assertTrue(udp.isValid());
            assertTrue(udp.isChecksumValid(ip), "none");
            udp.updateChecksum(ip);
            final int sum = 0x0A00 + 1 + 0x0808 + 0x0808 + 0x11 + 0xC + 0x04D2 + 0x35 + 0xC + 0x6162 + 0x6364;
            assertEquals(~sum & 0xFFFF, udp.checksum());
            assertTrue(udp.isChecksumValid(ip));
            assertTrue(udp.swapPorts().isChecksumValid(ip));
            assertEquals(0x35, udp.sourcePort());
            assertEquals(0x4D2, udp.destinationPort());
            assertFalse(udp.sourcePort(0x36).isChecksumValid(ip));
        }
    }

    @Test
    void shouldSendAComputedUdpChecksumOfZeroAsItsOtherForm() {
        try (Bytes packet = Bytes.hex("4500 001e 0000 0000 4011 0000 0000 0000 0000 0000"
            + "0000 0000 000a 0000 0000")) {
            wrap(ip, packet, 0);
            wrap(udp, packet, ip.end());
            // Protocol and both lengths are all that is not 0: the source port brings the sum to 0xFFFF.
            udp.sourcePort(0xFFFF - 17 - 10 - 10);
            assertEquals(0xFFFF, udp.updateChecksum(ip).checksum());
            assertTrue(udp.isChecksumValid(ip));
        }
    }

    @Test
    void shouldWantAUdpChecksumOverIpv6() {
        try (Bytes packet = Bytes.zeros(51)) {
            wrap(ip6, packet, 0);
            ip6.reset().payloadLength(11).nextHeader(IpProtocol.UDP).source(1, 2).destination(3, 4);
            wrap(udp, packet, ip6.end());
            udp.sourcePort(1).destinationPort(2).length(11);
            assertFalse(udp.isChecksumValid(ip6));
            assertTrue(udp.updateChecksum(ip6).isChecksumValid(ip6));
            assertEquals(~(1 + 2 + 3 + 4 + 17 + 11 + 1 + 2 + 11) & 0xFFFF, udp.checksum());
            ip6.source(1, 5);
            assertFalse(udp.isChecksumValid(ip6));
        }
    }

    @Test
    void shouldRefuseUdpLengthsThatDoNotFit() {
        try (Bytes packet = Bytes.hex("0001 0002 0007 0000")) {
            wrap(udp, packet, 0);
            assertFalse(udp.isValid());
            assertFalse(udp.length(9).isValid());
            assertTrue(udp.length(8).isValid());
        }
    }

    @Test
    void shouldReadAndWriteTcp() {
        try (Bytes packet = Bytes.hex("4500 002a 0000 0000 4006 0000 0a00 0001 0a00 0002" + "ff".repeat(22) + "eeee")) {
            wrap(ip, packet, 0);
            wrap(tcp, packet, ip.end());
            tcp.reset().sourcePort(80).destinationPort(1024).sequence(0xDEAD_BEEF).acknowledgment(7)
                .flags(Tcp.SYN | Tcp.ACK).window(0xFFFE).urgentPointer(3);
            assertEquals(digits("0050 0400 deadbeef 00000007 5012 fffe 0000 0003 ffff eeee"),
                packet.hex().substring(40));
            assertTrue(tcp.isValid());
            assertEquals(80, tcp.sourcePort());
            assertEquals(1024, tcp.destinationPort());
            assertEquals(0xDEAD_BEEF, tcp.sequence());
            assertEquals(7, tcp.acknowledgment());
            assertEquals(Tcp.SYN | Tcp.ACK, tcp.flags());
            assertEquals(0xFFFE, tcp.window());
            assertEquals(3, tcp.urgentPointer());
            assertEquals(40, tcp.end());
            assertFalse(tcp.isChecksumValid(ip));
            assertTrue(tcp.updateChecksum(ip).isChecksumValid(ip));
            // Two bytes of padding behind the IP packet do not count; the two of payload do.
            assertEquals(Checksum.of(ip.pseudoHeaderSum(IpProtocol.TCP, 22)
                + Checksum.sum(packet.address() + 20, 22)), 0);
        }
    }

    @Test
    void shouldRefuseTcpHeadersThatDoNotFit() {
        try (Bytes packet = Bytes.hex("0050 0400 deadbeef 00000007 4012 fffe 0000 0003")) {
            wrap(tcp, packet, 0);
            assertFalse(tcp.isValid());
        }
        try (Bytes packet = Bytes.hex("0050 0400 deadbeef 00000007 6012 fffe 0000 0003")) {
            wrap(tcp, packet, 0);
            assertFalse(tcp.isValid());
        }
    }

    @Test
    void shouldNotComputeAChecksumBeyondThePacket() {
        try (Bytes packet = Bytes.hex("4500 0100 0000 0000 4006 0000 0a00 0001 0a00 0002" + "00".repeat(20))) {
            wrap(ip, packet, 0);
            wrap(tcp, packet, 20);
            assertThrows(IndexOutOfBoundsException.class, () -> tcp.updateChecksum(ip));
            assertFalse(tcp.isChecksumValid(ip));
        }
    }

    @Test
    void shouldAnswerAPing() {
        final String ping = "4500 001c 0001 0000 4001 0000 0a00 0001 0a00 0002" + "0800 0000 1234 0001";
        try (Bytes packet = Bytes.hex(ping)) {
            wrap(ip, packet, 0);
            wrap(icmp, packet, ip.end());
            icmp.updateChecksum(ip);
            assertEquals(~(0x0800 + 0x1234 + 1) & 0xFFFF, icmp.checksum());
            assertTrue(icmp.isChecksumValid(ip));
            assertEquals(Icmp.ECHO_REQUEST, icmp.type());
            assertEquals(0, icmp.code());
            assertEquals(0x1234, icmp.identifier());
            assertEquals(1, icmp.sequence());
            icmp.type(Icmp.ECHO_REPLY).checksum(Checksum.update(icmp.checksum(), 0x0800, 0));
            assertTrue(icmp.isChecksumValid(ip));
            assertFalse(icmp.code(1).isChecksumValid(ip));
            icmp.code(0).identifier(2).sequence(3).updateChecksum(ip);
            assertTrue(packet.hex().endsWith(digits("fffa 0002 0003")));
        }
    }

    @Test
    void shouldIncludeThePseudoHeaderInIcmpv6() {
        try (Bytes packet = Bytes.zeros(48)) {
            wrap(ip6, packet, 0);
            ip6.reset().payloadLength(8).nextHeader(IpProtocol.ICMPV6).source(0, 1).destination(0, 2);
            wrap(icmp, packet, ip6.end());
            icmp.type(Icmp.V6_ECHO_REQUEST).updateChecksum(ip6);
            assertEquals(~(1 + 2 + 58 + 8 + 0x8000) & 0xFFFF, icmp.checksum());
            assertTrue(icmp.isChecksumValid(ip6));
            ip6.destination(0, 3);
            assertFalse(icmp.isChecksumValid(ip6));
        }
    }

    @Test
    void shouldReadAndWriteVxlan() {
        try (Bytes packet = Bytes.hex("f7ffffff ffffffff")) {
            final Vxlan vxlan = new Vxlan();
            wrap(vxlan, packet, 0);
            assertFalse(vxlan.isValid());
            assertEquals(Vxlan.MAX_NETWORK, vxlan.network());
            vxlan.reset().network(0xABCDEF);
            assertTrue(vxlan.isValid());
            assertEquals(0xABCDEF, vxlan.network());
            assertEquals("08000000abcdef00", packet.hex());
        }
    }
}
