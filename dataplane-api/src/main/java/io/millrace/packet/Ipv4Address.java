/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/** IPv4 addresses as numbers: {@code 10.0.0.1} is {@code 0x0A000001}. Those from 128.0.0.0 on are negative. */
public final class Ipv4Address {
    private Ipv4Address() {
    }

    /** Whether it names a group, 224.0.0.0/4. */
    public static boolean isMulticast(final int address) {
        return address >>> 28 == 0xE;
    }

    /**
     * Reads the form {@code 10.0.0.1}: four decimal numbers of 0 to 255, none with a leading zero.
     *
     * @throws IllegalArgumentException if {@code text} is not of that form.
     */
    public static int parse(final String text) {
        // A leading zero means octal to some readers and decimal to others: refused.
        if (!text.matches("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}")) {
            throw malformed(text);
        }
        int address = 0;
        for (final String part : text.split("\\.")) {
            final int number = Integer.parseInt(part);
            if (number > 0xFF) {
                throw malformed(text);
            }
            address = address << 8 | number;
        }
        return address;
    }

    /** Writes the form {@code 10.0.0.1}. Allocates. */
    public static String format(final int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xFF) + "." + (address >>> 8 & 0xFF) + "." + (address & 0xFF);
    }

    private static IllegalArgumentException malformed(final String text) {
        return new IllegalArgumentException("not an IPv4 address like 10.0.0.1: " + text);
    }
}
