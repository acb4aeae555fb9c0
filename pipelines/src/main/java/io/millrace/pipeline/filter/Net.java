/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.packet.Ipv4Address;

/**
 * The addresses that have their first bits in common: {@code 10.0.0.0/8}, {@code fe80::/10}, or by a mask.
 *
 * @param words  one for IPv4, four for IPv6.
 * @param prefix how many bits count in an IPv6 address; 0 for IPv4.
 * @param mask   the bits that count in an IPv4 address; 0 for IPv6.
 * @param text   the normal form.
 */
record Net(int[] words, int prefix, int mask, String text) {
    private static final String EXAMPLE = "net 10.0.0.0/8";
    private static final String EXAMPLE_6 = "net fe80::/10";

    boolean isIpv6() {
        return words.length > 1;
    }

    /** {@code 10.0.0.0/8}, {@code 10.0.0.0 mask 255.0.0.0}, {@code 10.1} for 10.1.0.0/16, or one address. */
    static Net ipv4(final Token token, final FilterParser from) {
        final String noun = "an IPv4 net";
        final int slash = token.text().indexOf('/');
        final String address = slash < 0 ? token.text() : token.text().substring(0, slash);
        final long parts = 1 + address.chars().filter(c -> c == '.').count();
        if (slash < 0 && parts == 1 || parts > 4) {
            throw token.insteadOf(noun, EXAMPLE);
        }
        final int network = Values.ipv4(token, address + ".0".repeat((int) (4 - parts)), noun, EXAMPLE);
        final int mask;
        if (slash >= 0) {
            mask = mask(length(token, slash, Integer.SIZE, EXAMPLE));
        } else if (parts == 4 && from.takes("mask")) {
            final Token given = from.next();
            mask = Values.ipv4(given, given.text(), "a mask", "net 10.0.0.0 mask 255.0.0.0");
        } else {
            mask = mask((int) parts * Byte.SIZE);
        }
        if ((network & ~mask) != 0) {
            throw token.insteadOf("a net that has no bits set beyond its mask", "net "
                + Ipv4Address.format(network & mask) + " mask " + Ipv4Address.format(mask));
        }
        final int prefix = Integer.bitCount(mask);
        final String text = Ipv4Address.format(network)
            + (mask == mask(prefix) ? "/" + prefix : " mask " + Ipv4Address.format(mask));
        return new Net(new int[] {network}, 0, mask, text);
    }

    /** {@code fe80::/10}, or one address. */
    static Net ipv6(final Token token) {
        final String noun = "an IPv6 net";
        final int slash = token.text().indexOf('/');
        final String address = slash < 0 ? token.text() : token.text().substring(0, slash);
        final int[] words = Values.ipv6(token, address, noun, EXAMPLE_6);
        final int prefix = slash < 0 ? Long.SIZE * 2 : length(token, slash, Long.SIZE * 2, EXAMPLE_6);
        for (int i = 0; i < words.length; i++) {
            if ((words[i] & ~mask(prefix - i * Integer.SIZE)) != 0) {
                throw token.insteadOf("a net that has no bits set beyond its prefix", EXAMPLE_6);
            }
        }
        return new Net(words, prefix, 0, Values.ipv6(words) + "/" + prefix);
    }

    private static int length(final Token token, final int slash, final int max, final String example) {
        return Values.number(token, token.text().substring(slash + 1), 0, max, "a net with a prefix length", example);
    }

    /** The first bits of 32; none if {@code prefix} is negative, all if it is more than 32. */
    static int mask(final int prefix) {
        return prefix <= 0 ? 0 : -1 << Math.max(0, Integer.SIZE - prefix);
    }
}
