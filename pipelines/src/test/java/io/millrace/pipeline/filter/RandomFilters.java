/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import java.util.List;
import java.util.Random;

/** Filters that libpcap understands, too, in all the ways in which they can be written. */
final class RandomFilters {
    private static final List<String> DIRECTIONS =
        List.of("", "", "src ", "dst ", "src or dst ", "dst or src ", "src and dst ", "dst and src ");

    private final Random random;
    /** Makes more values of the kind of the last one, or null. */
    private String last;

    RandomFilters(final Random random) {
        this.random = random;
    }

    String next() {
        last = null;
        return expression(2);
    }

    private String expression(final int depth) {
        final StringBuilder text = new StringBuilder(term(depth));
        for (int terms = random.nextInt(4); terms > 0; terms--) {
            text.append(pick(" and ", " or ", " && ", " || "));
            text.append(last != null && random.nextBoolean() ? pick("", "", "not ") + value(last) : term(depth));
        }
        return text.toString();
    }

    private String term(final int depth) {
        return switch (random.nextInt(8)) {
            case 0 -> "not " + term(depth);
            case 1 -> "! " + term(depth);
            case 2, 3 -> depth == 0 ? primitive() : parentheses(depth);
            default -> primitive();
        };
    }

    private String parentheses(final int depth) {
        // Here a value could repeat what was in front of or in parentheses, which libpcap does not know.
        last = null;
        final String text = "(" + expression(depth - 1) + ")";
        last = null;
        return text;
    }

    private String primitive() {
        last = null;
        return switch (random.nextInt(12)) {
            case 0 -> pick("ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6");
            case 1 -> pick("less ", "greater ") + random.nextInt(160);
            case 2 -> "vlan" + pick("", " " + RandomPackets.VLANS[random.nextInt(RandomPackets.VLANS.length)]);
            case 3 -> pick("ether proto " + pick("\\ip", "\\arp", "\\ip6", "0x88cc", "2054"),
                pick("ip proto ", "ip6 proto ", "proto ") + pick("\\tcp", "\\udp", "\\icmp", "0x2f", "132"));
            case 4, 5 -> qualified(pick("", "ip ", "arp ", "rarp "), "host ", "4");
            case 6 -> qualified(pick("", "ip6 "), "host ", "6");
            case 7 -> qualified("ether ", "host ", "mac");
            case 8 -> qualified(pick("", "ip ", "arp "), "net ", "net");
            case 9 -> qualified(pick("", "ip6 "), "net ", "net6");
            case 10 -> qualified(pick("", "tcp ", "udp ", "sctp "), "portrange ", "range");
            default -> qualified(pick("", "tcp ", "udp ", "sctp "), "port ", "port");
        };
    }

    private String qualified(final String protocol, final String kind, final String values) {
        final String direction = DIRECTIONS.get(random.nextInt(DIRECTIONS.size()));
        last = values;
        // With a direction, "host" may be left out.
        final String written = kind.equals("host ") && !direction.isEmpty() ? pick(kind, "") : kind;
        return protocol + direction + written + (random.nextInt(6) == 0 ? values() : value(values));
    }

    private String values() {
        return "(" + value(last) + pick(" or ", " and ") + pick("", "not ") + value(last) + ")";
    }

    private String value(final String kind) {
        return switch (kind) {
            case "4" -> pick(RandomPackets.HOSTS);
            case "6" -> pick(RandomPackets.HOSTS_6);
            case "mac" -> pick(RandomPackets.MACS);
            case "net" -> pick("10.0.0.0/8", "10.0.0.0/31", "192.168", "10.0.1", "0.0.0.0/0", "10.0.1.2",
                "10.0.0.0 mask 255.0.254.0", "224.0.0.0/4");
            case "net6" -> pick("fe80::/10", "fe80::1", "2001:db8::/32", "::/0", "::/127", "fe80::2/127");
            case "range" -> pick("22-80", "443-53", "0-65535", "80");
            default -> pick("22", "53", "80", "0x1bb", "0", "65535");
        };
    }

    private String pick(final String... from) {
        return from[random.nextInt(from.length)];
    }
}
