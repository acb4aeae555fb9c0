/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/** What follows an Ethernet or VLAN header (IEEE 802 numbers). A value below {@link #MIN} is a length instead. */
public final class EtherType {
    /** The smallest type; anything less is a length. */
    public static final int MIN = 0x0600;
    /** {@link Ipv4}. */
    public static final int IPV4 = 0x0800;
    /** {@link Arp}. */
    public static final int ARP = 0x0806;
    /** {@link Vlan}, a customer tag (802.1Q). */
    public static final int VLAN = 0x8100;
    /** {@link Ipv6}. */
    public static final int IPV6 = 0x86DD;
    /** {@link Vlan}, a service tag (802.1ad); a customer tag usually follows it. */
    public static final int SERVICE_VLAN = 0x88A8;

    private EtherType() {
    }

    /** Whether a {@link Vlan} tag follows. */
    public static boolean isVlan(final int type) {
        return type == VLAN || type == SERVICE_VLAN;
    }
}
