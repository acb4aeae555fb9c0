/* SPDX-License-Identifier: Apache-2.0 */
package com.example.acme;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FramePool;
import io.millrace.RxQueue;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import org.agrona.concurrent.UnsafeBuffer;

/** Makes packets of datagrams. The README shows it; a test keeps both equal. */
final class UdpRxQueue implements RxQueue {
    private final DatagramChannel socket;
    private final int port;
    private final Counter packets;
    private final Counter noFrame;
    private final ByteBuffer datagram = ByteBuffer.allocateDirect(UdpPort.MAX_DATAGRAM);
    private final UnsafeBuffer frame = new UnsafeBuffer(0, 0);

    UdpRxQueue(final DatagramChannel socket, final int port, final Counters.Scope scope) {
        this.socket = socket;
        this.port = port;
        packets = scope.counter("packets");
        noFrame = scope.drops(DropReason.NO_FRAME);
    }

    @Override
    public int receive(final Burst burst) {
        int n = 0;
        while (burst.remaining() > 0 && UdpPort.read(socket, datagram)) {
            final int offset = burst.frames().allocateFor(datagram.limit());
            if (offset == FramePool.NONE) {
                noFrame.increment();
                break;
            }
            burst.add(offset, datagram.limit(), port);
            frame.wrap(burst.address(burst.size() - 1), datagram.limit());
            frame.putBytes(0, datagram, datagram.limit());
            n++;
        }
        packets.add(n);
        return n;
    }

    @Override
    public void release() {
        // No frame stays here between two calls.
    }
}
