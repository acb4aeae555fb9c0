/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.packet.Checksum;
import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.Vlan;
import org.agrona.UnsafeApi;

/**
 * Fields of packets at addresses, for what cuts and joins them. A back-end that the pool is shared with may write
 * there: each of these reads is one read.
 */
final class RawHeaders {
    private static final int MAX_TAGS = 2;

    private RawHeaders() {
    }

    /**
     * Where the network header is, behind Ethernet's and up to two VLAN tags that end within {@code limit}; its type is
     * in the two bytes before it.
     */
    static int network(final long packet, final int limit) {
        int at = Ethernet.LENGTH;
        for (int tags = 0; tags < MAX_TAGS && at + Vlan.LENGTH <= limit && EtherType.isVlan(u16(packet + at - 2));
             tags++) {
            at += Vlan.LENGTH;
        }
        return at;
    }

    /** The sum of the pseudo header of what is in an IP header's packet, for so many bytes of it. */
    static int pseudoHeaderSum(final long ip, final boolean isIpv4, final int protocol, final int bytes) {
        if (isIpv4) {
            return Checksum.pseudoHeaderSum(i32(ip + 12), i32(ip + 16), protocol, bytes);
        }
        return Checksum.pseudoHeaderSum(i64(ip + 8), i64(ip + 16), i64(ip + 24), i64(ip + 32), protocol, bytes);
    }

    static int u8(final long address) {
        return UnsafeApi.getByteOpaque(null, address) & 0xff;
    }

    static int u16(final long address) {
        return u8(address) << Byte.SIZE | u8(address + 1);
    }

    static int i32(final long address) {
        return Integer.reverseBytes(UnsafeApi.getInt(address));
    }

    private static long i64(final long address) {
        return Long.reverseBytes(UnsafeApi.getLong(address));
    }

    static void put16(final long address, final int value) {
        UnsafeApi.putShort(address, Short.reverseBytes((short) value));
    }
}
