/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.packet.EtherType;
import org.agrona.UnsafeApi;

/**
 * Puts an Ethernet header in front of the IP packets of a tun device, and tells whether what goes to one is IP.
 *
 * <p>Thread safety: immutable.
 */
final class EthernetShim {
    static final int LENGTH = 14;

    private static final int TYPE_OFFSET = 12;
    private static final int IPV4 = 4;
    private static final int IPV6 = 6;

    // Destination and the first two bytes of the source, then the other four, as they stand in memory.
    private final long first;
    private final int second;

    /**
     * A header.
     *
     * @param source      of packets from the device: 48 bits, the first byte highest.
     * @param destination of packets from the device.
     */
    EthernetShim(final long source, final long destination) {
        first = Long.reverseBytes(destination << 16 | source >>> 32);
        second = Integer.reverseBytes((int) source);
    }

    /** Writes the header of the IP packet that begins {@link #LENGTH} bytes after {@code address}. */
    void write(final long address) {
        final int type = version(address + LENGTH) == IPV4 ? EtherType.IPV4 : EtherType.IPV6;
        UnsafeApi.putLong(address, first);
        UnsafeApi.putInt(address + Long.BYTES, second);
        UnsafeApi.putShort(address + TYPE_OFFSET, Short.reverseBytes((short) type));
    }

    /** Whether what begins at {@code address} looks like an IP packet. */
    static boolean isIpAt(final long address) {
        final int version = version(address);
        return version == IPV4 || version == IPV6;
    }

    /** Whether the frame at {@code address}, of more than {@link #LENGTH} bytes, holds what its type says: IP. */
    static boolean isIpIn(final long address) {
        final int type = Short.reverseBytes(UnsafeApi.getShort(address + TYPE_OFFSET)) & 0xffff;
        final int version = version(address + LENGTH);
        return type == EtherType.IPV4 && version == IPV4 || type == EtherType.IPV6 && version == IPV6;
    }

    private static int version(final long address) {
        return (UnsafeApi.getByte(address) & 0xff) >>> 4;
    }
}
