/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.millrace.ConfigurationException;
import io.millrace.packet.Ipv4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The values are those that Microsoft published to verify implementations of RSS with. */
class ToeplitzTest {
    @ParameterizedTest
    @CsvSource({
        "66.9.149.187,   2794,  161.142.100.80, 1766,  323e8fc2, 51ccc178",
        "199.92.111.2,   14230, 65.69.140.83,   4739,  d718262a, c626b0ea",
        "24.19.198.95,   12898, 12.22.207.184,  38024, d2d0a5de, 5c2b394a",
        "38.27.205.30,   48228, 209.142.163.6,  2217,  82989176, afc7327f",
        "153.39.163.191, 44251, 202.188.127.2,  1303,  5d1809c5, 10e828a2",
    })
    void shouldHashIpv4AsPublished(final String source, final int sourcePort, final String destination,
                                   final int destinationPort, final String addresses, final String all) {
        final Toeplitz hash = Toeplitz.standard();
        final int from = Ipv4Address.parse(source);
        final int to = Ipv4Address.parse(destination);
        assertEquals(addresses, "%08x".formatted(hash.ofIpv4(from, to)));
        assertEquals(all, "%08x".formatted(hash.ofIpv4(from, to, sourcePort, destinationPort)));
    }

    @ParameterizedTest
    @CsvSource({
        "3ffe:2501:200:1fff::7,                2794,  3ffe:2501:200:3::1,        1766,  2cc18cd5, 40207d3d",
        "3ffe:501:8::260:97ff:fe40:efab,       14230, ff02::1,                   4739,  0f0c461c, dde51bbf",
        "3ffe:1900:4545:3:200:f8ff:fe21:67cf,  44251, fe80::200:f8ff:fe21:67cf,  38024, 4b61e985, 02d1feef",
    })
    void shouldHashIpv6AsPublished(final String source, final int sourcePort, final String destination,
                                   final int destinationPort, final String addresses, final String all)
        throws UnknownHostException {
        final Toeplitz hash = Toeplitz.standard();
        final ByteBuffer from = ByteBuffer.wrap(InetAddress.getByName(source).getAddress());
        final ByteBuffer to = ByteBuffer.wrap(InetAddress.getByName(destination).getAddress());
        assertEquals(addresses, "%08x".formatted(
            hash.ofIpv6(from.getLong(0), from.getLong(8), to.getLong(0), to.getLong(8))));
        assertEquals(all, "%08x".formatted(hash.ofIpv6(from.getLong(0), from.getLong(8), to.getLong(0), to.getLong(8),
            sourcePort, destinationPort)));
    }

    @Test
    void shouldBeTheSameInBothDirections() {
        final Toeplitz hash = Toeplitz.symmetric();
        final Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            final long a = random.nextLong();
            final long b = random.nextLong();
            final long c = random.nextLong();
            final long d = random.nextLong();
            final int p = random.nextInt(1 << 16);
            final int q = random.nextInt(1 << 16);
            assertEquals(hash.ofIpv4((int) a, (int) b), hash.ofIpv4((int) b, (int) a));
            assertEquals(hash.ofIpv4((int) a, (int) b, p, q), hash.ofIpv4((int) b, (int) a, q, p));
            assertEquals(hash.ofIpv6(a, b, c, d), hash.ofIpv6(c, d, a, b));
            assertEquals(hash.ofIpv6(a, b, c, d, p, q), hash.ofIpv6(c, d, a, b, q, p));
            assertEquals(hash.ofMac(a >>> 16, b >>> 16), hash.ofMac(b >>> 16, a >>> 16));
        }
    }

    @Test
    void shouldAgreeWithItsDefinitionForAnyKey() {
        final Random random = new Random(2);
        for (int i = 0; i < 200; i++) {
            final byte[] key = new byte[Toeplitz.KEY_BYTES + random.nextInt(2)];
            random.nextBytes(key);
            final long source = random.nextLong() >>> 16;
            final long destination = random.nextLong() >>> 16;
            final ByteBuffer macs = ByteBuffer.allocate(12).putShort((short) (source >>> 32)).putInt((int) source)
                .putShort((short) (destination >>> 32)).putInt((int) destination);
            assertEquals(bitByBit(key, macs.array()), Toeplitz.of(key).ofMac(source, destination));
        }
    }

    private static int bitByBit(final byte[] key, final byte[] input) {
        int hash = 0;
        for (int bit = 0; bit < input.length * 8; bit++) {
            if ((input[bit / 8] & 0x80 >>> bit % 8) != 0) {
                for (int k = 0; k < 32; k++) {
                    hash ^= (key[(bit + k) / 8] & 0x80 >>> (bit + k) % 8) != 0 ? 1 << 31 - k : 0;
                }
            }
        }
        return hash;
    }

    @Test
    void shouldRefuseAKeyThatIsTooShort() {
        assertThrows(ConfigurationException.class, () -> Toeplitz.of(new byte[39]));
    }
}
