/* SPDX-License-Identifier: Apache-2.0 */
package com.example.acme;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.TxQueue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import org.agrona.concurrent.UnsafeBuffer;

/** Makes datagrams of packets. */
final class UdpTxQueue implements TxQueue {
    private static final DropReason REFUSED = new DropReason("refused", "the system refused to send the datagram");

    private final DatagramChannel socket;
    private final Counter packets;
    private final Counter refused;
    private final ByteBuffer datagram = ByteBuffer.allocateDirect(UdpPort.MAX_DATAGRAM);
    private final UnsafeBuffer frame = new UnsafeBuffer(0, 0);

    UdpTxQueue(final DatagramChannel socket, final Counters.Scope scope) {
        this.socket = socket;
        packets = scope.counter("packets");
        refused = scope.drops(REFUSED);
    }

    @Override
    public int transmit(final Burst burst) {
        int gone = 0;
        int sent = 0;
        boolean hasRoom = true;
        while (hasRoom && gone < burst.size()) {
            final int bytes = send(burst.address(gone), burst.length(gone));
            hasRoom = bytes != 0;
            if (hasRoom) {
                sent += bytes > 0 ? 1 : 0;
                burst.free(gone);
                gone++;
            }
        }
        // What stays is sent again, or dropped and counted, by whoever called.
        burst.takeFront(gone);
        packets.add(sent);
        return sent;
    }

    /** Returns how many bytes went out: 0 if there is no room now, -1 if it never can be sent. */
    private int send(final long address, final int length) {
        frame.wrap(address, length);
        frame.getBytes(0, datagram.clear(), length);
        try {
            return socket.write(datagram.flip());
        } catch (final IOException e) {
            refused.increment();
            return -1;
        }
    }

    @Override
    public boolean isReady() {
        return true;
    }

    @Override
    public void release() {
        // No frame stays here between two calls.
    }
}
