/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

/** What {@link Ipv4} and {@link Ipv6} have in common for the protocols above: a pseudo header, and where they end. */
public abstract sealed class IpHeader extends Header permits Ipv4, Ipv6 {
    IpHeader(final String name, final int minLength) {
        super(name, minLength);
    }

    /**
     * Whether the fields agree with each other and with the packet: the version is right and neither the header nor the
     * packet it announces goes beyond the bytes there are. False as well if nothing is wrapped. The checksum is not
     * looked at.
     */
    public abstract boolean isValid();

    /** Bytes from the start of this header to the end of its payload. Less than what is there if Ethernet padded it. */
    public abstract int packetLength();

    /** Bytes behind this header that belong to it. */
    public final int payloadLength() {
        return packetLength() - headerLength();
    }

    /**
     * The sum of the pseudo header.
     *
     * @param protocol of {@link IpProtocol}, as the transport checksum counts it.
     * @param length   of the transport header and its payload.
     */
    public abstract int pseudoHeaderSum(int protocol, int length);

    /** Bytes from the start of {@code transport} to the end of this header's payload, extension headers left out. */
    final int lengthOf(final Header transport) {
        return packetLength() - (int) (transport.address() - address());
    }

    /** The checksum of {@code length} bytes of {@code transport}, its own field included, with the pseudo header. */
    final int checksumOf(final Header transport, final int protocol, final int length) {
        return Checksum.of(pseudoHeaderSum(protocol, length) + transport.sum(length));
    }

    /** Whether the checksum over {@code length} bytes of {@code transport} fits; false if they are not all there. */
    final boolean isIntact(final Header transport, final int protocol, final int length) {
        return length >= transport.headerLength() && length <= transport.available()
            && checksumOf(transport, protocol, length) == 0;
    }
}
