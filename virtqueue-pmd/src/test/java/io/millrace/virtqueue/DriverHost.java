/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import org.agrona.UnsafeApi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * A virtio-user port with all it needs, polled by the test's own thread. Closing it fails the test if a frame is
 * missing.
 */
final class DriverHost implements AutoCloseable {
    final FramePool pool;
    final Counters counters = Counters.inMemory();
    final ControlLoop control = ControlLoop.start("control");
    final FrameCache frames;
    final Burst in;
    final Burst out;
    final List<String> events = new CopyOnWriteArrayList<>();
    final Port port;

    DriverHost(final VirtioUser driver) {
        this(driver, 8192, 64);
    }

    DriverHost(final VirtioUser driver, final int normalFrames, final int jumboFrames) {
        pool = FramePool.create(normalFrames, jumboFrames);
        frames = pool.cache("test");
        in = new Burst(frames, 32);
        out = new Burst(frames, 32);
        port = driver.open(new PortContext(7, pool, counters, control,
            (which, state, reason) -> events.add(state + ": " + reason)));
    }

    /** Polls all queues until the link is up and every receive ring holds buffers. */
    void awaitUp() {
        Await.until(() -> "link up: " + events, () -> {
            poll();
            return port.link() == LinkState.UP && port.tx(0).isReady();
        });
        // One poll adopts the rings, the next ones fill them.
        for (int i = 0; i < 20; i++) {
            poll();
        }
    }

    /** Receives into {@link #in} and lets the transmit queues breathe. */
    void poll() {
        for (int q = 0; q < port.queues(); q++) {
            port.rx(q).receive(in);
            port.tx(q).transmit(out);
        }
    }

    /** A packet to send: MAC addresses, its number, and bytes that follow from it. */
    void add(final long number, final int length) {
        final int offset = frames.allocateFor(length);
        if (offset == FramePool.NONE) {
            throw new AssertionError("no frame");
        }
        final byte[] bytes = packet(number, length);
        for (int i = 0; i < length; i++) {
            UnsafeApi.putByte(pool.baseAddress() + offset + i, bytes[i]);
        }
        out.add(offset, length, 0);
    }

    /** Adds and transmits packets of 64 bytes with numbers from 0 on; answers how many were taken. */
    int send(final int packets) {
        for (int i = 0; i < packets; i++) {
            add(i, 64);
        }
        return port.tx(0).transmit(out);
    }

    static byte[] packet(final long number, final int length) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = i < 12 ? (byte) (i / 6 * 2 + 2) : content(number, i);
        }
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(12, (short) 0x88).putLong(14, number);
        return bytes;
    }

    private static byte content(final long number, final int i) {
        return (byte) (number * 31 + i);
    }

    /** The number of received packet {@code i}. */
    long number(final int i) {
        return UnsafeApi.getLong(in.address(i) + 14);
    }

    /** Checks every byte behind the MAC addresses of received packet {@code i}. */
    void check(final int i, final long number, final int length) {
        assertEquals(length, in.length(i), "length of packet " + number);
        assertEquals(number, number(i), "number");
        for (int at = 22; at < length; at++) {
            if (UnsafeApi.getByte(in.address(i) + at) != content(number, at)) {
                throw new AssertionError("packet " + number + " of " + length + " differs at " + at);
            }
        }
    }

    long counter(final String name) {
        return counters.snapshot().getOrDefault("port/" + port.name() + "/" + name, 0L);
    }

    void release() {
        for (int q = 0; q < port.queues(); q++) {
            port.rx(q).release();
            port.tx(q).release();
        }
    }

    @Override
    public void close() {
        in.freeAll();
        out.freeAll();
        release();
        try {
            port.close();
        } finally {
            control.close();
            frames.close();
            pool.close();
            counters.close();
        }
    }
}
