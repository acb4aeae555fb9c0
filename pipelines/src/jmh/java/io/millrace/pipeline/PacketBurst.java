/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;

import java.util.function.IntFunction;

/** A burst of packets in a pool of its own, for benchmarks of what only reads packets. */
public final class PacketBurst implements AutoCloseable {
    private final FramePool pool;
    private final Burst burst;

    /** Makes {@code n} packets, by their index. */
    public PacketBurst(final int n, final IntFunction<byte[]> packets) {
        pool = FramePool.create(n, 0);
        final FrameCache frames = pool.cache("bench");
        burst = new Burst(frames, n);
        for (int i = 0; i < n; i++) {
            final byte[] packet = packets.apply(i);
            burst.add(frames.allocate(), packet.length, 0);
            for (int at = 0; at < packet.length; at++) {
                UnsafeApi.putByte(burst.address(i) + at, packet[at]);
            }
        }
    }

    /** As many UDP packets over IPv4, each of another flow. */
    public static PacketBurst udp(final int n) {
        return new PacketBurst(n, i -> Packets.udp(1024 + i, 0));
    }

    /** The packets; to be left as they are. */
    public Burst burst() {
        return burst;
    }

    @Override
    public void close() {
        burst.freeAll();
        pool.close();
    }
}
