/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.agrona.UnsafeApi;

/** A packet from which switches learn where a station is: the reverse ARP request (RFC 903) that QEMU sends, too. */
final class Rarp {
    /** With its padding, without FCS. */
    static final int LENGTH = 60;

    private static final int SOURCE = 6;
    private static final int TYPE = 12;
    private static final int BODY = 14;
    private static final int SENDER = BODY + 8;
    private static final int TARGET = BODY + 18;
    private static final int MAC_LENGTH = 6;
    // As they are on the wire, read from its lowest byte on: type 0x8035; Ethernet, IPv4, 6, 4, operation 3.
    private static final short ETHER_TYPE = 0x3580;
    private static final long FIXED = 0x0300_0406_0008_0100L;

    private Rarp() {
    }

    /**
     * Writes one.
     *
     * @param address where to.
     * @param station the MAC address, in the order of the wire from the lowest byte on.
     */
    static void write(final long address, final long station) {
        UnsafeApi.setMemory(address, LENGTH, (byte) 0);
        UnsafeApi.setMemory(address, MAC_LENGTH, (byte) 0xff);
        mac(address + SOURCE, station);
        UnsafeApi.putShort(address + TYPE, ETHER_TYPE);
        UnsafeApi.putLong(address + BODY, FIXED);
        mac(address + SENDER, station);
        mac(address + TARGET, station);
    }

    private static void mac(final long address, final long station) {
        UnsafeApi.putInt(address, (int) station);
        UnsafeApi.putShort(address + Integer.BYTES, (short) (station >>> Integer.SIZE));
    }
}
