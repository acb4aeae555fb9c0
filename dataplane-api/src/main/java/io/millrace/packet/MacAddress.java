/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/**
 * MAC addresses as numbers: the 48 bits of an address in the low bits of a {@code long}, first byte highest.
 * {@code 52:54:00:12:34:56} is {@code 0x5254_0012_3456L}.
 */
public final class MacAddress {
    /** All ones: every station. */
    public static final long BROADCAST = 0xFFFF_FFFF_FFFFL;

    private static final long GROUP_BIT = 1L << 40;
    private static final long LOCAL_BIT = 1L << 41;
    private static final int BYTES = 6;
    private static final int TEXT_LENGTH = 17;

    private MacAddress() {
    }

    /** Whether it names a group of stations rather than one. The broadcast address does. */
    public static boolean isMulticast(final long mac) {
        return (mac & GROUP_BIT) != 0;
    }

    /** Whether it is the broadcast address. */
    public static boolean isBroadcast(final long mac) {
        return mac == BROADCAST;
    }

    /** Whether it can name one station: neither a group nor all zeros. */
    public static boolean isUnicast(final long mac) {
        return mac != 0 && !isMulticast(mac);
    }

    /** Whether it was given out locally, as those of virtual machines are, and not by a manufacturer. */
    public static boolean isLocal(final long mac) {
        return (mac & LOCAL_BIT) != 0;
    }

    /**
     * Reads the form {@code 52:54:00:12:34:56}, in either case.
     *
     * @throws IllegalArgumentException if {@code text} is not of that form.
     */
    public static long parse(final String text) {
        long mac = 0;
        boolean isWellFormed = text.length() == TEXT_LENGTH;
        for (int at = 0; isWellFormed && at < TEXT_LENGTH; at++) {
            if (at % 3 == 2) {
                isWellFormed = text.charAt(at) == ':';
            } else {
                final char c = text.charAt(at);
                // Character.digit takes digits of other scripts too.
                final int digit = c < 0x80 ? Character.digit(c, 16) : -1;
                isWellFormed = digit >= 0;
                mac = mac << 4 | digit;
            }
        }
        if (!isWellFormed) {
            throw new IllegalArgumentException("not a MAC address like 52:54:00:12:34:56: " + text);
        }
        return mac;
    }

    /** Writes the form {@code 52:54:00:12:34:56}. Allocates. */
    public static String format(final long mac) {
        final StringBuilder text = new StringBuilder(TEXT_LENGTH);
        for (int shift = 8 * (BYTES - 1); shift >= 0; shift -= 8) {
            final int b = (int) (mac >>> shift);
            text.append(Character.forDigit(b >>> 4 & 0xF, 16)).append(Character.forDigit(b & 0xF, 16));
            if (shift > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
