/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/** What follows an IP header: the protocol field of IPv4, the next-header field of IPv6 (IANA numbers). */
public final class IpProtocol {
    /** IPv6 hop-by-hop options. */
    public static final int HOP_BY_HOP = 0;
    /** {@link Icmp} on IPv4. */
    public static final int ICMP = 1;
    /** {@link Tcp}. */
    public static final int TCP = 6;
    /** {@link Udp}. */
    public static final int UDP = 17;
    /** IPv6 routing header. */
    public static final int ROUTING = 43;
    /** IPv6 fragment header. */
    public static final int FRAGMENT = 44;
    /** {@link Icmp} on IPv6. */
    public static final int ICMPV6 = 58;
    /** Nothing follows (IPv6). */
    public static final int NONE = 59;
    /** IPv6 destination options. */
    public static final int DESTINATION_OPTIONS = 60;

    private IpProtocol() {
    }
}
