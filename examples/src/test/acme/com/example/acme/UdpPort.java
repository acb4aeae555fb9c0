/* SPDX-License-Identifier: Apache-2.0 */
package com.example.acme;

import io.millrace.LinkState;
import io.millrace.PortContext;
import io.millrace.QueuePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;

/** A port on a connected UDP socket: a packet in each datagram. */
final class UdpPort extends QueuePort<UdpRxQueue, UdpTxQueue> {
    static final int MAX_DATAGRAM = 1 << 16;

    private final DatagramChannel socket;

    UdpPort(final String name, final DatagramChannel socket, final PortContext context) {
        super(name, context);
        this.socket = socket;
        addQueues(new UdpRxQueue(socket, context.id(), scope("rx0")), new UdpTxQueue(socket, scope("tx0")));
    }

    @Override
    public LinkState link() {
        return LinkState.UP;
    }

    /** Reads a datagram, from the first byte to the limit of {@code into}; false if there is none. */
    static boolean read(final DatagramChannel socket, final ByteBuffer into) {
        try {
            socket.read(into.clear());
        } catch (final IOException e) {
            // The system tells here that nobody took one that was sent before.
            return false;
        }
        return into.flip().hasRemaining();
    }

    @Override
    protected void end() {
        try {
            socket.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
