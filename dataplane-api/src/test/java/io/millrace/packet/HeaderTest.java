/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Where a header lies, and that nothing beyond its packet is touched. */
class HeaderTest {
    /** One field of each width at a place of the test's choosing. */
    private static final class Probe extends Header {
        Probe() {
            super("probe", 4);
        }

        List<Runnable> accessesAt(final int at) {
            return List.of(() -> uint8(at), () -> uint8(at, 1), () -> uint16(at), () -> uint16(at, 1), () -> int32(at),
                () -> int32(at, 1), () -> uint48(at, 1), () -> int64(at), () -> int64(at, 1), () -> uint48(at));
        }

        // The widths of accessesAt, in its order; 48 bits are read with a load of 64.
        static final int[] WIDTHS = {1, 1, 2, 2, 4, 4, 6, 8, 8, 8};
    }

    @Test
    void shouldLieOverThePacketOfABurst() {
        try (FramePool pool = FramePool.create(4, 0); FrameCache frames = pool.cache("test")) {
            final Burst burst = new Burst(frames, 2);
            burst.add(frames.allocate(), 60, 0);
            burst.add(frames.allocate(), 61, 0);
            final Ethernet ethernet = new Ethernet();
            assertTrue(ethernet.wrap(burst, 1));
            assertEquals(burst.address(1), ethernet.address());
            assertEquals(0, ethernet.offset());
            assertEquals(61, ethernet.available());
            assertEquals(14, ethernet.end());
            final Udp udp = new Udp();
            assertTrue(udp.wrap(burst, 1, 34));
            assertEquals(burst.address(1) + 34, udp.address());
            assertEquals(34, udp.offset());
            assertEquals(27, udp.available());
            assertEquals(42, udp.end());
            burst.freeAll();
        }
    }

    @Test
    void shouldSayWhetherTheFixedPartIsThere() {
        try (Bytes packet = Bytes.zeros(60)) {
            final Probe probe = new Probe();
            assertTrue(probe.wrap(packet.address(), 60, 56));
            assertFalse(probe.wrap(packet.address(), 60, 57));
            assertEquals(3, probe.available());
            assertFalse(probe.wrap(packet.address(), 60, 60));
        }
    }

    @Test
    void shouldWrapNothingOutsideThePacket() {
        try (Bytes packet = Bytes.zeros(60)) {
            final Probe probe = new Probe();
            for (final int offset : new int[] {61, 1000, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
                assertFalse(probe.wrap(packet.address(), 60, offset));
                assertEquals(0, probe.available());
                probe.accessesAt(0).forEach(access -> assertThrows(IndexOutOfBoundsException.class, access::run));
            }
        }
    }

    @Test
    void shouldThrowBeforeTheFirstWrap() {
        assertThrows(IndexOutOfBoundsException.class, () -> new Ethernet().type());
        assertThrows(IndexOutOfBoundsException.class, () -> new Ipv4().reset());
    }

    @Test
    void shouldCheckEveryWidthAtTheEndOfThePacket() {
        try (Bytes packet = Bytes.zeros(32)) {
            final Probe probe = new Probe();
            probe.wrap(packet.address(), 24, 4);
            for (int at = 0; at < 40; at++) {
                final List<Runnable> accesses = probe.accessesAt(at);
                for (int i = 0; i < accesses.size(); i++) {
                    if (at + Probe.WIDTHS[i] <= 20) {
                        accesses.get(i).run();
                    } else {
                        assertThrows(IndexOutOfBoundsException.class, accesses.get(i)::run, i + " at " + at);
                    }
                }
            }
            assertEquals("0".repeat(16), packet.hex().substring(48));
        }
    }

    @Test
    void shouldRefuseWildPlaces() {
        try (Bytes packet = Bytes.zeros(32)) {
            final Probe probe = new Probe();
            probe.wrap(packet.address(), 32, 0);
            for (final int at : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE - 7}) {
                probe.accessesAt(at).forEach(access -> assertThrows(IndexOutOfBoundsException.class, access::run));
            }
        }
    }

    @Test
    void shouldNameTheHeaderInTheError() {
        try (Bytes packet = Bytes.zeros(44)) {
            final Udp udp = new Udp();
            udp.wrap(packet.address(), 40, 34);
            assertEquals("udp: 2 bytes at 6 of a header at 34 with 6 bytes to the end of the packet",
                assertThrows(IndexOutOfBoundsException.class, udp::checksum).getMessage());
        }
    }

    @Test
    void shouldJudgeRandomBytesWithoutAnException() {
        final Random random = new Random(7);
        final Ipv4 ip = new Ipv4();
        final Ipv6 ip6 = new Ipv6();
        final Tcp tcp = new Tcp();
        final Udp udp = new Udp();
        final Icmp icmp = new Icmp();
        final Arp arp = new Arp();
        final Vxlan vxlan = new Vxlan();
        for (int i = 0; i < 20_000; i++) {
            final byte[] bytes = new byte[random.nextInt(90)];
            random.nextBytes(bytes);
            if (bytes.length > 0) {
                bytes[0] = (byte) (random.nextBoolean() ? 0x45 + random.nextInt(3) : 0x60);
            }
            try (Bytes packet = Bytes.of(bytes)) {
                final int offset = random.nextInt(100);
                final IpHeader header = random.nextBoolean() ? ip : ip6;
                header.wrap(packet.address(), bytes.length, 0);
                tcp.wrap(packet.address(), bytes.length, offset);
                udp.wrap(packet.address(), bytes.length, offset);
                icmp.wrap(packet.address(), bytes.length, offset);
                arp.wrap(packet.address(), bytes.length, offset);
                vxlan.wrap(packet.address(), bytes.length, offset);
                arp.isValid();
                vxlan.isValid();
                if (header.isValid()) {
                    assertTrue(header.packetLength() <= bytes.length);
                    assertTrue(header.payloadLength() >= 0);
                    tcp.isChecksumValid(header);
                    udp.isChecksumValid(header);
                    icmp.isChecksumValid(header);
                }
                if (tcp.isValid()) {
                    assertTrue(tcp.end() <= bytes.length);
                }
                if (udp.isValid()) {
                    assertTrue(offset + udp.length() <= bytes.length);
                }
            }
        }
    }
}
