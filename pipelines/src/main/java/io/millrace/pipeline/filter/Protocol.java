/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.packet.EtherType;
import io.millrace.packet.IpProtocol;

/** The protocols that have a name in the language, and the number each has in the layer below. */
enum Protocol {
    /** No protocol named. */
    ANY("", -1, false),
    /** {@code ether}. */
    ETHER("ether", -1, false),
    /** {@code ip}. */
    IP("ip", EtherType.IPV4, false),
    /** {@code ip6}. */
    IP6("ip6", EtherType.IPV6, false),
    /** {@code arp}. */
    ARP("arp", EtherType.ARP, false),
    /** {@code rarp}. */
    RARP("rarp", 0x8035, false),
    /** {@code tcp}. */
    TCP("tcp", IpProtocol.TCP, true),
    /** {@code udp}. */
    UDP("udp", IpProtocol.UDP, true),
    /** {@code sctp}. */
    SCTP("sctp", 132, true),
    /** {@code icmp}. */
    ICMP("icmp", IpProtocol.ICMP, true),
    /** {@code icmp6}. */
    ICMP6("icmp6", IpProtocol.ICMPV6, true);

    private final String word;
    private final int number;
    private final boolean isOverIp;

    Protocol(final String word, final int number, final boolean isOverIp) {
        this.word = word;
        this.number = number;
        this.isOverIp = isOverIp;
    }

    /** The protocol with that name, or null. */
    static Protocol of(final String word) {
        for (final Protocol protocol : values()) {
            if (protocol != ANY && protocol.word.equals(word)) {
                return protocol;
            }
        }
        return null;
    }

    /** Its name. */
    String word() {
        return word;
    }

    /** Its Ethernet type, or what IP headers call it. */
    int number() {
        return number;
    }

    /** Whether IP headers announce it and not an Ethernet type. */
    boolean isOverIp() {
        return isOverIp;
    }

    /** Whether it has ports. */
    boolean hasPorts() {
        return this == TCP || this == UDP || this == SCTP;
    }
}
