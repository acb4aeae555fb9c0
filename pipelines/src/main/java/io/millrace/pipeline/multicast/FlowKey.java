/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.packet.Ipv4Address;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * What the packets of one flow, in one direction and on one wire, have in common.
 *
 * @param wire            its name.
 * @param isIpv6          or IPv4, whose addresses are the lower halves.
 * @param protocol        of {@link io.millrace.packet.IpProtocol}.
 * @param sourcePort      0 where the protocol has none, or the packet is a fragment.
 * @param destinationPort the same.
 */
record FlowKey(String wire, boolean isIpv6, int protocol, long sourceHigh, long sourceLow, int sourcePort,
               long destinationHigh, long destinationLow, int destinationPort) {
    String source() {
        return address(sourceHigh, sourceLow);
    }

    String destination() {
        return address(destinationHigh, destinationLow);
    }

    private String address(final long high, final long low) {
        if (!isIpv6) {
            return Ipv4Address.format((int) low);
        }
        try {
            final byte[] bytes = ByteBuffer.allocate(2 * Long.BYTES).putLong(high).putLong(low).array();
            return InetAddress.getByAddress(bytes).getHostAddress();
        } catch (final UnknownHostException e) {
            throw new AssertionError("16 bytes are an address", e);
        }
    }
}
