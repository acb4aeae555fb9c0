/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.agrona.UnsafeApi;

/**
 * One number for all packets of a flow: from the addresses, protocol and ports of IPv4 and IPv6 with TCP or UDP, from
 * the addresses alone of other IP packets, and from the MAC addresses of everything else. Up to two VLAN tags are
 * skipped.
 *
 * <p>Fragments have no ports but in the first of them, so all fragments hash without: they stay together.
 */
final class FlowHash {
    private static final int ETHERNET_LENGTH = 14;
    private static final int TAG_LENGTH = 4;
    private static final int MAX_TAGS = 2;
    private static final int IPV4_LENGTH = 20;
    private static final int IPV6_LENGTH = 40;
    private static final int TCP = 6;
    private static final int UDP = 17;
    // More fragments, and the offset: any of these bits means a fragment.
    private static final int FRAGMENT_MASK = 0x3fff;

    private FlowHash() {
    }

    /**
     * The hash.
     *
     * @param address of the Ethernet header.
     * @param length  of the packet; of a packet shorter than a header the hash is 0.
     */
    static int of(final long address, final int length) {
        if (length < ETHERNET_LENGTH) {
            return 0;
        }
        int at = ETHERNET_LENGTH - Short.BYTES;
        int type = unsignedShort(address + at);
        for (int tags = 0; isTag(type) && tags < MAX_TAGS && at + TAG_LENGTH + Short.BYTES <= length; tags++) {
            at += TAG_LENGTH;
            type = unsignedShort(address + at);
        }
        at += Short.BYTES;
        if (type == 0x0800 && at + IPV4_LENGTH <= length) {
            return ipv4(address + at, length - at);
        }
        if (type == 0x86dd && at + IPV6_LENGTH <= length) {
            return ipv6(address + at, length - at);
        }
        return mix(UnsafeApi.getLong(address) * 31 + UnsafeApi.getInt(address + Long.BYTES));
    }

    private static boolean isTag(final int type) {
        return type == 0x8100 || type == 0x88a8;
    }

    private static int ipv4(final long ip, final int room) {
        final int protocol = UnsafeApi.getByte(ip + 9) & 0xff;
        final int headerLength = (UnsafeApi.getByte(ip) & 0xf) * Integer.BYTES;
        final boolean isFragment = (unsignedShort(ip + 6) & FRAGMENT_MASK) != 0;
        final long addresses = UnsafeApi.getLong(ip + 12);
        return withPorts(addresses, protocol, ip + headerLength,
            !isFragment && headerLength >= IPV4_LENGTH ? room - headerLength : 0);
    }

    private static int ipv6(final long ip, final int room) {
        long addresses = UnsafeApi.getLong(ip + 8);
        addresses = addresses * 31 + UnsafeApi.getLong(ip + 16);
        addresses = addresses * 31 + UnsafeApi.getLong(ip + 24);
        addresses = addresses * 31 + UnsafeApi.getLong(ip + 32);
        return withPorts(addresses, UnsafeApi.getByte(ip + 6) & 0xff, ip + IPV6_LENGTH, room - IPV6_LENGTH);
    }

    private static int withPorts(final long addresses, final int protocol, final long header, final int room) {
        final boolean hasPorts = (protocol == TCP || protocol == UDP) && room >= Integer.BYTES;
        final long ports = hasPorts ? UnsafeApi.getInt(header) & 0xffffffffL : 0;
        return mix(mix64(addresses) + (ports << Byte.SIZE | protocol));
    }

    private static int unsignedShort(final long address) {
        return (UnsafeApi.getByte(address) & 0xff) << Byte.SIZE | UnsafeApi.getByte(address + 1) & 0xff;
    }

    private static int mix(final long value) {
        return (int) (mix64(value) >>> Integer.SIZE);
    }

    // The finaliser of SplitMix64: every input bit reaches every output bit.
    private static long mix64(final long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
