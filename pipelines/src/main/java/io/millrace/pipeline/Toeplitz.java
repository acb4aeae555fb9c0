/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * The hash of receive side scaling (RSS) as network cards and virtio compute it:
 *
 * <pre>
 *  key     0110110101011010010101101101101000100101...
 *           \______________________________/           the 32 bits from each bit of the input on that is set,
 *            \______________________________/          combined by exclusive or
 *  input   source, destination [, source port, destination port]
 * </pre>
 *
 * <p>It adds up over the bytes of the input, so each byte costs one look into a table of what its 256 values
 * contribute. Where the key repeats itself, so do the tables.
 *
 * <p>Thread safety: immutable.
 */
public final class Toeplitz {
    /** The bytes of a key: enough for two IPv6 addresses and two ports. */
    public static final int KEY_BYTES = 40;

    private static final int INPUT_BYTES = 36;
    private static final int BYTE_VALUES = 256;
    private static final int PORTS_AT_IPV4 = 8;
    private static final int PORTS_AT_IPV6 = 32;

    private final int[][] contributions;

    private Toeplitz(final byte[] key) {
        if (key.length < KEY_BYTES) {
            throw new ConfigurationException("an RSS key of " + key.length + " bytes is too short: take "
                + KEY_BYTES + ", as Toeplitz.symmetric() or Toeplitz.standard() do");
        }
        this.contributions = new int[INPUT_BYTES][];
        final ByteBuffer bits = ByteBuffer.wrap(key);
        final Map<Long, int[]> tables = new HashMap<>();
        for (int at = 0; at < INPUT_BYTES; at++) {
            // All that a byte here can bring in are the 40 bits of the key from here on.
            final long window = (bits.getInt(at) & 0xFFFF_FFFFL) << Byte.SIZE | bits.get(at + Integer.BYTES) & 0xFF;
            contributions[at] = tables.computeIfAbsent(window, Toeplitz::table);
        }
    }

    private static int[] table(final long window) {
        final int[] table = new int[BYTE_VALUES];
        for (int value = 0; value < BYTE_VALUES; value++) {
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                if ((value & 0x80 >>> bit) != 0) {
                    table[value] ^= (int) (window >>> Byte.SIZE - bit);
                }
            }
        }
        return table;
    }

    /**
     * With the key that repeats 0x6d5a: both directions of a connection have one hash. Its upper and lower halves are
     * equal.
     */
    public static Toeplitz symmetric() {
        return new Toeplitz(HexFormat.of().parseHex("6d5a".repeat(KEY_BYTES / 2)));
    }

    /** With the key that Microsoft published, which network cards and virtio devices commonly start with. */
    public static Toeplitz standard() {
        return new Toeplitz(HexFormat.of().parseHex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c"
            + "6a42b73bbeac01fa"));
    }

    /**
     * With a key of one's own.
     *
     * @param key {@link #KEY_BYTES} or more; those beyond do not count.
     * @throws ConfigurationException if it is shorter.
     */
    public static Toeplitz of(final byte... key) {
        return new Toeplitz(key);
    }

    /** Of IPv4 addresses, as in {@link io.millrace.packet.Ipv4Address}. */
    public int ofIpv4(final int source, final int destination) {
        return word(0, source) ^ word(4, destination);
    }

    /** Of IPv4 addresses and TCP or UDP ports, 0 to 65535. */
    public int ofIpv4(final int source, final int destination, final int sourcePort, final int destinationPort) {
        return ofIpv4(source, destination) ^ word(PORTS_AT_IPV4, sourcePort << Short.SIZE | destinationPort);
    }

    /** Of IPv6 addresses, two halves each. */
    public int ofIpv6(final long sourceHigh, final long sourceLow, final long destinationHigh,
                      final long destinationLow) {
        return half(0, sourceHigh) ^ half(8, sourceLow) ^ half(16, destinationHigh) ^ half(24, destinationLow);
    }

    /** Of IPv6 addresses and TCP or UDP ports, 0 to 65535. */
    public int ofIpv6(final long sourceHigh, final long sourceLow, final long destinationHigh,
                      final long destinationLow, final int sourcePort, final int destinationPort) {
        return ofIpv6(sourceHigh, sourceLow, destinationHigh, destinationLow)
            ^ word(PORTS_AT_IPV6, sourcePort << Short.SIZE | destinationPort);
    }

    /** Of MAC addresses, as in {@link io.millrace.packet.MacAddress}. Network cards have no such hash. */
    public int ofMac(final long source, final long destination) {
        return word(0, (int) (source >>> 16)) ^ word(4, (int) (source << 16 | destination >>> 32))
            ^ word(8, (int) destination);
    }

    private int half(final int at, final long value) {
        return word(at, (int) (value >>> Integer.SIZE)) ^ word(at + Integer.BYTES, (int) value);
    }

    private int word(final int at, final int value) {
        return contributions[at][value >>> 24] ^ contributions[at + 1][value >>> 16 & 0xFF]
            ^ contributions[at + 2][value >>> 8 & 0xFF] ^ contributions[at + 3][value & 0xFF];
    }
}
